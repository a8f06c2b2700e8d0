"""How well fractures of each size are found, and how many fractured images get a right box.

COCO's size bands (32 and 96 pixels) were made for photographs. A fracture's share of the
image is what a reader, and a network that scales every image to one size, has to find it by:
bands are of the box's area as a share of the image's. On FracAtlas, the median is 0.4 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import Estimate, proportion
from detect.evaluate.matching import Matches

__all__ = ["BANDS", "Band", "band_sensitivity", "image_sensitivity"]


@dataclass(frozen=True, slots=True)
class Band:
    """Boxes whose share of the image lies in [low, high)."""

    name: str
    low: float
    high: float


BANDS = (
    Band("tiny", 0.0, 0.002),
    Band("small", 0.002, 0.005),
    Band("medium", 0.005, 0.02),
    Band("large", 0.02, float("inf")),
)


def band_sensitivity(
    matches: Matches, shares: NDArray[np.float64], band: Band, threshold: float | None
) -> Estimate:
    """Return the share of a band's fractures found at a score threshold, Wilson interval.

    Args:
        matches: of all images.
        shares: float64, shape (m,): area of each annotated box as a share of its image's area,
            through all images in their order.
        band: which of the boxes count.
        threshold: a detection counts if its score >= threshold; None: none counts.

    Raises:
        ValueError: `shares` does not have a value for each annotated box.
    """
    if len(shares) != int(matches.n_truths.sum()):
        raise ValueError(f"{len(shares)} shares for {int(matches.n_truths.sum())} boxes")
    inside = (shares >= band.low) & (shares < band.high)
    passed = matches.hits & (matches.scores >= (np.inf if threshold is None else threshold))
    found = np.zeros(len(shares), dtype=np.bool_)
    found[matches.found[passed]] = True
    return proportion(int((found & inside).sum()), int(inside.sum()), "no fracture of this size")


def image_sensitivity(matches: Matches, threshold: float | None) -> Estimate:
    """Return the share of images with fractures in which at least one is found, Wilson interval.

    Args:
        matches: of all images.
        threshold: as in `band_sensitivity`.
    """
    passed = matches.hits & (matches.scores >= (np.inf if threshold is None else threshold))
    fractured = int((matches.n_truths > 0).sum())
    hit = len(np.unique(matches.images[passed]))
    return proportion(hit, fractured, "no image with an annotated fracture")
