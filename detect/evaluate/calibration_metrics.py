"""Whether probabilities mean what they say: pure functions on arrays.

`labels` is bool, shape (n,), True for fractured; `probabilities` is float, shape (n,), 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import Estimate

__all__ = [
    "BINNINGS",
    "Bin",
    "brier_score",
    "calibration_intercept",
    "calibration_slope",
    "expected_calibration_error",
    "reliability_bins",
]

Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]
Binning = Literal["equal_width", "equal_mass"]
BINNINGS: tuple[Binning, ...] = ("equal_width", "equal_mass")

NO_IMAGE = "no image that was read and whose label is known"
CLIP = 1e-6  # probabilities are kept this far from 0 and 1 before the logit


@dataclass(frozen=True, slots=True)
class Bin:
    """The images whose probability falls into one interval; never empty."""

    count: int
    mean_probability: float
    fraction_fractured: float


def reliability_bins(
    labels: Labels, probabilities: Probabilities, n_bins: int, binning: Binning
) -> tuple[Bin, ...]:
    """Return the non-empty bins by ascending probability.

    `equal_width` cuts 0..1 into `n_bins` equal intervals; `equal_mass` cuts at the
    quantiles of `probabilities` (equal values stay in one bin, so there may be fewer
    bins). Intervals hold their lower end; the last one holds both.

    Raises:
        ValueError: shapes differ, a probability is not within 0..1, or `n_bins` < 1.
    """
    _check(labels, probabilities)
    if n_bins < 1:
        raise ValueError(f"n_bins {n_bins} is not at least 1")
    if not len(labels):
        return ()
    edges = np.linspace(0, 1, n_bins + 1)
    if binning == "equal_mass":
        edges = np.unique(np.quantile(probabilities, edges))
    index = np.searchsorted(edges[1:-1], probabilities, side="right")
    return tuple(
        Bin(
            count=int(inside.sum()),
            mean_probability=float(probabilities[inside].mean()),
            fraction_fractured=float(labels[inside].mean()),
        )
        for inside in (index == number for number in np.unique(index))
    )


def expected_calibration_error(
    labels: Labels, probabilities: Probabilities, n_bins: int, binning: Binning
) -> Estimate:
    """Return the count-weighted mean of |mean probability - fraction fractured| over bins.

    Naeini, Cooper & Hauskrecht, AAAI 2015, on P(fracture) rather than on the confidence
    of the winning class; bins as `reliability_bins`.
    """
    bins = reliability_bins(labels, probabilities, n_bins, binning)
    if not bins:
        return Estimate(None, reason=NO_IMAGE)
    gaps = sum(item.count * abs(item.mean_probability - item.fraction_fractured) for item in bins)
    return Estimate(gaps / len(labels))


def brier_score(labels: Labels, probabilities: Probabilities) -> Estimate:
    """Return the mean squared difference of probability and outcome (Brier 1950)."""
    _check(labels, probabilities)
    if not len(labels):
        return Estimate(None, reason=NO_IMAGE)
    return Estimate(float(np.mean((probabilities - labels) ** 2)))


def calibration_intercept(labels: Labels, probabilities: Probabilities) -> Estimate:
    """Return the calibration-in-the-large: a in logit P(y) = a + logit p; 0 is ideal.

    Maximum likelihood, slope held at 1; above 0 the probabilities are too low. Cox,
    Biometrika 1958; Van Calster et al., BMC Medicine 2019.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    _check(labels, probabilities)
    if not len(labels) or labels.all() or not labels.any():
        return Estimate(None, reason="needs fractured images and images without fracture")
    logits = _logits(probabilities)
    # The score equation falls strictly in a; the logits lie within +-14, so +-40 brackets
    # its root for any mix of fewer than 1e10 images.
    root = brentq(lambda a: float(np.sum(labels - expit(logits + a))), -40, 40, xtol=1e-10)
    return Estimate(float(root))


def calibration_slope(labels: Labels, probabilities: Probabilities) -> Estimate:
    """Return b in logit P(y) = a + b logit p; 1 is ideal, below 1 is overconfident.

    Maximum likelihood, unpenalised. Cox, Biometrika 1958; Van Calster et al., BMC
    Medicine 2019.
    """
    from sklearn.linear_model import LogisticRegression

    _check(labels, probabilities)
    if not len(labels) or labels.all() or not labels.any():
        return Estimate(None, reason="needs fractured images and images without fracture")
    logits = _logits(probabilities)
    positives, negatives = logits[labels], logits[~labels]
    if np.ptp(logits) == 0:
        return Estimate(None, reason="every probability is the same")
    if positives.min() >= negatives.max() or negatives.min() >= positives.max():
        return Estimate(None, reason="the probabilities separate the classes entirely")
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(logits[:, None], labels)
    return Estimate(float(model.coef_[0, 0]))


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    from scipy.special import logit

    clipped: NDArray[np.float64] = logit(np.clip(probabilities, CLIP, 1 - CLIP))
    return clipped


def _check(labels: Labels, probabilities: Probabilities) -> None:
    if labels.shape != probabilities.shape or labels.ndim != 1 or labels.dtype != np.bool_:
        raise ValueError(
            f"expected bool (n,) and float (n,): {labels.shape}, {probabilities.shape}"
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("probabilities must lie within 0..1")
