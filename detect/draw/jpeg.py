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

    Colour is kept at full resolution (4:4:4): the usual halving smears thin lines. A grey
    picture is written in colour too, but halved (4:2:0), which takes two thirds of the time:
    no pixel of it changes, since without colour there is nothing to smear.

    Args:
        image: BGR, uint8, shape (h, w, 3); or grey, uint8, shape (h, w).
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
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    if image.ndim == 2:
        sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, encoded = cv2.imencode(".jpg", image, settings)
    with replacing_bytes(path) as file:
        file.write(encoded.data)
