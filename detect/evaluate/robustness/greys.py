"""Changes of grey value and of detail, which leave every pixel in its place."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "blurred",
    "brightened",
    "contrasted",
    "gamma_changed",
    "inverted",
    "jpeg_compressed",
    "noisy",
    "sharpened",
]

Pixels = NDArray[np.uint8]  # (h, w)
Change = Callable[[Pixels, np.random.Generator], Pixels]

_LEVELS = np.arange(256) / 255.0


def brightened(shift: float) -> Change:
    """Add `shift`, a share of the range of greys, cut off at black and white."""
    return _by_table(_LEVELS + shift)


def contrasted(gain: float) -> Change:
    """Spread greys around the middle one by `gain`, cut off at black and white."""
    return _by_table((_LEVELS - 0.5) * gain + 0.5)


def gamma_changed(gamma: float) -> Change:
    """Raise greys, from 0 to 1, to the power of `gamma`: below 1 brighter, above 1 darker."""
    return _by_table(_LEVELS**gamma)


def inverted() -> Change:
    """Exchange dark and light."""
    return _by_table(1 - _LEVELS)


def noisy(deviation: float) -> Change:
    """Add Gaussian noise to each pixel, of this standard deviation in grey levels of 255."""

    def change(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        grain = rng.normal(0, deviation, pixels.shape).astype(np.float32)
        return np.asarray(np.rint(pixels + grain).clip(0, 255), np.uint8)

    return change


def blurred(width: float) -> Change:
    """Blur by a Gaussian whose standard deviation is `width` of the longer side."""
    return lambda pixels, _: _soft(pixels, width)


def sharpened(amount: float, width: float) -> Change:
    """Apply an unsharp mask: add `amount` times what a blur by `width` would take away."""

    def change(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
        sharp = cv2.addWeighted(pixels, 1 + amount, _soft(pixels, width), -amount, 0)
        return np.asarray(sharp, np.uint8)

    return change


def jpeg_compressed(quality: int) -> Change:
    """Compress as JPEG of this quality (libjpeg's, 1 to 100), and decode again."""

    def change(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
        _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)

    return change


def _soft(pixels: Pixels, width: float) -> Pixels:
    soft = cv2.GaussianBlur(pixels, (0, 0), width * max(pixels.shape))
    return np.asarray(soft, np.uint8)


def _by_table(levels: NDArray[np.float64]) -> Change:
    table = np.rint(levels.clip(0, 1) * 255).astype(np.uint8)
    return lambda pixels, _: np.asarray(cv2.LUT(pixels, table), np.uint8)
