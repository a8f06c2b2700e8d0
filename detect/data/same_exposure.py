"""Are two pictures the same exposure? Registered onto each other, then compared in detail.

The second picture is registered onto the first by the enhanced correlation coefficient
(Evangelidis & Psarakis, "Parametric Image Alignment Using Enhanced Correlation Coefficient
Maximization", TPAMI 30(10), 2008; an affine map), on 32, 64 and 192 pixels in turn. Brightness
and contrast are removed place by place beforehand (mean and deviation within some 4 pixels), so
that what is compared are edges and texture, not the outline of a limb, which all radiographs of
one kind share. Each step asks for a correlation over the common part, and most pairs end at
the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.fingerprint import SMALL, Affine, in_pixels

__all__ = ["STEPS", "Step", "flattened", "similarity"]

_COMMON = 0.6  # least share of the first picture that the second covers

Grey = NDArray[np.uint8]
Flat = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison; lengths in pixels of its pictures."""

    side: int  # of the pictures, which are stretched to squares
    blur: float  # standard deviation of a Gaussian that removes noise; 0: none
    spread: float  # likewise, of the neighbourhood whose brightness and contrast are removed
    iterations: int  # of the registration, at most
    least: float  # correlation from which on two pictures pass
    detailed: bool  # needs the image itself; its thumbnail does for the others


STEPS = (
    Step(SMALL // 2, 0.0, 2.0, 8, 0.80, detailed=False),
    Step(SMALL, 0.0, 4.0, 12, 0.82, detailed=False),
    Step(3 * SMALL, 1.0, 4.0, 20, 0.86, detailed=True),
)


def flattened(pixels: Grey, step: Step) -> Flat:
    """Return a picture as it is compared, brightness and contrast removed place by place.

    Args:
        pixels: grey, uint8, shape (height, width).
        step: that it is for.

    Returns:
        float32, shape (side, side).
    """
    size = (step.side, step.side)
    grey = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    if step.blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), step.blur), np.float32)
    rest = grey - cv2.GaussianBlur(grey, (0, 0), step.spread)
    deviation = np.sqrt(cv2.GaussianBlur(rest * rest, (0, 0), step.spread))
    return np.asarray(rest / (deviation + 4), np.float32)  # 4: noise of an even ground stays small


def similarity(first: Flat, second: Flat, start: Affine, iterations: int) -> tuple[float, Affine]:
    """Register `second` onto `first` and return how alike they are, and the map found.

    Args:
        first: float32, square.
        second: likewise, of the same size.
        start: map of the unit square from first to second.
        iterations: at most.

    Returns:
        the correlation (−1 … 1) over what both show; −1 where that is too little, or where
        nothing could be registered; and the map.
    """
    side = first.shape[0]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, iterations, 1e-4)
    everywhere = np.ones(second.shape, np.uint8)
    try:
        _, warp = cv2.findTransformECC(
            first, second, in_pixels(start, side), cv2.MOTION_AFFINE, criteria, everywhere, 3
        )
    except cv2.error as error:
        if error.code != cv2.Error.StsNoConv:
            raise
        return -1.0, start
    matrix = np.asarray(warp, np.float32)
    inverse, shape = cv2.WARP_INVERSE_MAP, (side, side)
    moved = np.asarray(
        cv2.warpAffine(second, matrix, shape, flags=inverse | cv2.INTER_LINEAR), np.float32
    )
    inside = np.asarray(
        cv2.warpAffine(everywhere, matrix, shape, flags=inverse | cv2.INTER_NEAREST), bool
    )
    if inside.mean() < _COMMON:
        return -1.0, start
    one, other = first[inside], moved[inside]
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt(one.dot(one) * other.dot(other)))
    return (float(one.dot(other)) / size if size else -1.0), _in_square(matrix, side)


def _in_square(matrix: NDArray[np.float32], side: int) -> Affine:
    linear = matrix[:, :2].astype(float)
    shift = (matrix[:, 2] - (side - 1) / 2 * (1 - linear.sum(axis=1))) / side
    return np.column_stack([linear, shift])
