"""The regions of the lower limb: leg (knee to ankle) and femur (thigh and knee)."""

from __future__ import annotations

import numpy as np

from detect.data.phantom.anatomy import Limb, Site, flesh, long_bone, nugget
from detect.data.phantom.geometry import Tube, make_tube

__all__ = ["femur", "leg"]

_FEMUR = (
    (0, 17, 17), (0.5, 14.5, 14.5), (0.72, 17, 16), (0.86, 29, 27), (0.94, 41, 39), (1, 37, 35),
)  # fmt: skip
_TIBIA = (
    (0, 35, 35), (0.03, 37, 37), (0.08, 29, 29), (0.16, 18, 17), (0.3, 13.5, 13),
    (0.55, 12, 11.5), (0.75, 12.5, 12), (0.88, 17, 16), (0.95, 22, 21), (1, 24, 20),
)  # fmt: skip
_FIBULA = (
    (0, 8, 8), (0.04, 11, 10), (0.1, 6, 6), (0.3, 6, 6.5), (0.6, 6.2, 6.2), (0.85, 6.5, 6.5),
    (0.93, 10.5, 9), (0.97, 10, 8.5), (1, 7, 7),
)  # fmt: skip
_MALLEOLUS = (12.0, 12.5, 10.0, 0.5, -1.0, -0.5, 0.0, 0.0, -0.5, -0.5, 0.5, 1.0)
_PLATEAU = (0.5, -1.5, -0.5, 2.5, 1.5, -0.5, -1.5, 0.5)
_CONDYLES = (-2.0, 3.0, 2.0, -6.0, -7.0, 1.0, 2.5, -2.0)


def leg(rng: np.random.Generator) -> Limb:
    """Knee to ankle, frontal."""
    foot_bones, foot_flesh = _foot(rng)
    return Limb(
        region="leg",
        bones=(_femur_bone(rng), _patella(), *_tibia_and_fibula(rng), *foot_bones),
        flesh=(*_thigh_and_calf(rng), *foot_flesh),
        sites=(Site("tibia", (0.25, 0.9), 3.0), Site("fibula", (0.12, 0.93), 3.0)),
        followers={"tibia": ("foot",), "fibula": ("foot",)},
        partners={"tibia": "fibula", "fibula": "tibia"},
        sleeves={"tibia": "calf", "fibula": "calf"},
        focus=(4.0, 215.0),
        field_of_view=(330.0, 500.0),
        labels=("LEG", "ANKLE", "TIB/FIB"),
        body_part="LEG",
    )


def femur(rng: np.random.Generator) -> Limb:
    """Thigh and knee, frontal."""
    return Limb(
        region="femur",
        bones=(_femur_bone(rng), _patella(), *_tibia_and_fibula(rng)),
        flesh=_thigh_and_calf(rng),
        sites=(Site("femur", (0.3, 0.88), 1.0), Site("tibia", (0.14, 0.3), 0.3)),
        followers={"femur": ("patella", "tibia", "fibula", "calf")},
        partners={"tibia": "fibula"},
        sleeves={"femur": "thigh", "tibia": "calf"},
        focus=(4.0, -110.0),
        field_of_view=(340.0, 460.0),
        labels=("FEMUR", "KNEE", "THIGH"),
        body_part="THIGH",
    )


def _femur_bone(rng: np.random.Generator) -> Tube:
    return long_bone(
        rng, "femur", (14, -430), (0, -4), _FEMUR,
        cortex=5.6, shell=1.0, open_start=True, shaft=(0.1, 0.72), bow=rng.uniform(1, 6),
        relief_end=_CONDYLES, rounding=(0, 14.0),
    )  # fmt: skip


def _patella() -> Tube:
    return nugget("patella", (0, -24), 42, 42, 14, shell=0.7)


def _tibia_and_fibula(rng: np.random.Generator) -> tuple[Tube, Tube]:
    tibia = long_bone(
        rng, "tibia", (-2, 4), (-3, 368), _TIBIA,
        cortex=4.3, shell=1.0, bow=-rng.uniform(0, 3), relief_start=_PLATEAU,
        relief_end=_MALLEOLUS, shaft=(0.2, 0.82),
    )  # fmt: skip
    fibula = long_bone(
        rng, "fibula", (32, 22), (26, 386), _FIBULA,
        cortex=2.9, bow=rng.uniform(-1, 4), rounding=(8.0, 9.0), shaft=(0.14, 0.85),
    )  # fmt: skip
    return tibia, fibula


def _foot(rng: np.random.Generator) -> tuple[list[Tube], list[Tube]]:
    """Return a foot seen end-on, as below a frontal ankle: so deep that it glares."""
    lean = rng.uniform(-8, 8)
    bones = [
        nugget("foot/talus", (1, 389), 34, 39, 34, lean, shell=0.9),
        nugget("foot/heel", (5, 420), 48, 34, 40, lean, shell=0.7),
        nugget("foot/navicular", (-10, 412), 22, 36, 18, 70, shell=0.7),
        nugget("foot/cuboid", (13, 418), 24, 24, 24, 10, shell=0.7),
    ]
    for ray in range(5):
        x = -20 + 11 * ray
        bones.append(
            long_bone(
                rng,
                f"foot/ray{ray}",
                (x * 0.6, 426.0),
                (x * 1.5, 478.0),
                [(0, 8, 8), (0.25, 5.5, 5.5), (0.7, 5, 5), (1, 7, 7)],
                cortex=1.6,
                rounding=(3, 4),
            )
        )
    body = make_tube(
        "foot/flesh", (0, 352), (0, 500),
        [(0, 30, 30), (0.3, 40, 38), (0.7, 48, 48), (1, 45, 45)],
        wall=((0.0, 4.0), (1.0, 4.0)), cap=4.0, rounding=(24.0, 24.0), smoothing=0.06,
        depth=((0.0, 34), (0.28, 38), (0.5, 64), (0.75, 58), (1.0, 40)),
    )  # fmt: skip
    return bones, [body]


def _thigh_and_calf(rng: np.random.Generator) -> tuple[Tube, Tube]:
    p = rng.uniform(0.85, 1.2)
    fat = rng.uniform(5.0, 11.0)
    thigh = flesh(
        "thigh", (6, -440), (0, 20),
        [(0, 80 * p, 84 * p), (0.5, 70 * p, 72 * p), (0.85, 58, 58), (1, 54, 54)],
        fat=fat, rounding=(0.0, 30.0),
    )  # fmt: skip
    calf = flesh(
        "calf", (0, -30), (0, 400),
        [(0, 54, 54), (0.15, 53, 54), (0.35, 56 * p, 58 * p), (0.6, 45, 46), (0.82, 33, 36),
         (1, 38, 40)],
        fat=fat * 0.8, rounding=(30.0, 0.0),
    )  # fmt: skip
    return thigh, calf
