"""An altered radiograph with its boxes, and which of them can still be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.evaluate.matching import Boxes

__all__ = ["SEEN", "Altered", "carry_boxes", "warp"]

SEEN = 0.5  # a box counts as in view when at least this share of it is
_BLACK = 0


@dataclass(frozen=True, slots=True, eq=False)
class Altered:
    """What became of an image.

    Attributes:
        pixels: uint8 (h, w), C-contiguous.
        boxes: float64 (n, 4), xyxy pixels of `pixels`; as moved, so they may lie outside.
    """

    pixels: NDArray[np.uint8]
    boxes: Boxes

    def boxes_in_view(self) -> Boxes | None:
        """Return the boxes cut to the image; None where less than `SEEN` of one is in it."""
        height, width = self.pixels.shape
        inside = self.boxes.copy()
        inside[:, 0::2] = inside[:, 0::2].clip(0, width)
        inside[:, 1::2] = inside[:, 1::2].clip(0, height)
        return inside if bool((_area(inside) >= SEEN * _area(self.boxes)).all()) else None


def carry_boxes(boxes: Boxes, matrix: NDArray[np.float64]) -> Boxes:
    """Return boxes around what the moved boxes hold.

    A box turned by a quarter is exact. One turned by less is taken around the ellipse that it
    held, which follows the finding better than a box around its turned corners.

    Args:
        boxes: (n, 4) xyxy.
        matrix: (2, 3), affine, in the frame of boxes.
    """
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    moved = centre @ matrix[:, :2].T + matrix[:, 2]
    reach = np.sqrt((half**2) @ (matrix[:, :2] ** 2).T)
    return np.hstack([moved - reach, moved + reach])


def warp(
    pixels: NDArray[np.uint8],
    boxes: Boxes,
    matrix: NDArray[np.float64],
    size: tuple[int, int],
) -> Altered:
    """Move an image and its boxes; what lies beyond the image is black.

    Args:
        pixels: uint8 (h, w).
        boxes: (n, 4) xyxy pixels.
        matrix: as for `carry_boxes`.
        size: width and height of the result.
    """
    # OpenCV's (0, 0) is the centre of the first pixel, that of boxes its corner.
    between_centres = matrix.copy()
    between_centres[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    moved = cv2.warpAffine(
        pixels,
        between_centres,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_BLACK,
    )
    return Altered(np.ascontiguousarray(moved, np.uint8), carry_boxes(boxes, matrix))


def _area(boxes: Boxes) -> NDArray[np.float64]:
    area: NDArray[np.float64] = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return area
