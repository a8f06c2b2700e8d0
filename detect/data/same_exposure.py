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

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.fingerprint import Affine, in_pixels

__all__ = ["DETAILED", "detailed", "looks_same", "same_in_detail", "similarity"]

DETAILED = 192  # side of the pictures that decide, in pixels
_COMMON = 0.6  # least share of the first picture that the second covers

Grey = NDArray[np.uint8]
Flat = NDArray[np.float32]


def looks_same(first: Grey, second: Grey, start: Affine) -> Affine | None:
    """Register two thumbnails; the cheap test that most pairs fail.

    Args:
        first: uint8, shape (64, 64), as `Fingerprint.small`.
        second: likewise.
        start: map from the first to the second, as of `fingerprint.probe`.

    Returns:
        the map found; None where the two do not look the same.
    """
    found = start
    for side, spread, steps, least in ((32, 2.0, 8, 0.83), (64, 4.0, 12, 0.87)):
        one, other = (_flat(_resized(pixels, side), spread, 0.0) for pixels in (first, second))
        score, found = similarity(one, other, found, steps)
        if score < least:
            return None
    return found


def same_in_detail(first: Flat, second: Flat, start: Affine) -> bool:
    """Compare two `detailed` pictures from where `looks_same` has put them."""
    return similarity(first, second, start, 20)[0] >= 0.87


def detailed(pixels: Grey) -> Flat:
    """Return a picture as `same_in_detail` compares it: float32, shape (192, 192)."""
    return _flat(_resized(pixels, DETAILED), 4.0, 1.0)


def similarity(first: Flat, second: Flat, start: Affine, steps: int) -> tuple[float, Affine]:
    """Register `second` onto `first` and return how alike they are, and the map found.

    Args:
        first: float32, square.
        second: likewise, of the same size.
        start: map of the unit square from first to second.
        steps: iterations at most.

    Returns:
        the correlation (−1 … 1) over what both show; −1 where that is too little, or where
        nothing could be registered; and the map.
    """
    side = first.shape[0]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, 1e-4)
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


def _resized(pixels: Grey, side: int) -> Grey:
    resized = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def _flat(pixels: Grey, spread: float, blur: float) -> Flat:
    """Remove brightness and contrast place by place."""
    grey = pixels.astype(np.float32)
    if blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), blur), np.float32)
    rest = grey - cv2.GaussianBlur(grey, (0, 0), spread)
    deviation = np.sqrt(cv2.GaussianBlur(rest * rest, (0, 0), spread))
    return np.asarray(rest / (deviation + 4), np.float32)  # 4: noise of an even ground stays small


def _in_square(matrix: NDArray[np.float32], side: int) -> Affine:
    linear = matrix[:, :2].astype(float)
    shift = (matrix[:, 2] - (side - 1) / 2 * (1 - linear.sum(axis=1))) / side
    return np.column_stack([linear, shift])
