"""What lies on radiographs of other origin beside anatomy: side markers, collimation edges.

Both are drawn off the boxes, so that labels stay true, and as often on normal images as on
fractured ones, so that they tell nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.config import AugmentConfig

__all__ = ["add_artefacts"]

_MARKS = ("L", "R", "AP", "LAT", "PA", "OBL", "12", "K.S.", "ER", "->")
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
)
_TRIES = 8  # places looked at for a marker; a view full of boxes gets none
_WIDEST = 0.22  # of a side: how far a collimator reaches in


def add_artefacts(
    image: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    recipe: AugmentConfig,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Return the view with collimation edges and a marker, each as likely as the recipe says.

    Args:
        image: uint8 (h, w); left as it is.
        boxes: float32 (n, 4), xyxy pixels of `image`, on which nothing is drawn.
        recipe: `collimation` and `marker` are probabilities.
        rng: of the view; not drawn from for what the recipe leaves out, so that recipes of
            before give the views of before.
    """
    if recipe.collimation and rng.random() < recipe.collimation:
        image = _collimated(image, boxes, rng)
    if recipe.marker and rng.random() < recipe.marker:
        image = _marked(image, boxes, rng)
    return image


def _collimated(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Darken what lies beyond one to four straight edges, none of which meets a box."""
    height, width = image.shape
    free = (
        np.array([width, height, width, height], np.float64) * _WIDEST
    )  # left, top, right, bottom
    if len(boxes):
        nearest, furthest = boxes[:, :2].min(0), boxes[:, 2:].max(0)
        free = np.minimum(free, [*nearest, width - furthest[0], height - furthest[1]])
    chosen = rng.random(4) < 0.5
    left, top, right, bottom = (rng.uniform(0, 1, 4) * free * chosen).astype(int)
    shade = np.zeros((height, width), np.float32)
    shade[top : height - bottom, left : width - right] = 1
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.5, 2.0)), np.float32)
    level = rng.uniform(0, 25)
    return np.rint(image * shade + level * (1 - shade)).astype(np.uint8)


def _marked(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Write a side or projection marker, bright, off every box."""
    height, width = image.shape
    text, font = _MARKS[rng.integers(len(_MARKS))], _FONTS[rng.integers(len(_FONTS))]
    scale = rng.uniform(0.02, 0.06) * max(height, width) / 20  # capitals are some 20 px at 1
    thickness = int(rng.integers(1, 4))
    (wide, high), below = cv2.getTextSize(text, font, scale, thickness)
    high += below
    if wide >= width or high >= height:
        return image
    for _ in range(_TRIES):
        x, y = int(rng.integers(width - wide)), int(rng.integers(height - high))
        meets = (
            (boxes[:, 0] < x + wide)
            & (boxes[:, 2] > x)
            & (boxes[:, 1] < y + high)
            & (boxes[:, 3] > y)
        )
        if not meets.any():
            marked = image.copy()
            level = int(rng.integers(150, 256))
            place = (x, y + high - below)
            cv2.putText(marked, text, place, font, scale, level, thickness, cv2.LINE_AA)
            return marked
    return image
