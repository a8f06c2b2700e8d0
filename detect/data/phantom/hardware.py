"""Casts and plates: in some phantoms, broken or not, so that neither gives the answer away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.phantom.geometry import (
    Cut,
    FloatArray,
    Surface,
    Tube,
    invert,
    make_tube,
    transform,
)
from detect.data.phantom.projection import ATTENUATION, Grid, path_lengths

if TYPE_CHECKING:
    from detect.data.phantom.render import Setup

__all__ = ["draw_hardware"]

CAST_SHARE = 0.1
PLATE_SHARE = 0.03
PLATE_THICKNESS = 2.5  # mm
PLATE_WIDTH = 10.0  # mm, along the beam
SCREW_RADIUS = 1.5  # mm


def draw_hardware(
    setup: Setup, rng: np.random.Generator, oversampling: int
) -> tuple[str, FloatArray]:
    """Return what was put on the limb ("none", "cast" or "plate") and its line integral.

    The integral is float32, shape (height * oversampling, width * oversampling).
    """
    height, width = (n * oversampling for n in setup.size)
    drawn = rng.random()
    if drawn < CAST_SHARE:
        to_limb = invert(setup.to_pixels) @ np.diag([1 / oversampling, 1 / oversampling, 1.0])
        return "cast", _cast(setup, Grid(height, width, to_limb), rng)
    if drawn < CAST_SHARE + PLATE_SHARE:
        return "plate", _plate(setup, (height, width), rng, oversampling)
    return "none", np.zeros((height, width), np.float32)


def _cast(setup: Setup, grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Wrap plaster around the flesh of the limb, bent where the flesh bends."""
    site = setup.limb.sites[0]
    sleeve = setup.limb.sleeves[site.bone]
    thickness = rng.uniform(4.0, 7.0)
    slack = rng.uniform(1.0, 4.0)
    weave = np.ones((grid.height, grid.width), np.float32)
    for grain, strength in ((3, 0.06), (16, 0.09)):  # oversampled pixels: the cloth, the layers
        shape = (grid.height // grain + 1, grid.width // grain + 1)
        noise = rng.standard_normal(shape, np.float32)
        full = (grid.width, grid.height)
        weave += strength * cv2.resize(noise, full, interpolation=cv2.INTER_CUBIC)
    total = np.zeros((grid.height, grid.width), np.float32)
    for piece in setup.scene.flesh:
        if piece.tube.name != sleeve:
            continue
        shell = _around(piece.tube, slack + thickness, thickness)
        low, high = (
            Cut(Surface(piece.tube.length * share), side, softness=1.5)
            for share, side in ((rng.uniform(0.35, 0.5), 1), (rng.uniform(0.82, 0.88), -1))
        )
        whole = replace(piece, tube=shell)
        found = grid.local(whole)
        if found is None:
            continue
        rows, columns, t, s = found
        outer, inner, _ = path_lengths(replace(whole, cuts=(low, high)), t, s)
        total[rows, columns] += (outer - inner) * weave[rows, columns]
    return np.asarray(ATTENUATION["plaster"] * setup.stature * np.maximum(total, 0), np.float32)


def _around(tube: Tube, distance: float, wall: float) -> Tube:
    """Return an open shell at `distance` mm outside a tube."""
    nodes = np.linspace(1, len(tube.left) - 2, 16).astype(int)
    share = np.linspace(0.0, 1.0, 16)
    outline = [
        (float(at), float(tube.left[n]) + distance, float(tube.right[n]) + distance)
        for at, n in zip(share, nodes, strict=True)
    ]
    depth = [
        (float(at), float(tube.depth[n]) + distance) for at, n in zip(share, nodes, strict=True)
    ]
    return make_tube(
        "cast", tube.start, tube.end, outline, wall=((0.0, wall), (1.0, wall)), depth=depth,
        rounding=(0.0, 0.0), smoothing=0.04, bow=tube.bow,
    )  # fmt: skip


def _plate(
    setup: Setup, shape: tuple[int, int], rng: np.random.Generator, oversampling: int
) -> FloatArray:
    """Screw a plate to the side of a bone, over its break where it has one."""
    bones = {bone.name: bone for bone in setup.limb.bones}
    site = setup.limb.sites[0]
    name, at = site.bone, bones[site.bone].length * rng.uniform(0.4, 0.75)
    if setup.scene.sites:
        name, at = setup.scene.sites[0]
    bone = bones[name]
    left, right, _ = bone.section(at)
    side = float(rng.choice([-1.0, 1.0]))
    edge = right if side > 0 else left
    size = float(np.clip((left + right) / 17, 0.4, 1.2))
    reach = min(float(rng.uniform(2.2, 3.2)) * (left + right), 0.3 * bone.length)
    scale = oversampling * float(np.sqrt(abs(np.linalg.det(setup.to_pixels[:, :2]))))

    def pixels(corners: list[tuple[float, float]]) -> NDArray[np.int32]:
        points = np.array([bone.point(t, s) for t, s in corners])
        # cv2 takes fixed-point coordinates: 4 bits after the point
        return np.rint(transform(setup.to_pixels, points) * oversampling * 16).astype(np.int32)

    near, far = side * (edge + 0.3), side * (edge + 0.3 + size * PLATE_THICKNESS)
    slab = pixels([(at - reach, near), (at + reach, near), (at + reach, far), (at - reach, far)])
    metal = ATTENUATION["titanium"] * setup.stature
    flat, round_ = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)  # cv2 smooths 8 bits only
    cv2.fillPoly(flat, [slab], 255, cv2.LINE_AA, 4)
    for t in np.linspace(at - 0.9 * reach, at + 0.9 * reach, int(rng.integers(4, 7))):
        head, tip = pixels([(float(t), far), (float(t), -side * rng.uniform(0.7, 1.1) * edge)])
        thick = max(round(2 * SCREW_RADIUS * size * scale), 1)
        cv2.line(round_, head.tolist(), tip.tolist(), 255, thick, cv2.LINE_AA, 4)
    paths = np.maximum(
        flat * np.float32(PLATE_WIDTH), round_ * np.float32(2 * SCREW_RADIUS)
    ) * np.float32(size)
    return np.asarray(paths * np.float32(metal / 255), np.float32)
