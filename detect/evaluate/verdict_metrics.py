"""How well a score tells fractured images from the others: pure functions on arrays.

`labels` is bool, shape (n,), True for fractured; `scores` is float, shape (n,), finite,
higher for "fractured". Every function raises ValueError where the shapes differ or a
score is not finite, and returns None (with a reason where it returns an `Estimate`)
where the figure is undefined.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate

__all__ = [
    "NEEDS_BOTH_CLASSES",
    "area_under_roc",
    "auroc_delong",
    "average_precision",
    "check_scores",
    "placements",
    "precision_recall",
    "roc_points",
    "sensitivity_at_specificity",
]

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]

NEEDS_BOTH_CLASSES = "needs fractured images and images without fracture"


def area_under_roc(labels: Labels, scores: Scores) -> float | None:
    """Return P(score of a fractured image > score of another), ties counting one half.

    The Mann-Whitney form (Hanley & McNeil, Radiology 1982). None where a class is absent.
    """
    check_scores(labels, scores)
    if labels.all() or not labels.any():
        return None
    return float(placements(labels, scores)[0].mean())


def auroc_delong(labels: Labels, scores: Scores) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval.

    DeLong, DeLong & Clarke-Pearson, Biometrics 1988, by the midrank algorithm of Sun &
    Xu, IEEE Signal Processing Letters 2014; normal interval clipped to 0..1. Takes the
    images as independent; `bootstrap_estimates` does not.
    """
    from scipy.stats import norm

    value = area_under_roc(labels, scores)
    if value is None:
        return Estimate(None, reason=NEEDS_BOTH_CLASSES)
    of_positives, of_negatives = placements(labels, scores)
    if len(of_positives) < 2 or len(of_negatives) < 2:
        return Estimate(value, reason="no interval: needs two images of each kind")
    variance = of_positives.var(ddof=1) / len(of_positives)
    variance += of_negatives.var(ddof=1) / len(of_negatives)
    if variance == 0:
        return Estimate(value, reason="no interval: the scores separate the classes entirely")
    half = float(norm.ppf((1 + CONFIDENCE_LEVEL) / 2) * np.sqrt(variance))
    return Estimate(value, (max(0.0, value - half), min(1.0, value + half)), "DeLong")


def average_precision(labels: Labels, scores: Scores) -> float | None:
    """Return the step-wise area under the precision-recall curve, not interpolated.

    scikit-learn's `average_precision_score`. None where a class is absent: without an image to
    confuse with the fractured ones it is 1 whatever the scores.
    """
    from sklearn.metrics import average_precision_score

    check_scores(labels, scores)
    if labels.all() or not labels.any():
        return None
    return float(average_precision_score(labels, scores))


def sensitivity_at_specificity(
    labels: Labels, scores: Scores, specificity: float
) -> tuple[float, float | None] | None:
    """Return the highest sensitivity that keeps at least this specificity, and its threshold.

    The threshold is read off these very images, so the figure compares rankings; it is
    not the sensitivity to expect of a threshold fixed beforehand. It is None where no
    fractured image passes. No interpolation between thresholds. None where a class is absent.

    Raises:
        ValueError: `specificity` lies outside 0..1.
    """
    check_scores(labels, scores)
    if not 0 <= specificity <= 1:
        raise ValueError(f"specificity {specificity} is not within 0..1")
    positives, negatives = scores[labels], scores[~labels]
    if not len(positives) or not len(negatives):
        return None
    # 1e-9: 0.55 of 100 images is 55 of them, though 0.55 * 100 > 55 in binary.
    kept = int(np.ceil(specificity * len(negatives) - 1e-9))
    passing = positives if kept == 0 else positives[positives > np.sort(negatives)[kept - 1]]
    if not len(passing):
        return 0.0, None
    return len(passing) / len(positives), float(passing.min())


def roc_points(
    labels: Labels, scores: Scores
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float | None]] | None:
    """Return (false positive rates, true positive rates, thresholds) from (0, 0) to (1, 1).

    The first threshold is None: above every score. None where a class is absent.
    """
    from sklearn.metrics import roc_curve

    check_scores(labels, scores)
    if labels.all() or not labels.any():
        return None
    false_rates, true_rates, thresholds = roc_curve(labels, scores)
    return false_rates, true_rates, [None, *(float(value) for value in thresholds[1:])]


def precision_recall(
    labels: Labels, scores: Scores
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return (recalls, precisions) at every threshold, recall rising; not interpolated.

    scikit-learn's `precision_recall_curve`, with its end point (0, 1). None without a
    fractured image.
    """
    from sklearn.metrics import precision_recall_curve

    check_scores(labels, scores)
    if not labels.any():
        return None
    precisions, recalls, _ = precision_recall_curve(labels, scores)
    return recalls[::-1], precisions[::-1]


def placements(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    """Return DeLong's structural components, V10 of the positives and V01 of the negatives."""
    from scipy.stats import rankdata

    positives, negatives = scores[labels], scores[~labels]
    ranks = rankdata(np.concatenate([positives, negatives]))
    below = (ranks[: len(positives)] - rankdata(positives)) / len(negatives)
    above = 1 - (ranks[len(positives) :] - rankdata(negatives)) / len(positives)
    return below, above


def check_scores(labels: Labels, scores: Scores) -> None:
    """Raise ValueError where labels and scores are not as this module states them."""
    if labels.shape != scores.shape or labels.ndim != 1 or labels.dtype != np.bool_:
        raise ValueError(f"expected bool (n,) and float (n,): {labels.shape}, {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
