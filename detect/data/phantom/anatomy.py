"""Limbs: bones and flesh in proportion, with a little of each person's own shape.

Lengths and widths are those of an adult, read off common anatomical plates and
radiographs; a `build_limb` call varies them. Every limb lists where its bones tend to
break and what hangs on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detect.data.phantom.geometry import Band, Tube, make_tube

__all__ = ["Limb", "Site", "flesh", "long_bone", "nugget", "with_look_alikes"]


@dataclass(frozen=True, slots=True)
class Site:
    """A stretch of a bone that tends to break."""

    bone: str
    reach: tuple[float, float]  # along the bone, 0..1
    weight: float
    metaphyseal: bool = False  # spongy: crushes rather than splits


@dataclass(frozen=True, slots=True)
class Limb:
    """The intact scene, in limb millimetres."""

    region: str
    bones: tuple[Tube, ...]
    flesh: tuple[Tube, ...]
    sites: tuple[Site, ...]
    followers: Mapping[str, tuple[str, ...]]  # bone: prefixes of tubes on its distal part
    partners: Mapping[str, str]  # bone: the one beside it that splints it or breaks with it
    sleeves: Mapping[str, str]  # bone: the flesh that bends where it breaks
    focus: tuple[float, float]  # mm, what the picture is centred on
    field_of_view: tuple[float, float]  # mm, range of the picture's longer side
    labels: tuple[str, ...]  # what a radiographer would burn in
    body_part: str  # DICOM Body Part Examined, PS3.16 Annex L


def long_bone(
    rng: np.random.Generator,
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    outline: Sequence[tuple[float, float, float]],
    *,
    cortex: float,
    shell: float = 0.9,
    shaft: tuple[float, float] = (0.22, 0.8),
    open_start: bool = False,
    open_end: bool = False,
    bow: float = 0.0,
    flatness: float = 0.85,
    relief_start: tuple[float, ...] = (),
    relief_end: tuple[float, ...] = (),
    rounding: tuple[float, float] = (6.0, 6.0),
) -> Tube:
    """Build a long bone whose cortex thins from `cortex` mm at mid-shaft to `shell` mm."""
    spread = 1 + 0.06 * rng.standard_normal()
    knots = [
        (tau, left * spread * rng.uniform(0.96, 1.04), right * spread * rng.uniform(0.96, 1.04))
        for tau, left, right in outline
    ]
    first, last = shaft
    middle = (first + last) / 2
    wall = [
        (0.0, cortex if open_start else shell),
        (first, cortex * 0.75),
        (middle, cortex),
        (last, cortex * 0.75),
        (1.0, cortex if open_end else shell),
    ]
    if not open_start:
        wall.insert(1, (first * 0.45, shell))
    if not open_end:
        wall.insert(-1, (1 - (1 - last) * 0.55, shell))
    filling = [
        (0.0, 0.15 if open_start else 1.0),
        (first * 0.5, 0.15 if open_start else 0.8),
        (first * 1.3, 0.15),
        (1 - (1 - last) * 1.3, 0.15),
        (1 - (1 - last) * 0.5, 0.15 if open_end else 0.8),
        (1.0, 0.15 if open_end else 1.0),
    ]
    return make_tube(
        name,
        start,
        end,
        knots,
        wall=wall,
        flatness=flatness,
        rounding=(0.0 if open_start else rounding[0], 0.0 if open_end else rounding[1]),
        filling=filling,
        bow=bow,
        relief_start=relief_start,
        relief_end=relief_end,
        smoothing=0.018,
    )


def flesh(
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    outline: Sequence[tuple[float, float, float]],
    *,
    fat: float,
    flatness: float = 0.85,
    rounding: tuple[float, float] = (0.0, 0.0),
) -> Tube:
    """Build a body of muscle under `fat` mm of fat."""
    return make_tube(
        name,
        start,
        end,
        outline,
        wall=((0.0, fat), (1.0, fat)),
        flatness=flatness,
        rounding=rounding,
        cap=fat,
        smoothing=0.05,
    )


def nugget(
    name: str,
    centre: tuple[float, float],
    length: float,
    width: float,
    depth: float,
    degrees: float = 0.0,
    shell: float = 0.8,
) -> Tube:
    """Build a small, rounded bone (a carpal, a patella, a talus)."""
    angle = np.deg2rad(degrees)
    half = (length / 2 * np.sin(angle), length / 2 * np.cos(angle))
    return make_tube(
        name,
        (centre[0] - half[0], centre[1] - half[1]),
        (centre[0] + half[0], centre[1] + half[1]),
        [
            (0.0, width / 2, width / 2),
            (0.5, width / 2 * 0.94, width / 2 * 0.97),
            (1.0, width / 2, width / 2),
        ],
        wall=((0.0, shell), (1.0, shell)),
        depth=((0.0, depth / 2), (1.0, depth / 2)),
        rounding=(length * 0.42, length * 0.42),
        cap=shell,
        filling=((0.0, 0.9), (1.0, 0.9)),
    )


def with_look_alikes(rng: np.random.Generator, limb: Limb, *, child: bool) -> Limb:
    """Give bones what is no fracture but looks like one.

    Children get growth plates at the ends of their long bones; anyone may get a vessel
    canal that crosses the cortex obliquely, or the dense line of an old growth arrest.
    """
    bones = []
    breakable = {site.bone for site in limb.sites}
    for bone in limb.bones:
        bands = list(bone.bands)
        wide = bone.widest
        if child and bone.length > 22 and wide > 3:
            bands += _growth_plates(rng, bone)
        if bone.name in breakable and bone.length > 120:
            if rng.random() < 0.35:
                at = bone.length * rng.uniform(0.3, 0.6)
                slope = rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 3.5)
                edge = rng.choice([-1.0, 1.0])
                across = (0.1, 0.95) if edge > 0 else (-0.95, -0.1)
                bands.append(Band(at, 0.9, slope, -0.16, across=across))
            if rng.random() < 0.2:
                at = bone.length * (rng.uniform(0.88, 0.92) if rng.random() < 0.7 else 0.1)
                bands.append(Band(at, 0.5, rng.normal(0, 0.04), 0.12, wave=0.3))
        bones.append(replace(bone, bands=tuple(bands)))
    return replace(limb, bones=tuple(bones))


def _growth_plates(rng: np.random.Generator, bone: Tube) -> list[Band]:
    bands = []
    ends = (False, True) if bone.length > 80 else (bool(rng.random() < 0.5),)
    for distal in ends:
        inset = min(0.075 * bone.length, 0.8 * bone.widest) * rng.uniform(0.85, 1.15)
        at = bone.length - inset if distal else inset
        width = 0.055 * bone.widest * rng.uniform(0.8, 1.3) + 0.35
        slope = rng.normal(0, 0.05)
        wave = 0.25 * width
        bands.append(Band(at, width, slope, -0.5, wave))
        bands.append(Band(at - 2.4 * width, width, slope, 0.14, wave))
        bands.append(Band(at + 2.4 * width, width, slope, 0.14, wave))
    return bands
