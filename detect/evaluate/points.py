"""The rates of verdicts at operating points, also with failed images counted as read wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.confusion import Confusion
from detect.evaluate.estimate import Estimate
from detect.evaluate.verdict_metrics import Labels, Scores

__all__ = ["COMPOSITES", "Points", "points_at"]

COMPOSITES = ("f1", "youden", "kappa")  # what is no share of images, so needs a bootstrap


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What was said of n images at each operating point; make it with `points_at`.

    Attributes:
        names: of the operating points.
        cells: intp, shape (p, n); which cell of the confusion matrix each image falls into: true
            negative, false positive, false negative, true positive, from 0.
    """

    names: tuple[str, ...]
    cells: NDArray[np.intp]

    def composites(self, drawn: NDArray[np.intp]) -> list[float | None]:
        """Return `COMPOSITES` of some images, point by point.

        Args:
            drawn: indices of images, shape (k,), with repeats.
        """
        return [
            value
            for cells in self.cells
            for value in _confusion(cells[drawn]).composites().values()
        ]

    def confusions(self) -> dict[str, Confusion]:
        """Return the counts over all images by the name of the point."""
        return {name: _confusion(cells) for name, cells in zip(self.names, self.cells, strict=True)}

    def to_json(self, bootstrapped: tuple[Estimate, ...]) -> dict[str, dict[str, Any]]:
        """Return counts and rates by the name of the point, as plain JSON types.

        Args:
            bootstrapped: of `composites`, with their intervals.
        """
        found = {}
        for number, (name, confusion) in enumerate(self.confusions().items()):
            rates = confusion.rates()
            own = bootstrapped[number * len(COMPOSITES) : (number + 1) * len(COMPOSITES)]
            for rate, estimate in zip(COMPOSITES, own, strict=True):
                rates[rate] = rates[rate].bounded_by(estimate)
            rates_json = {rate: estimate.to_json() for rate, estimate in rates.items()}
            found[name] = confusion.counts() | rates_json
        return found


def points_at(labels: Labels, scores: Scores, thresholds: Mapping[str, float]) -> Points:
    """Return what is said of images at thresholds: fractured from the threshold on.

    Args:
        labels: bool, shape (n,), True for fractured.
        scores: float, shape (n,); NaN for an image that failed: at every threshold it counts as
            read wrongly, a fractured one as missed and another one as a false alarm.
        thresholds: by the name of the operating point.

    Raises:
        ValueError: the shapes differ.
    """
    if labels.shape != scores.shape or labels.dtype != np.bool_:
        raise ValueError(f"expected bool (n,) and float (n,): {labels.shape}, {scores.shape}")
    cells = np.empty((len(thresholds), len(labels)), dtype=np.intp)
    for row, threshold in zip(cells, thresholds.values(), strict=True):
        called = np.where(np.isnan(scores), ~labels, scores >= threshold)
        row[:] = 2 * labels + called
    return Points(tuple(thresholds), cells)


def _confusion(cells: NDArray[np.intp]) -> Confusion:
    true_negative, false_positive, false_negative, true_positive = np.bincount(
        cells, minlength=4
    ).tolist()
    return Confusion(true_positive, false_positive, false_negative, true_negative)
