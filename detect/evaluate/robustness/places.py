"""Changes of where things lie in the image, which carry the boxes along."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.evaluate.matching import Boxes
from detect.evaluate.robustness.altered import Altered, carry_boxes, warp

__all__ = [
    "Move",
    "bordered",
    "cropped",
    "marked",
    "mirrored",
    "quarter_turned",
    "shrunk",
    "turned",
]

Pixels = NDArray[np.uint8]  # (h, w)
Move = Callable[[Pixels, Boxes], Altered]

_MARK = "L"
_MARK_GREY = 235


def quarter_turned(turns: int) -> Move:
    """Turn by so many quarters, anticlockwise; no pixel changes its grey."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        matrix = np.array([[1.0, 0, 0], [0, 1, 0]])
        for quarter in range(turns):
            across = width if quarter % 2 == 0 else height
            # what was at x is now x below the lower edge, seen from the top: y = across - x
            matrix = np.array([[0.0, 1], [-1, 0]]) @ matrix + [[0, 0, 0], [0, 0, across]]
        turned_pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        return Altered(turned_pixels, carry_boxes(boxes, matrix))

    return move


def mirrored() -> Move:
    """Exchange left and right."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        matrix = np.array([[-1.0, 0, pixels.shape[1]], [0, 1, 0]])
        return Altered(np.ascontiguousarray(pixels[:, ::-1]), carry_boxes(boxes, matrix))

    return move


def turned(degrees: float) -> Move:
    """Turn anticlockwise on a canvas that holds all of it; the corners are black."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        angle = math.radians(degrees)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        wide, high = np.ceil(np.abs(turn) @ [width, height] - 1e-9).astype(int).tolist()
        offset = np.array([wide, high]) / 2 - turn @ [width / 2, height / 2]
        return warp(pixels, boxes, np.hstack([turn, offset[:, None]]), (wide, high))

    return move


def shrunk(factor: float) -> Move:
    """Scale both sides down by area averaging; the image is then as small."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = np.array([[size[0] / width, 0, 0], [0, size[1] / height, 0]])
        return Altered(small, carry_boxes(boxes, matrix))

    return move


def cropped(share: float) -> Move:
    """Keep the middle `share` of either side."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        left, top = (round(side * (1 - share) / 2) for side in (width, height))
        inner = np.ascontiguousarray(pixels[top : height - top, left : width - left])
        return Altered(inner, boxes - np.array([left, top, left, top]))

    return move


def bordered(share: float, grey: int) -> Move:
    """Set the image into a plain border, on each side `share` of that side."""

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        left, top = round(width * share), round(height * share)
        wider = np.pad(pixels, ((top, top), (left, left)), constant_values=grey)
        return Altered(wider, boxes + np.array([left, top, left, top]))

    return move


def marked(size: float) -> Move:
    """Burn a bright letter in, in the corner freest of boxes.

    Its line of text is `size` of the longer side high, the letter three quarters of that.
    """

    def move(pixels: Pixels, boxes: Boxes) -> Altered:
        height, width = pixels.shape
        high = max(3, round(size * max(height, width)))
        thick = max(1, high // 7)
        (_, high_of_one), _ = cv2.getTextSize(_MARK, cv2.FONT_HERSHEY_SIMPLEX, 1, 1)
        scale = high / high_of_one
        (wide, _), _ = cv2.getTextSize(_MARK, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        across, down = (high // 2, width - wide - high // 2), (high // 2, height - 3 * high // 2)
        corners = [(x, y) for y in down for x in across]
        x, y = min(corners, key=lambda at: _covered(boxes, (*at, at[0] + wide, at[1] + high)))
        marked_pixels = pixels.copy()
        place = (x, y + high)
        cv2.putText(
            marked_pixels,
            _MARK,
            place,
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            _MARK_GREY,
            thick,
            cv2.LINE_AA,
        )
        return Altered(marked_pixels, boxes)

    return move


def _covered(boxes: Boxes, place: tuple[float, float, float, float]) -> float:
    """Return the area of boxes that lies under a place."""
    x1, y1, x2, y2 = place
    across = np.minimum(boxes[:, 2], x2) - np.maximum(boxes[:, 0], x1)
    down = np.minimum(boxes[:, 3], y2) - np.maximum(boxes[:, 1], y1)
    return float((across.clip(0) * down.clip(0)).sum())
