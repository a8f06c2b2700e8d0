"""The hand: wrist bones, five rays, palm; it hangs from a forearm."""

from __future__ import annotations

import numpy as np

from detect.data.phantom.anatomy import flesh, long_bone, nugget
from detect.data.phantom.geometry import Tube

__all__ = ["hand_parts"]

# mm from the wrist: centre, length, width, depth; degrees
_CARPALS = (
    ((13, 5.5), 24, 15, 13, 35),  # scaphoid
    ((1, 4.5), 17, 17, 13, -10),  # lunate
    ((-12, 5.5), 16, 16, 12, -25),  # triquetrum
    ((-13, 11.5), 11, 11, 9, 0),  # pisiform
    ((16, 20.5), 16, 17, 12, 10),  # trapezium
    ((9, 21.5), 15, 13, 11, 0),  # trapezoid
    ((-1, 19.5), 23, 16, 14, 0),  # capitate
    ((-13, 20.5), 19, 16, 13, -15),  # hamate
)

# base of the metacarpal, its turn, turn of the finger (degrees), lengths, breadth
_RAYS = (
    ((22, 24), 38, 34, (45, 33, 24), 1.12),
    ((12, 29), 7, 5, (66, 43, 26, 19), 1.0),
    ((2, 30), 1, 0, (64, 47, 30, 20), 1.0),
    ((-7, 30), -5, -4, (57, 44, 28, 20), 0.95),
    ((-15, 29), -12, -10, (53, 35, 20, 18), 0.85),
)

_METACARPAL = (
    (0, 7.2, 7.2), (0.1, 7.0, 7.0), (0.28, 4.6, 4.6), (0.5, 4.1, 4.1), (0.75, 5.0, 5.0),
    (0.88, 7.0, 7.0), (1, 6.6, 6.6),
)  # fmt: skip
_PHALANX = (
    (0, 7.4, 7.4), (0.1, 7.0, 7.0), (0.35, 4.9, 4.9), (0.6, 4.3, 4.3), (0.85, 5.3, 5.3),
    (1, 5.2, 5.2),
)  # fmt: skip
_LAST_PHALANX = (
    (0, 6.2, 6.2), (0.15, 5.6, 5.6), (0.5, 2.9, 2.9), (0.75, 3.0, 3.0), (0.9, 4.4, 4.4),
    (1, 4.0, 4.0),
)  # fmt: skip


def hand_parts(
    rng: np.random.Generator, wrist: tuple[float, float]
) -> tuple[list[Tube], list[Tube]]:
    """Return (bones, flesh) of a hand that hangs from `wrist`; the thumb is at +x."""
    x0, y0 = wrist
    bones = []
    for number, ((cx, cy), length, width, depth, turn) in enumerate(_CARPALS):
        centre = (x0 + cx + rng.normal(0, 0.7), y0 + cy + rng.normal(0, 0.7))
        bones.append(nugget(f"hand/carpal{number}", centre, length, width, depth, turn))
    bodies = []
    spread = rng.uniform(0.5, 1.5)
    for number, ((bx, by), turn, finger_turn, lengths, breadth) in enumerate(_RAYS, start=1):
        root = (x0 + bx, y0 + by)
        turns = (turn + rng.normal(0, 1.0), finger_turn * spread + rng.normal(0, 2.0))
        ray, body = _ray(rng, f"hand/ray{number}", root, turns, lengths, breadth)
        bones.extend(ray)
        bodies.append(body)
    bodies.append(
        flesh("hand/palm", (x0, y0 - 8), (x0 - 2, y0 + 116),
              [(0, 30, 30), (0.3, 33, 35), (0.6, 40, 37), (0.85, 40, 33), (1, 34, 28)],
              fat=2.5, flatness=0.42, rounding=(30.0, 34.0))
    )  # fmt: skip
    bodies.append(
        flesh("hand/thenar", (x0 + 14, y0 + 14), (x0 + 44, y0 + 74),
              [(0, 13, 14), (0.5, 16, 13), (1, 12, 10)], fat=2.0, rounding=(10.0, 10.0))
    )  # fmt: skip
    return bones, bodies


def _ray(
    rng: np.random.Generator,
    name: str,
    root: tuple[float, float],
    turns: tuple[float, float],
    lengths: tuple[int, ...],
    breadth: float,
) -> tuple[list[Tube], Tube]:
    """Return a metacarpal with its phalanges, and the flesh of the finger."""
    bones = []
    at = knuckle = np.asarray(root)
    step = np.zeros(2)
    for order, length in enumerate(lengths):
        if order == 1:
            knuckle = at
        angle = np.deg2rad(turns[min(order, 1)])
        step = np.array([np.sin(angle), np.cos(angle)])
        ahead = at + step * length * rng.uniform(0.96, 1.04)
        end = ahead - step * 1.2  # the joint space
        bones.append(_digit_bone(rng, f"{name}/{order}", at, end, order, len(lengths), breadth))
        at = ahead
    start = knuckle * 1.15 - at * 0.15  # the finger's flesh begins within the palm
    tip = at + step * 4
    w = 9.6 * breadth
    outline = [(0, w, w), (0.6, w * 0.92, w * 0.92), (1, w * 0.75, w * 0.75)]
    body = flesh(f"{name}/flesh", _pair(start), _pair(tip), outline, fat=1.6, rounding=(0.0, 8.0))
    return bones, body


def _digit_bone(
    rng: np.random.Generator,
    name: str,
    start: np.ndarray[tuple[int], np.dtype[np.float64]],
    end: np.ndarray[tuple[int], np.dtype[np.float64]],
    order: int,
    count: int,
    breadth: float,
) -> Tube:
    outline: tuple[tuple[float, float, float], ...]
    relief: tuple[float, ...]
    if order == 0:
        outline, cortex, relief = _METACARPAL, 1.9, (0.0, -1.2, 0.0)
    elif order == count - 1:
        outline, cortex, relief = _LAST_PHALANX, 1.0, ()
    else:
        outline, cortex, relief = _PHALANX, 1.6, (0.4, -0.9, 0.4)
    b = breadth * rng.uniform(0.95, 1.05)
    knots = [(tau, left * b, right * b) for tau, left, right in outline]
    return long_bone(
        rng, name, _pair(start), _pair(end), knots,
        cortex=cortex, shell=0.6, rounding=(2.5, 3.5), relief_end=relief, flatness=0.8,
    )  # fmt: skip


def _pair(point: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
