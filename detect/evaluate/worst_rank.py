"""A failed image as the worst answer that there is, where figures need a score of each."""

from __future__ import annotations

import numpy as np

from detect.evaluate.verdict_metrics import Labels, Scores

__all__ = ["worst_answers"]


def worst_answers(labels: Labels, probabilities: Scores) -> Scores:
    """Return probabilities in which each failed image is wrong with full certainty.

    The worst-rank rule for missing outcomes (Lachin, Controlled Clinical Trials 1999;20:408-422):
    a fractured image that failed gets 0 and another one 1, so that none ranks worse.

    Args:
        labels: bool, shape (n,).
        probabilities: float64, shape (n,), within 0..1; NaN for an image that failed.
    """
    worst = np.where(labels, 0.0, 1.0)
    return np.where(np.isnan(probabilities), worst, probabilities)
