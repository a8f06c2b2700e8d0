"""One synthetic radiograph from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.phantom.anatomy import Limb, with_look_alikes
from detect.data.phantom.detector import draw_exposure, expose, present
from detect.data.phantom.fracture import Scene, break_limb, intact_scene
from detect.data.phantom.frame import draw_frame
from detect.data.phantom.geometry import Affine, FloatArray, invert, transform
from detect.data.phantom.hardware import draw_hardware
from detect.data.phantom.limbs import REGION_ODDS, REGIONS
from detect.data.phantom.projection import Grid, bone_integral, flesh_integral
from detect.errors import InputError
from detect.record import Box

__all__ = [
    "BITS_STORED",
    "DEFAULT_SIZE",
    "Phantom",
    "Setup",
    "line_integral",
    "render_phantom",
    "set_up",
]

DEFAULT_SIZE = (454, 373)
OVERSAMPLING = 2
BITS_STORED = 12  # what a detector yields; they fill the upper bits of the 16

# Each aspect draws from its own stream, so that the fractured and the intact phantom of
# one seed differ in the fracture alone.
_ANATOMY, _POSE, _TEXTURE, _HARDWARE, _FRACTURE, _EXPOSURE, _FRAME = range(7)


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic radiograph with its truth.

    Attributes:
        pixels: uint16, shape (height, width), 12 bits in the upper bits, bone light on dark.
        boxes: one per broken bone, in the frame of `detect.record`.
        region: a key of `REGIONS`.
        fracture_type: one of `FRACTURE_TYPES`, or None where nothing is broken.
        seed: what it was rendered from.
        laterality: the side of the body.
        body_part: DICOM Body Part Examined.
        pixel_spacing: mm per pixel at the detector.
        hardware: "none", "cast" or "plate".
        orientation: DICOM Patient Orientation: where rows and columns of pixels lead to.
    """

    pixels: NDArray[np.uint16]
    boxes: tuple[Box, ...]
    region: str
    fracture_type: str | None
    seed: int
    laterality: Literal["L", "R"]
    body_part: str
    pixel_spacing: float
    hardware: str
    orientation: tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """A seed's limb before the beam, with or without a fracture."""

    limb: Limb
    scene: Scene
    to_pixels: Affine  # limb mm to pixels
    stature: float  # real mm per limb mm
    laterality: Literal["L", "R"]
    size: tuple[int, int]


def _stream(seed: int, aspect: int) -> np.random.Generator:
    return np.random.default_rng([seed, aspect])


def set_up(
    seed: int, *, fractured: bool, region: str | None = None, size: tuple[int, int] = DEFAULT_SIZE
) -> Setup:
    """Return the geometry of a seed.

    Raises:
        InputError: the seed, the region or the size cannot be used.
    """
    if seed < 0:
        raise InputError(f"seed {seed} is negative: give 0 or a larger whole number")
    if region is not None and region not in REGIONS:
        raise InputError(f"region {region!r} is unknown: use one of {', '.join(REGIONS)}")
    height, width = size
    if not (96 <= height <= 4096 and 96 <= width <= 4096):
        raise InputError(f"size {height}x{width} is out of range: use 96 to 4096 pixels a side")
    rng = _stream(seed, _ANATOMY)
    drawn = str(rng.choice(list(REGION_ODDS), p=list(REGION_ODDS.values())))
    child = bool(rng.random() < 0.3)
    stature = rng.uniform(0.55, 0.8) if child else rng.uniform(0.9, 1.08)
    limb = with_look_alikes(rng, REGIONS[region or drawn](rng), child=child)
    to_pixels, laterality = _pose(limb, size, _stream(seed, _POSE))
    if not fractured:
        return Setup(limb, intact_scene(limb), to_pixels, stature, laterality, size)

    def in_view(point: tuple[float, float]) -> bool:
        x, y = transform(to_pixels, np.array([point]))[0]
        edge = 0.12 * min(size)
        return bool(edge < x < width - edge and edge < y < height - edge)

    finest = 1.0 / float(np.sqrt(abs(np.linalg.det(to_pixels[:, :2]))))
    scene = break_limb(limb, _stream(seed, _FRACTURE), in_view=in_view, finest=finest, child=child)
    return Setup(limb, scene, to_pixels, stature, laterality, size)


def _pose(
    limb: Limb, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Affine, Literal["L", "R"]]:
    """Lay the limb on the plate: turned, mirrored for one side, off centre.

    The view is frontal, as if one faced the patient: lateral is to the right on the left side.
    """
    height, width = size
    scale = max(size) / rng.uniform(*limb.field_of_view)
    turn = rng.normal(0, 8.0)
    if width > height:
        turn += 90.0
    if rng.random() < 0.2:
        turn += 180.0
    left_side = bool(rng.random() < 0.5)
    angle = np.deg2rad(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * rotation @ np.diag([1.0 if left_side else -1.0, 1.0])
    focus = np.asarray(limb.focus) + rng.normal(0, 0.05, 2) * max(size) / scale
    centre = np.array([width / 2, height / 2]) + rng.normal(0, 0.03, 2) * np.array([width, height])
    return np.column_stack([linear, centre - linear @ focus]), "L" if left_side else "R"


def line_integral(setup: Setup, seed: int) -> FloatArray:
    """Return the line integral through bone and flesh, before hardware and exposure.

    Returns:
        float32, shape (height * OVERSAMPLING, width * OVERSAMPLING), dimensionless.
    """
    height, width = setup.size
    to_limb = invert(setup.to_pixels) @ np.diag([1 / OVERSAMPLING, 1 / OVERSAMPLING, 1.0])
    grid = Grid(height * OVERSAMPLING, width * OVERSAMPLING, to_limb)
    rng = _stream(seed, _TEXTURE)
    axis = setup.to_pixels[:, 1]
    turn = float(np.arctan2(axis[0], axis[1]))
    trabeculae = 1 + rng.uniform(0.08, 0.18) * _texture(rng, setup.size, (0.6, 1.5), turn)
    trabeculae += rng.uniform(0.03, 0.08) * _texture(rng, setup.size, (4.0, 9.0), turn)
    fibres = 1 + rng.uniform(0.01, 0.03) * _texture(rng, setup.size, (3.0, 22.0), turn)
    fibres += rng.uniform(0.01, 0.04) * _texture(rng, setup.size, (14.0, 50.0), turn)
    bones = bone_integral(grid, setup.scene.bones, np.maximum(trabeculae, 0))
    flesh = flesh_integral(grid, setup.scene.flesh, fibres)
    density = rng.uniform(0.75, 1.05)
    # where bone meets the skin no flesh is left to displace, so the sum is held at zero
    return np.asarray(np.maximum(flesh + density * bones, 0) * setup.stature, np.float32)


def _texture(
    rng: np.random.Generator, size: tuple[int, int], grain: tuple[float, float], turn: float
) -> FloatArray:
    """Return oversampled noise of unit deviation, its grain (px) drawn out along the limb."""
    height, width = size
    coarse = max(1.0, min(grain) / 1.5)  # broad grain is made small, then enlarged
    shape = (int(np.ceil(height / coarse)), int(np.ceil(width / coarse)))
    noise = rng.standard_normal(shape, dtype=np.float32)
    across, along = grain[0] / coarse, grain[1] / coarse
    reach = int(np.ceil(2.5 * along))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    u = x * np.cos(turn) - y * np.sin(turn)
    v = x * np.sin(turn) + y * np.cos(turn)
    kernel = np.exp(-0.5 * ((u / across) ** 2 + (v / along) ** 2))
    kernel /= np.sqrt((kernel**2).sum())
    grainy = cv2.filter2D(noise, -1, kernel, borderType=cv2.BORDER_REFLECT)
    full = (width * OVERSAMPLING, height * OVERSAMPLING)
    return np.asarray(cv2.resize(grainy, full, interpolation=cv2.INTER_LINEAR), np.float32)


def render_phantom(
    seed: int,
    *,
    fractured: bool,
    region: str | None = None,
    size: tuple[int, int] = DEFAULT_SIZE,
) -> Phantom:
    """Render a synthetic radiograph; the same arguments give the same pixels.

    Args:
        seed: 0 or larger. With `fractured` on and off it gives the same limb, pose and exposure.
        region: a key of `REGIONS`; None draws one.
        size: (height, width) in pixels, 96 to 4096 each.

    Raises:
        InputError: the seed, the region or the size cannot be used.
    """
    setup = set_up(seed, fractured=fractured, region=region, size=size)
    integral = line_integral(setup, seed)
    hardware, added = draw_hardware(setup, _stream(seed, _HARDWARE), OVERSAMPLING)
    exposure_rng = _stream(seed, _EXPOSURE)
    exposure = draw_exposure(exposure_rng)
    signal = expose(integral + added, OVERSAMPLING, exposure, exposure_rng)
    shown = draw_frame(present(signal, exposure), setup, _stream(seed, _FRAME))
    return Phantom(
        pixels=_digitise(shown),
        boxes=_boxes(setup),
        region=setup.limb.region,
        fracture_type=setup.scene.fracture_type,
        seed=seed,
        laterality=setup.laterality,
        body_part=setup.limb.body_part,
        pixel_spacing=setup.stature / float(np.sqrt(abs(np.linalg.det(setup.to_pixels[:, :2])))),
        hardware=hardware,
        orientation=_orientation(setup),
    )


def _digitise(shown: FloatArray) -> NDArray[np.uint16]:
    levels = (1 << BITS_STORED) - 1
    digital = np.rint(np.clip(shown, 0, 1) * levels).astype(np.uint16)
    return digital << np.uint16(16 - BITS_STORED)


def _orientation(setup: Setup) -> tuple[str, str]:
    """Return the anatomical direction of the rows and of the columns (PS3.3 C.7.6.1.1.1)."""
    outwards = ("L", "R") if setup.laterality == "L" else ("R", "L")
    letters = []
    for step in np.linalg.inv(setup.to_pixels[:, :2]).T:
        lateral, distal = float(step[0]), float(step[1])
        if abs(lateral) > abs(distal):
            letters.append(outwards[0] if lateral > 0 else outwards[1])
        else:
            letters.append("F" if distal > 0 else "H")
    return letters[0], letters[1]


def _boxes(setup: Setup) -> tuple[Box, ...]:
    """Return the projected extent of each break, with its margin, inside the picture."""
    height, width = setup.size
    scale = float(np.sqrt(abs(np.linalg.det(setup.to_pixels[:, :2]))))
    boxes = []
    for points, margin in zip(setup.scene.breaks, setup.scene.margins, strict=True):
        seen = transform(setup.to_pixels, points)
        x1, y1 = np.maximum(seen.min(axis=0) - margin * scale, 0.0)
        x2, y2 = np.minimum(seen.max(axis=0) + margin * scale, [width, height])
        boxes.append(Box(*(round(float(v), 2) for v in (x1, y1, x2, y2))))
    return tuple(boxes)
