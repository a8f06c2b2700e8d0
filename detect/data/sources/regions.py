"""What people call the regions of the body, in folder names."""

from __future__ import annotations

import re

__all__ = ["region_named"]

# FracAtlas', MURA's and those of the trauma room; words that mean the same beside each other
_REGIONS = {
    "ankle": ("ankles",),
    "arm": ("arms",),
    "chest": ("thorax", "ribs", "rib"),
    "clavicle": ("clavicles", "collarbone"),
    "elbow": ("elbows",),
    "femur": ("thigh",),
    "finger": ("fingers",),
    "foot": ("feet",),
    "forearm": ("forearms",),
    "hand": ("hands",),
    "hip": ("hips",),
    "humerus": ("upperarm",),
    "knee": ("knees",),
    "leg": ("legs",),
    "pelvis": (),
    "shoulder": ("shoulders",),
    "skull": ("head",),
    "spine": ("vertebra", "vertebrae"),
    "tibia": ("lowerleg",),
    "toe": ("toes",),
    "wrist": ("wrists",),
}
_BY_WORD = {word: name for name, others in _REGIONS.items() for word in (name, *others)}


def region_named(name: str) -> str | None:
    """Return the region that `name` is a word for, as in `Elbow`, `XR_ELBOW` or `upper arm`."""
    words = re.sub(r"[\W_]+", "", re.sub(r"^xr[\W_]+", "", name.strip().casefold()))
    return _BY_WORD.get(words)
