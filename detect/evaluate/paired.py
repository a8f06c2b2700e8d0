"""Do two models differ on the same images? Pure functions on arrays.

`labels` is bool, shape (n,), True for fractured; `first` and `second` are float, shape (n,),
finite, the scores of either model for the same images in the same order. Differences are
first minus second. Every function raises ValueError where the shapes differ or a score is
not finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate
from detect.evaluate.verdict_metrics import (
    NEEDS_BOTH_CLASSES,
    Labels,
    Scores,
    area_under_roc,
    placements,
)

__all__ = ["NO_SUCH_IMAGE", "Difference", "auroc_difference", "mcnemar"]


ALIKE = "both models read every image alike"
NO_SUCH_IMAGE = "no image of this kind that both models read"


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart two models are, and how probable so much would be if they were alike."""

    difference: Estimate
    p_value: float | None  # two-sided; None where there is no test
    test: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types: the estimate's, p_value and test."""
        return {**self.difference.to_json(), "p_value": self.p_value, "test": self.test}


def auroc_difference(labels: Labels, first: Scores, second: Scores) -> Difference:
    """Return the difference of two areas under the ROC curve over the same images.

    The paired test of DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more
    correlated receiver operating characteristic curves", Biometrics 1988, section 3: the
    covariance of the structural components, and a normal test. Takes images as independent;
    where patients have several, the bootstrap by group is the one to trust.
    """
    from scipy.stats import norm

    test = "DeLong, paired"
    areas = area_under_roc(labels, first), area_under_roc(labels, second)
    if areas[0] is None or areas[1] is None:
        return Difference(Estimate(None, reason=NEEDS_BOTH_CLASSES), None, test)
    value = areas[0] - areas[1]
    components = [placements(labels, scores) for scores in (first, second)]
    of_positives, of_negatives = (np.stack(pair) for pair in zip(*components, strict=True))
    if of_positives.shape[1] < 2 or of_negatives.shape[1] < 2:
        reason = "no interval: needs two images of each kind"
        return Difference(Estimate(value, reason=reason), None, test)
    covariance = np.cov(of_positives) / of_positives.shape[1]
    covariance += np.cov(of_negatives) / of_negatives.shape[1]
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 1e-15:  # rounding of equal components
        reason = "no interval: both models rank the images alike"
        return Difference(Estimate(value, reason=reason), None, test)
    deviation = np.sqrt(variance)
    half = float(norm.ppf((1 + CONFIDENCE_LEVEL) / 2) * deviation)
    interval = max(-1.0, value - half), min(1.0, value + half)
    p_value = float(2 * norm.sf(abs(value) / deviation))
    return Difference(Estimate(value, interval, "DeLong"), p_value, test)


def mcnemar(
    labels: Labels, first: Labels, second: Labels, *, among: bool | None = None
) -> dict[str, Any]:
    """Return McNemar's exact test of whether two models are right equally often.

    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 1947, in its exact form: of the images that one model alone
    reads rightly, half would fall to either if the two were alike (binomial test).

    Args:
        labels: bool, shape (n,).
        first: bool, shape (n,); whether the first model calls the image fractured.
        second: bool, shape (n,); whether the second does.
        among: True: fractured images alone, so sensitivities are compared; False: images
            without fracture, so specificities; None: all, so accuracies.

    Returns:
        n, first_right_only, second_right_only, p_value (None where no image is in question,
        with a reason).
    """
    from scipy.stats import binomtest

    if not labels.shape == first.shape == second.shape:
        raise ValueError(f"expected (n,) thrice: {labels.shape}, {first.shape}, {second.shape}")
    inside = np.ones_like(labels) if among is None else labels == among
    first_right, second_right = (first == labels)[inside], (second == labels)[inside]
    first_only = int(np.sum(first_right & ~second_right))
    second_only = int(np.sum(second_right & ~first_right))
    differing = first_only + second_only
    p_value = float(binomtest(first_only, differing).pvalue) if differing else None
    return {
        "n": int(inside.sum()),
        "first_right_only": first_only,
        "second_right_only": second_only,
        "p_value": p_value,
        "test": "McNemar, exact",
        "reason": None if differing else ALIKE if inside.any() else NO_SUCH_IMAGE,
    }
