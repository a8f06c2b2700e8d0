"""Breaks bones: where, how, how far the parts move, and what a reader would box.

A break is a surface through the bone; the distal part, and all that hangs on it, is
then moved as a rigid body in the image plane, and the flesh around it bends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.data.phantom.anatomy import Limb, Site
from detect.data.phantom.breakage import BrokenBone, break_bone
from detect.data.phantom.geometry import (
    IDENTITY,
    Affine,
    Bend,
    Piece,
    Tube,
)
from detect.errors import InputError

__all__ = ["Scene", "break_limb", "intact_scene"]

_ODDS_SHAFT = {
    "transverse": 0.3, "oblique": 0.26, "spiral": 0.11, "comminuted": 0.14, "hairline": 0.08,
    "bayonet": 0.11,
}  # fmt: skip
_ODDS_METAPHYSIS = {"impacted": 0.4, "transverse": 0.35, "comminuted": 0.13, "hairline": 0.12}
_ODDS_CHILD = {
    "greenstick": 0.3,
    "transverse": 0.3,
    "oblique": 0.18,
    "hairline": 0.1,
    "bayonet": 0.12,
}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the beam meets, in limb millimetres."""

    bones: tuple[Piece, ...]
    flesh: tuple[Piece, ...]
    breaks: tuple[NDArray[np.float64], ...] = ()  # (N, 2) points around each box's content
    margins: tuple[float, ...] = ()  # mm, one per break
    fracture_type: str | None = None
    sites: tuple[tuple[str, float], ...] = ()  # (bone, mm along it), one per break


def intact_scene(limb: Limb) -> Scene:
    """Return the limb with nothing broken."""
    return Scene(
        bones=tuple(Piece(bone) for bone in limb.bones),
        flesh=tuple(Piece(body) for body in limb.flesh),
    )


def break_limb(
    limb: Limb,
    rng: np.random.Generator,
    *,
    in_view: Callable[[tuple[float, float]], bool],
    finest: float,
    child: bool,
) -> Scene:
    """Break one bone of the limb, and at times the one beside it.

    Args:
        in_view: whether a limb point lies well inside the picture.
        finest: mm of the limb per pixel; no gap is much narrower.
        child: whether bones are soft enough for a greenstick break.

    Raises:
        InputError: the picture shows none of the stretches of bone that tend to break.
    """
    bones = {bone.name: bone for bone in limb.bones}
    site, at = _choose_site(limb, bones, rng, in_view)
    odds = _ODDS_METAPHYSIS if site.metaphyseal else _ODDS_CHILD if child else _ODDS_SHAFT
    kind = str(rng.choice(list(odds), p=list(odds.values())))
    partner = limb.partners.get(site.bone)
    both = partner is not None and kind != "hairline" and bool(rng.random() < 0.4)
    splinted = partner is not None and not both
    first = break_bone(bones[site.bone], at, kind, rng, finest, splinted=splinted)
    breaks = [first]
    if both and partner is not None:
        beside = bones[partner]
        y = bones[site.bone].point(at)[1] + rng.normal(0, 9.0)
        there = float(np.clip(y - beside.start[1], 0.12 * beside.length, 0.93 * beside.length))
        if in_view(beside.point(there)):
            angle = np.rad2deg(np.arctan2(first.motion[1, 0], first.motion[0, 0]))
            breaks.append(break_bone(beside, there, kind, rng, finest, angle=float(angle)))
    follow = () if splinted and not site.metaphyseal else limb.followers.get(site.bone, ())
    return _assemble(limb, breaks, follow, kind)


def _choose_site(
    limb: Limb,
    bones: dict[str, Tube],
    rng: np.random.Generator,
    in_view: Callable[[tuple[float, float]], bool],
) -> tuple[Site, float]:
    weights = np.array([site.weight for site in limb.sites])
    for _ in range(200):
        site = limb.sites[rng.choice(len(limb.sites), p=weights / weights.sum())]
        at = bones[site.bone].length * rng.uniform(*site.reach)
        if in_view(bones[site.bone].point(at)):
            return site, at
    message = f"the picture of the {limb.region} shows too little of it to break a bone in view"
    raise InputError(f"{message}; choose a size whose sides are more alike")


def _assemble(limb: Limb, breaks: list[BrokenBone], follow: tuple[str, ...], kind: str) -> Scene:
    broken = {entry.bone.name: entry for entry in breaks}
    main = breaks[0]

    def moved(tube: Tube) -> Affine:
        return main.motion if tube.name.startswith(follow or ("\0",)) else IDENTITY

    bones: list[Piece] = []
    for bone in limb.bones:
        if bone.name in broken:
            bones.extend(broken[bone.name].pieces)
        else:
            bones.append(Piece(bone, moved(bone)))
    flesh: list[Piece] = []
    sleeve = limb.sleeves.get(main.bone.name) if follow else None
    for body in limb.flesh:
        if body.name != sleeve:
            flesh.append(Piece(body, moved(body)))
            continue
        x, y = main.bone.point(main.at)
        axis = (np.asarray(body.end) - np.asarray(body.start)) / body.length
        along = float((np.array([x, y]) - np.asarray(body.start)) @ axis)
        flesh.append(Piece(body, bend=Bend(main.motion, along, 0.6 * body.widest)))
    return Scene(
        bones=tuple(bones),
        flesh=tuple(flesh),
        breaks=tuple(entry.points for entry in breaks),
        margins=tuple(entry.margin for entry in breaks),
        fracture_type=kind,
        sites=tuple((entry.bone.name, entry.at) for entry in breaks),
    )
