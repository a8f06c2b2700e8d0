"""The regions of the arm: forearm (elbow to hand) and hand."""

from __future__ import annotations

import numpy as np

from detect.data.phantom.anatomy import Limb, Site, flesh, long_bone
from detect.data.phantom.geometry import Tube
from detect.data.phantom.hand import hand_parts

__all__ = ["forearm", "hand"]

_WRIST = (-2.0, 238.0)
_HUMERUS = (
    (0, 11, 11), (0.6, 10, 10), (0.8, 11, 11), (0.88, 17, 16), (0.945, 29, 27), (0.97, 28, 26),
    (1, 22, 23),
)  # fmt: skip
_RADIUS = (
    (0, 10.5, 10.5), (0.045, 10.5, 10.5), (0.09, 7, 7), (0.16, 9, 6.8), (0.25, 6.6, 6.6),
    (0.5, 7.2, 7.0), (0.75, 7.4, 7.4), (0.86, 9.5, 9.5), (0.94, 15, 14), (1, 15.5, 16),
)  # fmt: skip
_ULNA = (
    (0, 11, 10), (0.06, 12, 11), (0.12, 12, 11), (0.2, 9.0, 8), (0.35, 7, 6.8), (0.6, 6, 6),
    (0.8, 5, 5), (0.9, 5.4, 5.4), (0.96, 8.2, 7.6), (1, 7.5, 7.0),
)  # fmt: skip


def forearm(rng: np.random.Generator) -> Limb:
    """Elbow to hand, frontal or (with the two bones nearly in line) lateral."""
    twist = float(rng.choice([0.0, 0.15, 0.8], p=[0.5, 0.35, 0.15]))
    bones, bodies = hand_parts(rng, _WRIST)
    humerus = long_bone(
        rng, "humerus", (0, -210), (1, -3), _HUMERUS,
        cortex=3.6, open_start=True, shaft=(0.1, 0.75), flatness=0.42, rounding=(0, 5.0),
        relief_end=(-9, -2, 3, 2, -2, -1, 2, 2.5, -1),
    )  # fmt: skip
    p = rng.uniform(0.85, 1.2)
    sleeve = flesh(
        "forearm", (0, -215), (-2, 262),
        [(0, 46 * p, 46 * p), (0.43, 42 * p, 42 * p), (0.55, 42 * p, 43 * p), (0.78, 32, 32),
         (0.91, 28, 28), (1, 28, 29)],
        fat=rng.uniform(2.5, 6.0), flatness=0.8, rounding=(0.0, 26.0),
    )  # fmt: skip
    return Limb(
        region="forearm",
        bones=(humerus, *_radius_and_ulna(rng, twist), *bones),
        flesh=(sleeve, *bodies),
        sites=(
            Site("radius", (0.89, 0.935), 4.0, metaphyseal=True),
            Site("radius", (0.3, 0.84), 3.5),
            Site("ulna", (0.35, 0.86), 2.0),
        ),
        followers={"radius": ("hand",), "ulna": ("hand",)},
        partners={"radius": "ulna", "ulna": "radius"},
        sleeves={"radius": "forearm", "ulna": "forearm"},
        focus=(0.0, 150.0),
        field_of_view=(300.0, 440.0),
        labels=("FOREARM", "WRIST"),
        body_part="FOREARM",
    )


def hand(rng: np.random.Generator) -> Limb:
    """Distal forearm, wrist and fingers, seen from the palm."""
    bones, bodies = hand_parts(rng, _WRIST)
    sleeve = flesh(
        "forearm", (0, -60), (-2, 262), [(0, 40, 40), (0.5, 34, 34), (0.87, 28, 28), (1, 28, 29)],
        fat=rng.uniform(2.5, 5.0), flatness=0.75, rounding=(0.0, 26.0),
    )  # fmt: skip
    sites = [Site("radius", (0.89, 0.935), 1.5, metaphyseal=True)]
    followers: dict[str, tuple[str, ...]] = {"radius": ("hand",)}
    sleeves = {"radius": "forearm"}
    for ray in range(1, 6):
        name = f"hand/ray{ray}"
        fingers = tuple(f"{name}/{order}" for order in range(1, 4))
        sites.append(Site(f"{name}/0", (0.2, 0.85), 1.6 if ray == 5 else 0.9))
        sites.append(Site(f"{name}/1", (0.2, 0.8), 1.0))
        followers[f"{name}/0"] = (*fingers, f"{name}/flesh")
        followers[f"{name}/1"] = fingers[1:]
        sleeves[f"{name}/1"] = f"{name}/flesh"
    return Limb(
        region="hand",
        bones=(*_radius_and_ulna(rng, 0.0), *bones),
        flesh=(sleeve, *bodies),
        sites=tuple(sites),
        followers=followers,
        partners={},
        sleeves=sleeves,
        focus=(4.0, 320.0),
        field_of_view=(230.0, 330.0),
        labels=("HAND", "HAND AP", "WRIST"),
        body_part="HAND",
    )


def _radius_and_ulna(rng: np.random.Generator, twist: float) -> tuple[Tube, Tube]:
    """Return both bones; `twist` (0..1) brings them together, as in a lateral view."""
    apart = 1 - 0.75 * twist
    radius = long_bone(
        rng, "radius", (12 * apart, 1), (9 * apart, 236), _RADIUS,
        cortex=3.1, bow=rng.uniform(3.0, 7.0) * apart, flatness=0.8, rounding=(4.0, 5.0),
        relief_start=(0.5, -1.0, 0.5), relief_end=(-1.0, -1.5, -1.0, 2.0, 7.0),
    )  # fmt: skip
    ulna = long_bone(
        rng, "ulna", (-9 * apart, -22), (-15 * apart, 229), _ULNA,
        cortex=2.7, bow=-rng.uniform(0.5, 2.5), rounding=(8.0, 4.0),
        relief_end=(5.0, 0.5, 0.0, 0.0, 0.0),
    )  # fmt: skip
    return radius, ulna
