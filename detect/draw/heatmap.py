"""The evidence map alone, as a file that a page can lay over the radiograph."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.write.atomic import replacing_bytes

__all__ = ["encode_heatmap"]


def encode_heatmap(evidence: NDArray[np.float32], path: Path) -> None:
    """Save an evidence map as a grey PNG at its own resolution.

    Args:
        evidence: float32, shape (a, b), 0..1, covering the whole radiograph; 0 becomes black,
            1 white.
        path: of the file; missing folders are made.

    Raises:
        OutputError: the file cannot be written.
    """
    grey = np.rint(np.clip(evidence, 0, 1) * 255).astype(np.uint8)
    _, encoded = cv2.imencode(".png", grey)
    with replacing_bytes(path) as file:
        file.write(encoded.tobytes())
