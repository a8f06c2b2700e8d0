"""Outlines of boxes: solid, dashed or dotted.

By OpenCV alone: supervision's solid ones are the same call, but importing it costs as much
processor time as compiling the network, which one image would pay for.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.style import Colour

__all__ = ["draw_outline"]


def draw_outline(
    picture: NDArray[np.uint8],
    corners: NDArray[np.floating],
    colour: Colour,
    line: int,
    dash: tuple[float, float] | None,
) -> None:
    """Draw the outline of one box in place; every corner is drawn, however small the box.

    Args:
        picture: BGR, uint8, shape (h, w, 3).
        corners: shape (4,), x1, y1, x2, y2 of the middle of the line, pixels.
        colour: red, green, blue.
        line: width, pixels.
        dash: stroke and gap, pixels; they shrink evenly so that a side ends in a stroke; None
            for a solid line.
    """
    x1, y1, x2, y2 = corners.astype(int).tolist()
    if dash is None:
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour[::-1], line)
        return
    for start, end in (
        ((x1, y1), (x2, y1)),
        ((x2, y1), (x2, y2)),
        ((x1, y2), (x2, y2)),
        ((x1, y1), (x1, y2)),
    ):
        _draw_side(picture, np.array(start), np.array(end), colour, line, dash)


def _draw_side(
    picture: NDArray[np.uint8],
    start: NDArray[np.int_],
    end: NDArray[np.int_],
    colour: Colour,
    line: int,
    dash: tuple[float, float],
) -> None:
    length = float(np.abs(end - start).sum()) + 1
    stroke, gap = dash
    # n strokes and n - 1 gaps, with two strokes at the least
    strokes = max(2, round((length + gap) / (stroke + gap)))
    shrink = length / (strokes * stroke + (strokes - 1) * gap)
    step = np.sign(end - start)
    for index in range(strokes):
        first = round(index * (stroke + gap) * shrink)
        last = max(first, round((index * (stroke + gap) + stroke) * shrink) - 1)
        cv2.line(
            picture,
            tuple((start + step * first).tolist()),
            tuple((start + step * last).tolist()),
            colour[::-1],
            line,
        )
