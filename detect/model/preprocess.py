"""From decoded pixels to the network's input, and back; one place for train and detect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PAD_TO", "PAD_VALUE", "Letterbox", "letterbox"]

PAD_VALUE = 114  # grey that ultralytics pads with, so that pretrained weights know it
PAD_TO = 64
"""Sides of new bundles' inputs are multiples of it: twice the stride of most networks, since each
shape costs a runtime memory and a start, and there are half as many of them. Of `fracture-n` 0.1.0
on val: AUROC 0.936 and mAP50 0.501, with squares 0.937 and 0.508, with multiples of 32 0.930 and
0.495 (intervals of ±0.03 and ±0.11), at 0.90 and 0.85 of the arithmetic of squares."""
_FINER = 5  # odd: where the cells of a map and the image begin together, peaks are kept whole


@dataclass(frozen=True, slots=True, eq=False)
class Letterbox:
    """A radiograph fitted into the network's input.

    Attributes:
        image: uint8, shape (rows, columns), padded with PAD_VALUE.
        left, top: network pixels of padding before the image.
        fitted_width, fitted_height: of the image inside the input, network pixels. Whole
            numbers, so that the two axes' scales differ by what rounding took or gave.
        width, height: of the original image, pixels.
    """

    image: NDArray[np.uint8]
    left: int
    top: int
    fitted_width: int
    fitted_height: int
    width: int
    height: int

    def to_image(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry boxes (n, 4) xyxy from network pixels to image pixels, clipped to the image."""
        moved = boxes.astype(np.float32, copy=True)
        across, down = self.width / self.fitted_width, self.height / self.fitted_height
        moved[:, 0::2] = ((moved[:, 0::2] - self.left) * across).clip(0, self.width)
        moved[:, 1::2] = ((moved[:, 1::2] - self.top) * down).clip(0, self.height)
        return moved

    def to_network(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry boxes (n, 4) xyxy from image pixels to network pixels."""
        moved = boxes.astype(np.float32, copy=True)
        moved[:, 0::2] = moved[:, 0::2] * (self.fitted_width / self.width) + self.left
        moved[:, 1::2] = moved[:, 1::2] * (self.fitted_height / self.height) + self.top
        return moved

    def crop_map(self, grid: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut the padding off a map (h, w) that covers the whole network input.

        The image begins and ends within cells of the map, so these are interpolated, as for
        class activation maps (Zhou et al., CVPR 2016, section 2), onto finer ones that cover
        the image exactly. Cells of padding alone play no part.

        Returns:
            float32, `_FINER` times as many rows and columns as cells that hold image.
        """
        high, wide = self.image.shape
        rows = _interpolate(grid, self.top / high, self.fitted_height / high)
        return _interpolate(rows.T, self.left / wide, self.fitted_width / wide).T


def _interpolate(grid: NDArray[np.float32], start: float, extent: float) -> NDArray[np.float32]:
    """Sample the rows of `grid` linearly from `start` on; both arguments are shares of them."""
    first = int(start * len(grid) + 1e-6)
    last = max(first, math.ceil((start + extent) * len(grid) - 1e-6) - 1)
    count = (last - first + 1) * _FINER
    centres = (start + (np.arange(count) + 0.5) / count * extent) * len(grid) - 0.5
    at = centres.clip(first, last)
    before = np.minimum(at.astype(np.intp), max(first, last - 1))
    share = (at - before).astype(np.float32)[:, None]
    low = grid[before]
    finer: NDArray[np.float32] = low + (grid[np.minimum(before + 1, last)] - low) * share
    return finer


def letterbox(pixels: NDArray[np.uint8], size: int, pad_to: int | None = None) -> Letterbox:
    """Scale `pixels` (uint8, (height, width)) to fit a `size`×`size` square and pad evenly.

    Area averaging when shrinking (no aliasing of thin fracture lines), linear when enlarging.

    Args:
        pixels: of a radiograph.
        size: of the longer side, network pixels.
        pad_to: each side is padded to the next multiple of it, which the network can halve
            as often as it must; None: to the whole square.
    """
    height, width = pixels.shape
    scale = size / max(height, width)
    new_width = max(1, round(width * scale))
    new_height = max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(pixels, (new_width, new_height), interpolation=method)
    wide = size if pad_to is None else math.ceil(new_width / pad_to) * pad_to
    high = size if pad_to is None else math.ceil(new_height / pad_to) * pad_to
    left, top = (wide - new_width) // 2, (high - new_height) // 2
    padded = np.full((high, wide), PAD_VALUE, np.uint8)
    padded[top : top + new_height, left : left + new_width] = resized
    return Letterbox(padded, left, top, new_width, new_height, width, height)
