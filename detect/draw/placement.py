"""Where to put labels: outside the boxes, on no other label, on the darkest side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["place_labels"]

# A box that takes up more of the picture than this does not keep labels away from it:
# the other findings lie inside it, and would all go without a label.
_LARGE = 0.25

_Rects = NDArray[np.float64]  # (n, 4): x1, y1, x2, y2


def _ring(
    box: NDArray[np.float64], size: tuple[int, int], away: float, frame: tuple[int, int]
) -> _Rects:
    """Return the label rectangles that lie `away` pixels from a box; shape (12, 4)."""
    width, height = size
    x1, y1, x2, y2 = box
    corners: list[tuple[float, float]] = []
    # pushed along the edge into the frame, which keeps a label off its own box
    for x in (x1, x2 - width, (x1 + x2 - width) / 2):
        inside = min(max(x, 0), frame[0] - width)
        corners += [(inside, y1 - away - height), (inside, y2 + away)]
    for y in (y1, y2 - height, (y1 + y2 - height) / 2):
        inside = min(max(y, 0), frame[1] - height)
        corners += [(x2 + away, inside), (x1 - away - width, inside)]
    start = np.round(np.array(corners))
    return np.hstack([start, start + np.array(size)])


def _free(rects: _Rects, obstacles: _Rects, frame: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell for each rectangle whether it is in the frame and meets no obstacle."""
    a, b = rects[:, None], obstacles[None]
    overlaps = np.all((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:]), axis=2)
    meets = np.any(overlaps, axis=1)
    inside = np.all((rects[:, :2] >= 0) & (rects[:, 2:] <= np.array(frame)), axis=1)
    return np.asarray(inside & ~meets, dtype=np.bool_)


def _darkest(rects: _Rects, grey: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the top-left corner of the rectangle over the least bone."""
    # sums do for means, since all are of one size
    sums = [grey[y1:y2, x1:x2].sum() for x1, y1, x2, y2 in rects.astype(int).tolist()]
    x, y = rects[int(np.argmin(sums)), :2]
    return int(x), int(y)


def place_labels(
    boxes: _Rects,
    sizes: Sequence[tuple[int, int]],
    rings: Sequence[int],
    grey: NDArray[np.uint8],
    gap: int,
) -> list[tuple[int, int] | None]:
    """Find a place for the label of each box, the first box first.

    A label is as near to its box as it can be, and there where the picture is darkest, so
    that it hides air rather than bone.

    Args:
        boxes: float64, shape (n, 4), x1, y1, x2, y2 as outlined, pixels.
        sizes: width and height of each label, pixels.
        rings: how many label heights away from its box each label may lie.
        grey: uint8, shape (h, w), the picture.
        gap: pixels kept free between a label and boxes or labels.

    Returns:
        For each box the top-left corner of its label, or None where there is no room.
    """
    frame = (grey.shape[1], grey.shape[0])
    wider = np.array([-gap, -gap, gap, gap]) * 0.5
    share = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) / (frame[0] * frame[1])
    obstacles = boxes[share <= _LARGE] + wider
    places: list[tuple[int, int] | None] = []
    for box, size, reach in zip(boxes, sizes, rings, strict=True):
        place = None
        for ring in range(reach):
            rects = _ring(box, size, gap + ring * (size[1] + gap), frame)
            good = rects[_free(rects, obstacles, frame)]
            if len(good) > 0:
                place = _darkest(good, grey)
                taken = np.array([[*place, place[0] + size[0], place[1] + size[1]]])
                obstacles = np.vstack([obstacles, taken + wider])
                break
        places.append(place)
    return places
