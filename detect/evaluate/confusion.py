"""Counts of right and wrong verdicts at one threshold, and the rates that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate, proportion
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES

__all__ = ["Confusion"]

NO_IMAGE = "no image that was read and whose label is known"
NO_FRACTURED = "no fractured image that was read"
NO_NORMAL = "no image without fracture that was read"
NO_INTERVAL = "no interval: not told by counts alone"

# Why those rates that are no share of images may be undefined.
_UNDEFINED = {
    "f1": "no image is fractured or called fractured",
    "youden": NEEDS_BOTH_CLASSES,
    "kappa": "truth and verdict are one and the same class throughout",
}


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of images at one threshold, and the figures that follow from them."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    def rates(self) -> dict[str, Estimate]:
        """Return sensitivity, specificity, ppv, npv, accuracy, f1, youden and kappa.

        Proportions carry Wilson intervals. Youden's J = sensitivity + specificity - 1
        (Youden, Cancer 1950). Cohen's kappa: agreement with the truth beyond chance (Cohen,
        Educational and Psychological Measurement 1960). PPV and NPV hold at the prevalence
        of this sample only; see `at_prevalence`. F1, J and kappa are no shares of images, so
        counts alone give them no interval; `detect.evaluate.points` has it.
        """
        tp, fp = self.true_positive, self.false_positive
        fn, tn = self.false_negative, self.true_negative
        sensitivity = proportion(tp, tp + fn, NO_FRACTURED)
        specificity = proportion(tn, tn + fp, NO_NORMAL)
        undefined = _UNDEFINED if tp + fp + fn + tn else {**_UNDEFINED, "kappa": NO_IMAGE}
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "ppv": proportion(tp, tp + fp, "no image was called fractured"),
            "npv": proportion(tn, tn + fn, "no image was called not fractured"),
            "accuracy": proportion(tp + tn, tp + fp + fn + tn, NO_IMAGE),
            **{
                name: Estimate(value, reason=undefined[name] if value is None else NO_INTERVAL)
                for name, value in self.composites().items()
            },
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

    def composites(self) -> dict[str, float | None]:
        """Return f1, youden and kappa as `rates` has them; None where undefined."""
        tp, fp = self.true_positive, self.false_positive
        fn, tn = self.false_negative, self.true_negative
        n, fractured, called = tp + fp + fn + tn, tp + fn, tp + fp
        by_chance = called * fractured + (n - called) * (n - fractured)  # times n squared
        both = fractured and n - fractured
        return {
            "f1": 2 * tp / (called + fractured) if called + fractured else None,
            "youden": tp / fractured + tn / (n - fractured) - 1 if both else None,
            "kappa": (n * (tp + tn) - by_chance) / (n * n - by_chance)
            if by_chance < n * n
            else None,
        }

    def counts(self) -> dict[str, int]:
        """Return the four counts by name."""
        return {
            "true_positive": self.true_positive,
            "false_positive": self.false_positive,
            "false_negative": self.false_negative,
            "true_negative": self.true_negative,
        }


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
