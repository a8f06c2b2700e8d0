"""How well a score tells fractured images from the others: pure functions on arrays.

`labels` is bool, shape (n,), True for fractured; `scores` is float, shape (n,), finite,
higher for "fractured". Every function raises ValueError where the shapes differ or a
score is not finite, and returns None (with a reason where it returns an `Estimate`)
where the figure is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate, proportion

__all__ = [
    "NEEDS_BOTH_CLASSES",
    "Confusion",
    "area_under_roc",
    "auroc_delong",
    "average_precision",
    "confusion_at",
    "placements",
    "precision_recall",
    "roc_points",
    "sensitivity_at_specificity",
]

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]

NO_IMAGE = "no image that was read and whose label is known"
NO_FRACTURED = "no fractured image that was read"
NO_NORMAL = "no image without fracture that was read"
NEEDS_BOTH_CLASSES = "needs fractured images and images without fracture"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of images at one threshold, and the figures that follow from them."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    def with_errors(self, fractured: int, not_fractured: int) -> Confusion:
        """Return the counts with that many more images of each kind, all read wrongly."""
        return Confusion(
            self.true_positive,
            self.false_positive + not_fractured,
            self.false_negative + fractured,
            self.true_negative,
        )

    def rates(self) -> dict[str, Estimate]:
        """Return sensitivity, specificity, ppv, npv, accuracy, f1, youden and kappa.

        Proportions carry Wilson intervals. Youden's J = sensitivity + specificity - 1
        (Youden, Cancer 1950). Cohen's kappa: agreement with the truth beyond chance (Cohen,
        Educational and Psychological Measurement 1960). PPV and NPV hold at the prevalence
        of this sample only; see `at_prevalence`.
        """
        tp, fp = self.true_positive, self.false_positive
        fn, tn = self.false_negative, self.true_negative
        sensitivity = proportion(tp, tp + fn, NO_FRACTURED)
        specificity = proportion(tn, tn + fp, NO_NORMAL)
        if sensitivity.value is None or specificity.value is None:
            youden = Estimate(None, reason=NEEDS_BOTH_CLASSES)
        else:
            youden = Estimate(sensitivity.value + specificity.value - 1)
        if 2 * tp + fp + fn == 0:
            f1 = Estimate(None, reason="no image is fractured or called fractured")
        else:
            f1 = Estimate(2 * tp / (2 * tp + fp + fn))
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "ppv": proportion(tp, tp + fp, "no image was called fractured"),
            "npv": proportion(tn, tn + fn, "no image was called not fractured"),
            "accuracy": proportion(tp + tn, tp + fp + fn + tn, NO_IMAGE),
            "f1": f1,
            "youden": youden,
            "kappa": self._kappa(),
        }

    def at_prevalence(self, prevalence: float) -> dict[str, Estimate]:
        """Return ppv and npv as they would be where so many of the images are fractured.

        By Bayes' rule from sensitivity and specificity; intervals on the logit scale with the
        prevalence taken as known (Mercaldo, Lau & Zhou, "Confidence intervals for predictive
        values with an emphasis to case-control studies", Statistics in Medicine 2007).

        Args:
            prevalence: share of fractured images, within 0..1, both excluded.

        Raises:
            ValueError: `prevalence` lies elsewhere.
        """
        if not 0 < prevalence < 1:
            raise ValueError(f"prevalence {prevalence} is not between 0 and 1")
        fractured = self.true_positive + self.false_negative
        normal = self.true_negative + self.false_positive
        if not fractured or not normal:
            nothing = Estimate(None, reason=NEEDS_BOTH_CLASSES)
            return {"ppv": nothing, "npv": nothing}
        sensitivity, specificity = self.true_positive / fractured, self.true_negative / normal
        odds = prevalence / (1 - prevalence)
        return {
            "ppv": _predictive_value(
                (sensitivity, fractured), (1 - specificity, normal), odds, "called fractured"
            ),
            "npv": _predictive_value(
                (specificity, normal), (1 - sensitivity, fractured), 1 / odds, "called normal"
            ),
        }

    def _kappa(self) -> Estimate:
        tp, fp = self.true_positive, self.false_positive
        fn, tn = self.false_negative, self.true_negative
        n = tp + fp + fn + tn
        by_chance = (tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)  # times n squared
        if n == 0:
            return Estimate(None, reason=NO_IMAGE)
        if by_chance == n * n:
            return Estimate(None, reason="truth and verdict are one and the same class throughout")
        return Estimate((n * (tp + tn) - by_chance) / (n * n - by_chance))

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the rates as plain JSON types."""
        counts = {
            "true_positive": self.true_positive,
            "false_positive": self.false_positive,
            "false_negative": self.false_negative,
            "true_negative": self.true_negative,
        }
        return counts | {name: rate.to_json() for name, rate in self.rates().items()}


def _predictive_value(
    right: tuple[float, int], wrong: tuple[float, int], odds: float, called: str
) -> Estimate:
    """Return right·odds / (right·odds + wrong), `right` and `wrong` being (rate, images)."""
    from scipy.special import expit
    from scipy.stats import norm

    (rate, n_right), (error, n_wrong) = right, wrong
    if rate == error == 0:
        return Estimate(None, reason=f"no image was {called}")
    value = rate * odds / (rate * odds + error)
    if rate == 0 or error == 0:
        return Estimate(value, reason="no interval: a rate of 0 has no logit")
    deviation = np.sqrt((1 - rate) / (rate * n_right) + (1 - error) / (error * n_wrong))
    half = norm.ppf((1 + CONFIDENCE_LEVEL) / 2) * deviation
    centre = np.log(value / (1 - value))
    interval = float(expit(centre - half)), float(expit(centre + half))
    return Estimate(value, interval, "logit")


def confusion_at(labels: Labels, scores: Scores, threshold: float) -> Confusion:
    """Return the counts where an image is called fractured by `score >= threshold`."""
    _check(labels, scores)
    called = scores >= threshold
    return Confusion(
        true_positive=int(np.sum(called & labels)),
        false_positive=int(np.sum(called & ~labels)),
        false_negative=int(np.sum(~called & labels)),
        true_negative=int(np.sum(~called & ~labels)),
    )


def area_under_roc(labels: Labels, scores: Scores) -> float | None:
    """Return P(score of a fractured image > score of another), ties counting one half.

    The Mann-Whitney form (Hanley & McNeil, Radiology 1982). None where a class is absent.
    """
    _check(labels, scores)
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

    _check(labels, scores)
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
    _check(labels, scores)
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

    _check(labels, scores)
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

    _check(labels, scores)
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


def _check(labels: Labels, scores: Scores) -> None:
    if labels.shape != scores.shape or labels.ndim != 1 or labels.dtype != np.bool_:
        raise ValueError(f"expected bool (n,) and float (n,): {labels.shape}, {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
