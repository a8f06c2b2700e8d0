"""Plain pictures for reports: the radiograph made small, and the heat map to lay over it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detect.errors import NotWrittenError

__all__ = ["encode_view", "heat_layer", "scaled_size"]

_COLOUR_MAP = cv2.COLORMAP_INFERNO  # as `detect.draw.evidence`
_OPACITY = 0.6  # at an evidence of 1; the bone stays visible beneath


def scaled_size(width: int, height: int, longest: int) -> tuple[int, int]:
    """Return (width, height) with `longest` pixels on the longer side, never enlarged."""
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def encode_view(pixels: NDArray[np.uint8], longest: int, quality: int) -> bytes:
    """Return a radiograph as grey JPEG.

    Args:
        pixels: uint8, shape (h, w), as a viewer shows it.
        longest: pixels of the longer side; larger radiographs are made smaller.
        quality: 1..100.
    """
    size = scaled_size(pixels.shape[1], pixels.shape[0], longest)
    if size != (pixels.shape[1], pixels.shape[0]):
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def heat_layer(path: Path, longest: int) -> bytes | None:
    """Return a saved heat map as PNG with colours and transparency, to be laid over the image.

    Args:
        path: grey PNG, as `detect.draw.heatmap` writes it: 0 to 255 for an evidence of 0 to 1.
        longest: pixels of its longer side.

    Returns:
        An indexed PNG, the more opaque the greater the evidence; None where none was saved.

    Raises:
        NotWrittenError: the file cannot be read as a picture.
    """
    if not path.is_file():
        return None
    try:
        coded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise NotWrittenError(f"{path}: cannot be read: {error.strerror}") from error
    grey = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE) if coded.size else None
    if grey is None:
        raise NotWrittenError(f"{path}: is no picture; run detect again with --heatmap")
    size = scaled_size(grey.shape[1], grey.shape[0], longest)
    layer = Image.frombytes("P", size, cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    ramp = np.arange(256, dtype=np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(ramp[None], _COLOUR_MAP), cv2.COLOR_BGR2RGB)
    layer.putpalette(colours.tobytes())
    opacity = np.rint(ramp * _OPACITY).astype(np.uint8)
    encoded = BytesIO()
    layer.save(encoded, "PNG", transparency=opacity.tobytes())
    return encoded.getvalue()
