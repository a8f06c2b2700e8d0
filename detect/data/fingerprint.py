"""Perceptual hashes of a picture and of its likely copies: mirrored, turned, tilted and cropped.

The hash is pHash (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
2010) as ImageHash computes it, of 16 × 16 = 256 bits. It hardly changes when a picture is encoded
again, resized, stretched, brightened or made noisy, but a turn by 5° changes a third of its bits.
So each picture is hashed in 34 ways ("probes"), and the one picture's own hash is compared with
all probes of the other: mirrored and turned by right angles (8), these tilted by −4° and +4°
(16), and 7.5 % cut off each side, or off two sides at each corner, mirrored and not (10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "BITS",
    "PROBES",
    "RIGHT_ANGLES",
    "SMALL",
    "Fingerprint",
    "fingerprint",
    "in_pixels",
    "probe",
]

SMALL = 64  # side of the thumbnail that is kept, in pixels
_SIDE = 16  # of the hash
BITS = _SIDE * _SIDE
_TILT = 4.0  # degrees
_CROP = 0.075  # of each side

_RIGHT_ANGLES = tuple(
    np.array(matrix, float)
    for matrix in (
        [[1, 0], [0, 1]],
        [[-1, 0], [0, 1]],
        [[1, 0], [0, -1]],
        [[-1, 0], [0, -1]],
        [[0, 1], [1, 0]],
        [[0, -1], [1, 0]],
        [[0, 1], [-1, 0]],
        [[0, -1], [-1, 0]],
    )
)
_ANCHORS = ((0.0, 0.0), (-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5))
_TILTS = (0.0, -_TILT, _TILT)
RIGHT_ANGLES = len(_RIGHT_ANGLES)  # the first so many probes; 0 is the picture itself
_TURNS = len(_TILTS) * RIGHT_ANGLES
PROBES = _TURNS + 2 * len(_ANCHORS)

Affine = NDArray[np.float64]  # shape (2, 3)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a picture from others, in 5.2 kB."""

    hashes: NDArray[np.uint8]  # packed bits, shape (PROBES, BITS / 8); 0 is its own
    small: NDArray[np.uint8]  # grey, shape (SMALL, SMALL), stretched to a square


def probe(number: int, aspect: float) -> Affine:
    """Return what probe `number` does: from its coordinates to those of the picture.

    Coordinates are those of the stretched square, −0.5 … 0.5 to the right and down.

    Args:
        number: 0 … PROBES − 1.
        aspect: width by height of the picture.
    """
    if number >= _TURNS:
        anchor, mirrored = divmod(number - _TURNS, 2)
        linear = _RIGHT_ANGLES[mirrored] * (1 - _CROP)
        return np.column_stack([linear, np.multiply(_ANCHORS[anchor], _CROP)])
    tilt, right = divmod(number, RIGHT_ANGLES)
    angle = math.radians(_TILTS[tilt])
    turn = np.array(
        [
            [math.cos(angle), math.sin(angle) / aspect],
            [-math.sin(angle) * aspect, math.cos(angle)],
        ]
    )
    return np.column_stack([turn @ _RIGHT_ANGLES[right], np.zeros(2)])


def in_pixels(affine: Affine, side: int) -> NDArray[np.float32]:
    """Return an affine map of the square as one of pixel centres, as OpenCV wants it."""
    linear, shift = affine[:, :2], affine[:, 2]
    moved = side * shift + (side - 1) / 2 * (1 - linear.sum(axis=1))
    return np.column_stack([linear, moved]).astype(np.float32)


def fingerprint(pixels: NDArray[np.uint8]) -> Fingerprint:
    """Hash a picture: grey, uint8, shape (height, width)."""
    height, width = pixels.shape
    base = _resized(pixels, 2 * SMALL)
    hashes = [
        _hash(base, in_pixels(probe(number, width / height), 2 * SMALL)) for number in range(PROBES)
    ]
    return Fingerprint(np.array(hashes), _resized(base, SMALL))


def _hash(base: NDArray[np.uint8], matrix: NDArray[np.float32]) -> NDArray[np.uint8]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(base, matrix, (len(base), len(base)), flags=flags)
    bits = imagehash.phash(Image.fromarray(_resized(seen, SMALL)), hash_size=_SIDE).hash
    return np.packbits(bits)


def _resized(pixels: NDArray[Any], side: int) -> NDArray[np.uint8]:
    resized = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)
