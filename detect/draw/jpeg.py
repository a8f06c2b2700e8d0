"""Annotated pictures to disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.errors import OutputError
from detect.write.atomic import replacing_bytes

__all__ = ["MAX_SIDE", "encode_jpeg"]

MAX_SIDE = 65_535  # ITU-T T.81 (JPEG), B.2.2: sizes are 16-bit


def encode_jpeg(image: NDArray[np.uint8], path: Path, quality: int = 92) -> None:
    """Write a picture as JPEG, beside its place first and then renamed.

    Colour is kept at full resolution (4:4:4): the usual halving smears thin lines.

    Args:
        image: BGR, uint8, shape (h, w, 3); or grey, uint8, shape (h, w), which viewers show as they
            do the same picture in colour, and which takes half the time.
        path: any Unicode; missing folders are made.
        quality: 1..100.

    Raises:
        OutputError: the file cannot be written, or a side exceeds JPEG's 65,535 pixels.
    """
    if max(image.shape[:2]) > MAX_SIDE:
        height, width = image.shape[:2]
        raise OutputError(
            f"cannot write {path}: {width} x {height} pixels are more than a JPEG can hold;"
            " leave the annotated pictures out"
        )
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, encoded = cv2.imencode(".jpg", image, settings)
    with replacing_bytes(path) as file:
        file.write(encoded.data)
