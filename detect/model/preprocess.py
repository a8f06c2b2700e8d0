"""From decoded pixels to the network's square input, and back; one place for train and detect."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PAD_VALUE", "Letterbox", "letterbox"]

PAD_VALUE = 114  # grey that ultralytics pads with, so that pretrained weights know it


@dataclass(frozen=True, slots=True, eq=False)
class Letterbox:
    """A radiograph fitted into a square.

    Attributes:
        image: uint8, shape (size, size), padded with PAD_VALUE.
        left, top: network pixels of padding before the image.
        fitted_width, fitted_height: of the image inside the square, network pixels. Whole
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

        Cells that hold both padding and image are kept.
        """
        size = self.image.shape[0]
        rows, columns = grid.shape
        top, left = self.top * rows / size, self.left * columns / size
        bottom = (self.top + self.fitted_height) * rows / size
        right = (self.left + self.fitted_width) * columns / size
        first_row, first_column = int(top), int(left)
        last_row = max(first_row + 1, int(np.ceil(bottom - 1e-6)))
        last_column = max(first_column + 1, int(np.ceil(right - 1e-6)))
        return grid[first_row:last_row, first_column:last_column]


def letterbox(pixels: NDArray[np.uint8], size: int) -> Letterbox:
    """Scale `pixels` (uint8, (height, width)) to fit a `size`×`size` square and pad evenly.

    Area averaging when shrinking (no aliasing of thin fracture lines), linear when enlarging.
    """
    height, width = pixels.shape
    scale = size / max(height, width)
    new_width = max(1, round(width * scale))
    new_height = max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(pixels, (new_width, new_height), interpolation=method)
    left, top = (size - new_width) // 2, (size - new_height) // 2
    square = np.full((size, size), PAD_VALUE, np.uint8)
    square[top : top + new_height, left : left + new_width] = resized
    return Letterbox(square, left, top, new_width, new_height, width, height)
