"""Figures of a ranking for many resamples of the same images, which are sorted only once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.verdict_metrics import Labels, Scores, check_scores

__all__ = ["Ranking", "rank"]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """n images by descending score; make it with `rank`.

    Attributes:
        order: intp, shape (n,); indices of the images.
        labels: bool, shape (n,); in that order.
        ends: intp, shape (t,); the last place of each distinct score.
    """

    order: NDArray[np.intp]
    labels: Labels
    ends: NDArray[np.intp]

    def figures(
        self, drawn: NDArray[np.intp], specificity: float
    ) -> tuple[float | None, float | None, float | None]:
        """Return AUROC, average precision and sensitivity at a specificity of some images.

        The same as `area_under_roc`, `average_precision` and `sensitivity_at_specificity` of
        `verdict_metrics` give for those images; all None where a class is absent.

        Args:
            drawn: indices of images, shape (k,), with repeats.
            specificity: at least this is kept; within 0..1.
        """
        weights = np.bincount(drawn, minlength=len(self.order))[self.order]
        true = np.cumsum(weights * self.labels)[self.ends]
        false = np.cumsum(weights)[self.ends] - true
        if not len(true) or not true[-1] or not false[-1]:
            return None, None, None
        positives, negatives = int(true[-1]), int(false[-1])
        gained = np.diff(true, prepend=0)
        # each score's negatives are outranked by the positives above, and tie with its own
        outranked = float(np.diff(false, prepend=0) @ (true - gained / 2))
        precision = true / np.maximum(true + false, 1)
        # 1e-9: as in `sensitivity_at_specificity`
        kept = int(np.ceil(specificity * negatives - 1e-9))
        passing = int(np.searchsorted(false, negatives - kept, side="right"))
        return (
            outranked / (positives * negatives),
            float(gained @ precision) / positives,
            int(true[passing - 1]) / positives if passing else 0.0,
        )


def rank(labels: Labels, scores: Scores) -> Ranking:
    """Return the ranking of images.

    Args:
        labels, scores: as `verdict_metrics` states them.

    Raises:
        ValueError: the shapes differ, or a score is not finite.
    """
    check_scores(labels, scores)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])
    return Ranking(order, labels[order], ends)
