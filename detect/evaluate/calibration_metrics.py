"""Whether probabilities mean what they say: pure functions on arrays.

`labels` is bool, shape (n,), True for fractured; `probabilities` is float, shape (n,), 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate

__all__ = [
    "BINNINGS",
    "Bin",
    "brier_score",
    "calibration_intercept",
    "calibration_slope",
    "error_of_perfect_calibration",
    "expected_calibration_error",
    "reliability_bins",
]

Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]
Binning = Literal["equal_width", "equal_mass"]
BINNINGS: tuple[Binning, ...] = ("equal_width", "equal_mass")

NO_IMAGE = "no image that was read and whose label is known"
NEEDS_BOTH_CLASSES = "needs fractured images and images without fracture"
_MOST_STEPS = 100  # of Newton's method, which needs about five
# As long as no image's logit moves by more, a step of Newton's method raises the likelihood of a
# logistic model: Bach, "Self-concordant analysis for logistic regression", Electronic Journal of
# Statistics 2010.
_LONGEST_STEP = 1.5
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
    index = _bin_numbers(labels, probabilities, n_bins, binning)
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
    index = _bin_numbers(labels, probabilities, n_bins, binning)
    if not len(labels):
        return Estimate(None, reason=NO_IMAGE)
    gaps = np.bincount(index, weights=probabilities - labels)  # of each bin, times its count
    return Estimate(float(np.abs(gaps).sum()) / len(labels))


def error_of_perfect_calibration(
    probabilities: Probabilities, n_bins: int, binning: Binning, *, n_draws: int, seed: int
) -> Estimate:
    """Return the calibration error that chance alone gives to a perfectly calibrated model.

    The few images of a bin differ from its mean probability even then, so that an error is to be
    held against this one and not against 0. Labels are drawn from the probabilities, as Bröcker
    & Smith do for reliability diagrams (Weather and Forecasting 2007, "consistency resampling").
    Images are taken as independent: where those of a group go together, chance gives more.

    Args:
        probabilities: of n images.
        n_bins, binning: as for `expected_calibration_error`.
        n_draws: how often all labels are drawn.
        seed: of the draws.

    Returns:
        The mean of the draws; the interval holds CONFIDENCE_LEVEL of them.
    """
    probabilities = np.sort(probabilities)  # so that the order of images changes no draw
    index = _bin_numbers(np.zeros(len(probabilities), np.bool_), probabilities, n_bins, binning)
    if not len(probabilities):
        return Estimate(None, reason=NO_IMAGE)
    generator = np.random.default_rng(seed)
    errors = np.empty(n_draws)
    for number in range(n_draws):
        drawn = generator.random(len(probabilities)) < probabilities
        gaps = np.bincount(index, weights=probabilities - drawn)
        errors[number] = np.abs(gaps).sum() / len(probabilities)
    outside = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(errors, [outside, 1 - outside])
    return Estimate(
        float(errors.mean()), (float(low), float(high)), "labels drawn from the probabilities"
    )


def brier_score(labels: Labels, probabilities: Probabilities) -> Estimate:
    """Return the mean squared difference of probability and outcome (Brier 1950)."""
    _check(labels, probabilities)
    if not len(labels):
        return Estimate(None, reason=NO_IMAGE)
    return Estimate(float(np.mean((probabilities - labels) ** 2)))


def calibration_intercept(
    labels: Labels, probabilities: Probabilities, start: float = 0.0
) -> Estimate:
    """Return the calibration-in-the-large: a in logit P(y) = a + logit p; 0 is ideal.

    Maximum likelihood, slope held at 1; above 0 the probabilities are too low. Cox,
    Biometrika 1958; Van Calster et al., BMC Medicine 2019.

    Args:
        labels, probabilities: of n images.
        start: a guess, which saves steps.
    """
    from scipy.special import expit

    _check(labels, probabilities)
    if not len(labels) or labels.all() or not labels.any():
        return Estimate(None, reason=NEEDS_BOTH_CLASSES)
    logits, n_fractured = _logits(probabilities), int(labels.sum())
    a = start
    for _ in range(_MOST_STEPS):
        expected = expit(logits + a)
        weight = float(expected @ (1 - expected))
        # where no image is in doubt, only the direction is known
        step = (n_fractured - float(expected.sum())) / max(weight, 1e-300)
        a += min(max(step, -_LONGEST_STEP), _LONGEST_STEP)
        if abs(step) < 1e-9:
            break
    return Estimate(a)


def calibration_slope(labels: Labels, probabilities: Probabilities, start: float = 0.0) -> Estimate:
    """Return b in logit P(y) = a + b logit p; 1 is ideal, below 1 is overconfident.

    Maximum likelihood, unpenalised. Cox, Biometrika 1958; Van Calster et al., BMC Medicine 2019.
    By Newton's method on two parameters, since a bootstrap asks a thousand times.

    Args:
        labels, probabilities: of n images.
        start: a guess, which saves steps.
    """
    _check(labels, probabilities)
    if not len(labels) or labels.all() or not labels.any():
        return Estimate(None, reason=NEEDS_BOTH_CLASSES)
    logits = _logits(probabilities)
    positives, negatives = logits[labels], logits[~labels]
    if np.ptp(logits) == 0:
        return Estimate(None, reason="every probability is the same")
    if positives.min() >= negatives.max() or negatives.min() >= positives.max():
        return Estimate(None, reason="the probabilities separate the classes entirely")
    value = _steepness(labels, logits, start)
    reason = "the probabilities all but separate the classes" if value is None else None
    return Estimate(value, reason=reason)


def _steepness(labels: Labels, logits: NDArray[np.float64], start: float) -> float | None:
    """Return b of the likeliest logit P(y) = a + b logit, given that the classes overlap.

    None where they do so little that it cannot be told from infinity.
    """
    from scipy.special import expit, logit

    # Centred and scaled, the two parameters hardly depend on each other.
    centre, scale = logits.mean(), logits.std()
    x = (logits - centre) / scale
    squares, furthest = x * x, np.abs(x).max()
    a, b = float(logit(labels.mean())), start * scale
    for _ in range(_MOST_STEPS):
        expected = expit(a + b * x)
        residual, weight = labels - expected, expected * (1 - expected)
        up_a, up_b = residual.sum(), residual @ x
        w, wx, wxx = weight.sum(), weight @ x, weight @ squares
        determinant = w * wxx - wx * wx
        if determinant <= 1e-12 * w * wxx:
            return None
        step_a = (wxx * up_a - wx * up_b) / determinant
        step_b = (w * up_b - wx * up_a) / determinant
        shorter = min(1.0, _LONGEST_STEP / (abs(step_a) + abs(step_b) * furthest + 1e-300))
        a, b = a + shorter * step_a, b + shorter * step_b
        if up_a * step_a + up_b * step_b < 1e-12:  # twice what the likelihood has left to gain
            return float(b / scale)
    return None


def _bin_numbers(
    labels: Labels, probabilities: Probabilities, n_bins: int, binning: Binning
) -> NDArray[np.intp]:
    """Return the number of each image's bin, shape (n,); numbers of empty bins are left out."""
    _check(labels, probabilities)
    if n_bins < 1:
        raise ValueError(f"n_bins {n_bins} is not at least 1")
    if not len(labels):
        return np.empty(0, dtype=np.intp)
    edges = _shares(n_bins)
    if binning == "equal_mass":
        edges = np.unique(np.quantile(probabilities, edges))
    return np.searchsorted(edges[1:-1], probabilities, side="right")


@cache
def _shares(n_bins: int) -> NDArray[np.float64]:
    """Return 0 .. 1 in equal steps, shape (n_bins + 1,)."""
    return np.linspace(0, 1, n_bins + 1)


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
