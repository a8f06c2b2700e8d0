"""The grey window for images deeper than 8 bits that bring none: pure functions on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HIGH_PERCENTILE",
    "LOW_PERCENTILE",
    "count_levels",
    "look_up",
    "luminance",
    "robust_limits",
    "stretch",
    "window",
]

# Narrow tails on purpose: a finger on a large plate fills two per cent of the picture, and
# clipping the usual one per cent at either end would take half of its bone. One pixel in a
# thousand is enough against dead pixels and the rim of lead markers.
LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9

# Pixels taken at once where a step needs eight bytes for each: NumPy's indices, and float64.
_BLOCK = 1 << 18


def robust_limits(
    values: NDArray[Any], counts: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """Return the grey values to be shown black and white.

    Args:
        values: grey values of any real dtype and shape; NaN and infinities are left out.
        counts: how often each value occurs, same shape; default: once. A count of 0 leaves
            a value out (pixel padding). Meant for tables; images go without, in no more
            memory than a copy takes.

    Returns:
        The values at `LOW_PERCENTILE` and `HIGH_PERCENTILE`; minimum and maximum where
        these coincide; (0.0, 0.0) where no value is left.
    """
    kept = np.isfinite(values)
    if counts is not None:
        kept &= counts > 0
    flat = values[kept]  # a copy, in one dimension
    if flat.size == 0:
        return 0.0, 0.0
    shares = np.array([LOW_PERCENTILE, HIGH_PERCENTILE]) / 100
    if counts is None:
        ranks = np.maximum(np.ceil(shares * flat.size).astype(np.int64) - 1, 0)
        flat.partition(ranks)
        low, high = flat[ranks]
    else:
        order = np.argsort(flat, kind="stable")
        flat, below = flat[order], np.cumsum(counts[kept][order])
        low, high = flat[np.minimum(np.searchsorted(below, shares * below[-1]), flat.size - 1)]
    if low == high:
        low, high = flat.min(), flat.max()
    return float(low), float(high)


def stretch(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255, linearly, clipped; NaN becomes 0.

    Args:
        values: grey values of any real dtype and shape.
        low, high: as `robust_limits` gives them; all becomes 0 where they coincide.

    Returns:
        uint8, same shape.
    """
    shown = np.zeros(values.size, np.uint8)
    if not high > low:
        return shown.reshape(values.shape)
    flat = values.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        # Halved first: the span of two finite floats may itself be infinite.
        share = (flat[part].astype(np.float64) / 2 - low / 2) / (high / 2 - low / 2)
        share = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
        shown[part] = np.rint(np.clip(share, 0.0, 1.0) * 255)
    return shown.reshape(values.shape)


def count_levels(levels: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Return how often each of the levels 0 to `size` - 1 occurs.

    Args:
        levels: unsigned, any shape.

    Returns:
        int64, shape (size,).
    """
    counts = np.zeros(size, np.int64)
    flat = levels.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        counts += np.bincount(flat[start : start + _BLOCK], minlength=size)
    return counts


def look_up(table: NDArray[np.uint8], levels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return `table[levels]`: uint8, shape of `levels`."""
    flat = levels.reshape(-1)
    found = np.empty(flat.size, np.uint8)
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = table[flat[part]]
    return found.reshape(levels.shape)


def window(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring an image of any real dtype to 8 bits by its robust limits.

    Args:
        pixels: shape (height, width).

    Returns:
        uint8, same shape. A constant image becomes 0.
    """
    if pixels.dtype == np.uint16:
        domain = np.arange(1 << 16)
        counts = count_levels(pixels, domain.size)
        return look_up(stretch(domain, *robust_limits(domain, counts)), pixels)
    return stretch(pixels, *robust_limits(pixels))


def luminance(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Return the grey of an RGB image, by the weights of ITU-R BT.601.

    Args:
        colour: shape (height, width, 3), red first.

    Returns:
        float32, shape (height, width), in the range of `colour`.
    """
    grey = np.zeros(colour.shape[:2], np.float32)
    for channel, weight in enumerate((0.299, 0.587, 0.114)):
        grey += colour[..., channel].astype(np.float32) * np.float32(weight)
    return grey
