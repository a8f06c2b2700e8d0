"""How one bone breaks: the surface, the parts, and what a reader would box.

The kinds follow the usual descriptive terms (transverse, oblique, spiral, comminuted
with a butterfly wedge, greenstick, hairline, impacted, bayonet apposition).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detect.data.phantom.geometry import (
    IDENTITY,
    Affine,
    Cut,
    Piece,
    Surface,
    Tube,
    make_tube,
    rigid_motion,
    transform,
)

__all__ = ["BOX_MARGIN", "FRACTURE_TYPES", "BrokenBone", "break_bone"]

BOX_MARGIN = 0.3
"""What a box keeps around the projected break, as a share of the bone's width there.

Readers do not box the bare crack: they take in both cortices and a little around them.
"""

MAX_SWING = 6.0  # mm that the far end of a splinted bone may move
MAX_MARGIN = 7.0  # mm of an adult: the ends of long bones are wide, but readers stay close

Random = np.random.Generator
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Recipe:
    slope: Span = (0.0, 0.25)  # of the surface across the bone, either sign
    tilt: Span = (0.0, 0.3)  # of the surface along the beam, either sign
    turns: Span = (0.0, 0.0)  # bone widths per turn of a spiral
    gap: Span = (0.7, 1.8)  # mm in a bone 14 mm wide
    step: Span = (0.05, 0.4)  # lateral shift, in bone widths
    angulation: Span = (3.0, 16.0)  # degrees
    shortening: Span = (0.0, 0.05)  # in bone widths
    roughness: Span = (0.04, 0.1)  # in bone widths
    hinge: Span = (-0.2, 0.2)  # pivot across the bone, in half-widths


_RECIPES = {
    "transverse": _Recipe(),
    "oblique": _Recipe(
        slope=(0.6, 1.4), tilt=(0.0, 0.6), gap=(0.6, 1.5), roughness=(0.07, 0.16), step=(0.08, 0.4)
    ),
    "spiral": _Recipe(turns=(1.6, 2.8), gap=(0.9, 1.8), step=(0.05, 0.25), angulation=(1.0, 8.0)),
    "comminuted": _Recipe(gap=(0.9, 2.0), step=(0.08, 0.4), roughness=(0.05, 0.11)),
    "greenstick": _Recipe(
        gap=(0.0, 0.2), step=(0.0, 0.03), angulation=(7.0, 16.0), hinge=(0.85, 1.0)
    ),
    "hairline": _Recipe(
        slope=(0.0, 0.8),
        gap=(0.9, 1.3),
        step=(0.0, 0.0),
        angulation=(0.0, 0.0),
        shortening=(0.0, 0.0),
    ),
    "impacted": _Recipe(
        gap=(0.0, 0.3), step=(0.06, 0.22), angulation=(4.0, 15.0), shortening=(0.05, 0.14)
    ),
    "bayonet": _Recipe(
        slope=(0.0, 0.4), step=(0.6, 1.1), angulation=(2.0, 12.0), shortening=(0.1, 0.6)
    ),
}
FRACTURE_TYPES = tuple(_RECIPES)


@dataclass(frozen=True, slots=True, eq=False)
class BrokenBone:
    """A bone in pieces, in limb millimetres."""

    bone: Tube
    pieces: tuple[Piece, ...]
    motion: Affine  # of the distal part
    points: NDArray[np.float64]  # (N, 2), around what a box holds
    margin: float  # mm that a box keeps around them
    at: float  # mm along the bone


def break_bone(
    bone: Tube,
    at: float,
    kind: str,
    rng: Random,
    finest: float,
    *,
    splinted: bool = False,
    angle: float | None = None,
) -> BrokenBone:
    recipe = _RECIPES[kind]
    left, right, _ = bone.section(at)
    width = left + right
    size = float(np.clip(width / 14, 0.65, 1.7))
    sign = float(rng.choice([-1.0, 1.0]))
    gap = max(rng.uniform(*recipe.gap) * size, 0.9 * finest if recipe.gap[0] > 0.5 else 0.0)
    waves = _roughness(rng, width, rng.uniform(*recipe.roughness))
    surface = Surface(
        at=at,
        slope=sign * rng.uniform(*recipe.slope),
        tilt=float(rng.choice([-1.0, 1.0])) * rng.uniform(*recipe.tilt),
        pitch=sign * rng.uniform(*recipe.turns) * width,
        waves=waves,
    )
    hold = 0.55 if splinted else 1.0
    if angle is None:
        angle = float(rng.choice([-1.0, 1.0])) * rng.uniform(*recipe.angulation)
    if splinted:  # the joint beyond stays where its partner holds it
        most = float(np.rad2deg(MAX_SWING / max(bone.length - at, 20.0)))
        angle = float(np.clip(angle, -most, most))
    # a hinge lies on the side towards which the distal part turns, so the far cortex opens
    hinge = -np.sign(angle) * rng.uniform(*recipe.hinge)
    across = float(rng.choice([-1.0, 1.0])) * rng.uniform(*recipe.step) * width * hold
    along = -rng.uniform(*recipe.shortening) * width * hold
    pivot = bone.point(at, hinge * width / 2)
    axis = (np.asarray(bone.end) - np.asarray(bone.start)) / bone.length
    shift = axis * along + np.array([axis[1], -axis[0]]) * across
    motion = rigid_motion(angle, pivot, (float(shift[0]), float(shift[1])))
    # edges crumble: the two faces fit in the large, not in the small
    worn = waves * np.array([[1, 1, 1, 1]] * 2 + [[rng.uniform(0.1, 0.9), 1, 1, 1]] * 2, np.float32)
    facing = replace(surface, waves=worn)
    extra: list[NDArray[np.float64]] = []
    if kind == "comminuted":
        pieces, extra = _shatter(bone, surface, gap, motion, width, sign, rng)
    else:
        pieces = [
            Piece(bone, IDENTITY, (Cut(surface, -1, gap),)),
            Piece(bone, motion, (Cut(facing, 1, gap),)),
        ]
    points = [_on_surface(bone, surface, IDENTITY), _on_surface(bone, surface, motion), *extra]
    if kind not in ("hairline", "bayonet") and rng.random() < 0.12:
        callus = _callus(bone, at, width, rng)
        pieces.append(Piece(callus))
    return BrokenBone(
        bone, tuple(pieces), motion, np.concatenate(points), min(BOX_MARGIN * width, MAX_MARGIN), at
    )


def _roughness(rng: Random, width: float, amplitude: float) -> NDArray[np.float32]:
    """Return waves whose amplitude falls with their frequency."""
    rows = []
    for order in (1, 2, 3, 5):
        turn = rng.uniform(0, np.pi)
        pace = 2 * np.pi * order * rng.uniform(0.7, 1.2) / width
        height = amplitude * width * rng.uniform(0.6, 1.2) / order**0.7
        phase = rng.uniform(0, 2 * np.pi)
        rows.append((height, pace * np.cos(turn), pace * np.sin(turn), phase))
    return np.array(rows, np.float32)


def _shatter(
    bone: Tube, surface: Surface, gap: float, motion: Affine, width: float, sign: float, rng: Random
) -> tuple[list[Piece], list[NDArray[np.float64]]]:
    """Split off a butterfly wedge between two oblique surfaces, and a splinter or two."""
    start = rng.uniform(-0.25, 0.1) * width
    steep = rng.uniform(0.5, 1.1)
    # the wedge lies on +s; on the other side the surfaces are one
    upper = Surface(
        surface.at, surface.slope * 0.5, surface.tilt, 0.0, (start, -steep), surface.waves
    )
    lower = Surface(
        surface.at, surface.slope * 0.5, surface.tilt, 0.0, (start, steep * rng.uniform(0.4, 1.0)),
        surface.waves,
    )  # fmt: skip
    pivot = bone.point(surface.at, width * 0.35)
    out = bone.point(surface.at, width * (0.35 + rng.uniform(0.06, 0.25)))
    moved = rigid_motion(sign * rng.uniform(2, 14), pivot, (out[0] - pivot[0], out[1] - pivot[1]))
    pieces = [
        Piece(bone, IDENTITY, (Cut(upper, -1, gap),)),
        Piece(bone, motion, (Cut(lower, 1, gap),)),
        Piece(bone, moved, (Cut(upper, 1, gap), Cut(lower, -1, gap))),
    ]
    points = [
        _on_surface(bone, upper, IDENTITY),
        _on_surface(bone, lower, motion),
        _on_surface(bone, upper, moved),
        _on_surface(bone, lower, moved),
    ]
    for number in range(rng.integers(1, 3)):
        side = rng.choice([-1.0, 1.0])
        centre = bone.point(
            surface.at + rng.uniform(-0.4, 0.4) * width, side * width * rng.uniform(0.45, 0.65)
        )
        turn = rng.uniform(-0.6, 0.6)
        half = np.array([np.sin(turn), np.cos(turn)]) * width * rng.uniform(0.1, 0.22)
        thick = width * rng.uniform(0.04, 0.08)
        splinter = make_tube(
            f"{bone.name}/splinter{number}",
            (centre[0] - half[0], centre[1] - half[1]),
            (centre[0] + half[0], centre[1] + half[1]),
            [(0, thick, thick), (1, thick, thick)],
            wall=((0, 9.0), (1, 9.0)),
            rounding=(2.0, 2.0),
        )
        pieces.append(Piece(splinter))
        points.append(np.array([splinter.start, splinter.end]))
    return pieces, points


def _callus(bone: Tube, at: float, width: float, rng: Random) -> Tube:
    reach = width * rng.uniform(0.7, 1.1)
    half = width * rng.uniform(0.56, 0.68)
    return make_tube(
        f"{bone.name}/callus",
        bone.point(at - reach),
        bone.point(at + reach),
        [(0, half * 0.8, half * 0.8), (0.5, half, half), (1, half * 0.8, half * 0.8)],
        rounding=(reach, reach),
        filling=((0, 0.45), (1, 0.45)),
    )


def _on_surface(bone: Tube, surface: Surface, motion: Affine) -> NDArray[np.float64]:
    """Return limb points, shape (N, 2), that cover the surface inside the bone."""
    left, right, depth = bone.section(surface.at)
    ring, turn = np.meshgrid(np.linspace(0, 1, 5), np.linspace(-np.pi, np.pi, 33))
    s = ((right - left) / 2 + (left + right) / 2 * ring * np.cos(turn)).ravel()
    z = (depth * ring * np.sin(turn)).ravel()
    t = surface.height(s.astype(np.float32), z.astype(np.float32))
    points = np.array([bone.point(float(a), float(b)) for a, b in zip(t, s, strict=True)])
    return transform(motion, points)
