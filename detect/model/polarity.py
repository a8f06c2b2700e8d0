"""Tells a radiograph saved as its negative, bone dark on light, from one as a viewer shows it.

DICOM says which of the two it is (PhotometricInterpretation), and the reader heeds it; a JPEG or
PNG exported wrongly does not. Three cues are added up, each of which changes its sign when dark
and light are exchanged:

- how far the median grey lies above mid grey: air and thin tissue, which are dark, fill most of a
  plain radiograph of a limb;
- how far it lies above the middle of the greys that occur, so that exposure matters less;
- how little the image is structured where it is bright: bone has edges and texture, air has none.

A plain border, as of a scan or a screenshot, belongs to neither and is cut off first. The limit is
where an image that is right is almost never taken for a negative, even if it is bright: turning a
right one over would cost more than leaving a negative as it is. Weights and limit were chosen on
FracAtlas, hands to shoulders. A chest of which the lungs alone are dark can look like a negative.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.read.radiograph import Radiograph

__all__ = ["INVERTED_WARNING", "bone_light", "looks_inverted", "negative_score"]

INVERTED_WARNING = "looks inverted (bone dark on light); read as its negative"

_SIDE = 64  # pixels of the longer side of what is looked at
_COARSE = 4  # times as many are averaged at most: a large image is thinned out first
_PLAIN = 5  # grey levels: a row or column that spans no more is border
_EDGE = 0.02  # of the shorter side: where border and image mix
_LEAST = 8  # pixels: what is smaller is not judged
_FAINTEST = 2.0  # grey levels of gradient that are told from none
_RELATIVE, _STRUCTURE = 0.5, 0.5  # weights of the second and third cue against the first
_LIMIT = 0.25


def bone_light(radiograph: Radiograph) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return a radiograph's pixels with bone light on dark, and what a person should know of it.

    A DICOM object is taken at its word.

    Returns:
        uint8 (h, w): its pixels themselves, or their negative; and a warning where it is that.
    """
    if radiograph.source.sop_instance_uid is not None or not looks_inverted(radiograph.pixels):
        return radiograph.pixels, ()
    return 255 - radiograph.pixels, (INVERTED_WARNING,)


def looks_inverted(pixels: NDArray[np.uint8]) -> bool:
    """Whether a radiograph (uint8 (h, w)) is more probably a negative than bright."""
    return negative_score(pixels) > _LIMIT


def negative_score(pixels: NDArray[np.uint8]) -> float:
    """Return how much speaks for a negative; below 0, how much against.

    Of an image in which nothing can be told, as a blank one, 0. The negative of an image has the
    opposite score, within the rounding of greys.

    Args:
        pixels: uint8 (h, w).
    """
    inner = _without_border(_thumbnail(pixels))
    if min(inner.shape) < _LEAST:
        return 0.0
    greys = inner.astype(np.float32)
    places = [round(at * (inner.size - 1)) for at in (0.02, 0.5, 0.98)]
    low, median, high = np.partition(inner, places, axis=None)[places].tolist()
    if high <= low:
        return 0.0
    absolute = median / 255 - 0.5
    relative = (median - (low + high) / 2) / (high - low)
    structure = _structure_where_bright(greys)
    return float(absolute + _RELATIVE * relative - _STRUCTURE * structure)


def _thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image with at most `_SIDE` pixels a side, made in a time that does not grow."""
    step = max(1, max(pixels.shape) // (_SIDE * _COARSE))
    coarse = np.ascontiguousarray(pixels[::step, ::step])
    scale = _SIDE / max(coarse.shape)
    if scale >= 1:
        return coarse
    height, width = coarse.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), np.uint8)


def _without_border(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut off rows and columns of one grey at the edges, and where they mix with the image."""
    for _ in range(2):  # down, then across
        spans = image.max(axis=1).astype(int) - image.min(axis=1)
        told = np.flatnonzero(spans > _PLAIN)
        if not len(told):
            return image[:0]
        image = image[told[0] : told[-1] + 1].T
    edge = round(_EDGE * min(image.shape))
    return np.ascontiguousarray(image[edge : len(image) - edge, edge : image.shape[1] - edge])


def _structure_where_bright(greys: NDArray[np.float32]) -> float:
    """Return the correlation of grey and the logarithm of its gradient, from -1 to 1."""
    across = cv2.Sobel(greys, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(greys, cv2.CV_32F, 0, 1)
    steep = cv2.log(np.abs(across) + np.abs(down) + _FAINTEST)
    steep -= steep.mean()
    centred = greys - greys.mean()
    scale = float(np.linalg.norm(steep) * np.linalg.norm(centred))
    return float(np.vdot(steep, centred)) / scale if scale else 0.0
