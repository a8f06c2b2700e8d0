"""The grey window for images deeper than 8 bits that bring none: pure functions on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIGH_PERCENTILE", "LOW_PERCENTILE", "luminance", "robust_limits", "stretch", "window"]

# Narrow tails on purpose: a finger on a large plate fills two per cent of the picture, and
# clipping the usual one per cent at either end would take half of its bone. One pixel in a
# thousand is enough against dead pixels and the rim of lead markers.
LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9


def robust_limits(
    values: NDArray[Any], counts: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """Return the grey values to be shown black and white.

    Args:
        values: grey values of any real dtype and shape; NaN and infinities are left out.
        counts: how often each value occurs, same shape; default: once. A count of 0 leaves
            a value out (pixel padding).

    Returns:
        The values at `LOW_PERCENTILE` and `HIGH_PERCENTILE`; minimum and maximum where
        these coincide; (0.0, 0.0) where no value is left.
    """
    flat = np.asarray(values, dtype=np.float64).ravel()
    weights = np.ones(flat.shape, np.int64) if counts is None else counts.ravel()
    kept = np.isfinite(flat) & (weights > 0)
    flat, weights = flat[kept], weights[kept]
    if flat.size == 0:
        return 0.0, 0.0
    order = np.argsort(flat, kind="stable")
    flat, below = flat[order], np.cumsum(weights[order])
    ranks = np.array([LOW_PERCENTILE, HIGH_PERCENTILE]) / 100 * below[-1]
    low, high = flat[np.minimum(np.searchsorted(below, ranks), flat.size - 1)]
    if low == high:
        low, high = flat[0], flat[-1]
    return float(low), float(high)


def stretch(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map `low` to 0 and `high` to 255, linearly, clipped; NaN becomes 0.

    Args:
        values: grey values of any real dtype and shape.
        low, high: as `robust_limits` gives them; all becomes 0 where they coincide.

    Returns:
        uint8, same shape.
    """
    if not high > low:
        return np.zeros(values.shape, np.uint8)
    # Halved first: the span of two finite floats may itself be infinite.
    share = (values.astype(np.float64) / 2 - low / 2) / (high / 2 - low / 2)
    share = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(share, 0.0, 1.0) * 255).astype(np.uint8)


def window(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring an image of any real dtype to 8 bits by its robust limits.

    Args:
        pixels: shape (height, width).

    Returns:
        uint8, same shape. A constant image becomes 0.
    """
    if pixels.dtype == np.uint16:
        domain = np.arange(1 << 16)
        counts = np.bincount(pixels.ravel(), minlength=domain.size)
        shown: NDArray[np.uint8] = stretch(domain, *robust_limits(domain, counts))[pixels]
        return shown
    return stretch(pixels, *robust_limits(pixels))


def luminance(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Return the grey of an RGB image, by the weights of ITU-R BT.601.

    Args:
        colour: shape (height, width, 3), red first.

    Returns:
        float32, shape (height, width), in the range of `colour`.
    """
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(colour.astype(np.float32) @ weights, dtype=np.float32)
