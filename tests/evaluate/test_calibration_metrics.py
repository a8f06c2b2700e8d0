"""Calibration metrics against scikit-learn and direct maximisation of the likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from detect.evaluate import calibration_metrics as cm

Sample = tuple[NDArray[np.bool_], NDArray[np.float64]]


def arrays(pairs: list[tuple[bool, int]]) -> Sample:
    return (
        np.array([label for label, _ in pairs], dtype=bool),
        np.array([score / 50 for _, score in pairs], dtype=float),
    )


samples = st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=2, max_size=60).map(
    arrays
)


def drawn(seed: int, n: int, intercept: float, slope: float) -> Sample:
    """Outcomes whose true log odds are intercept + slope * logit(probability)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 1.5, n)
    truth = 1 / (1 + np.exp(-(intercept + slope * logits)))
    return generator.random(n) < truth, 1 / (1 + np.exp(-logits))


def test_bins_of_equal_width_are_scikit_learns() -> None:
    labels, probabilities = drawn(1, 500, 0, 1)
    fractions, means = calibration_curve(labels, probabilities, n_bins=10, strategy="uniform")
    bins = cm.reliability_bins(labels, probabilities, 10, "equal_width")
    assert [item.mean_probability for item in bins] == pytest.approx(means)
    assert [item.fraction_fractured for item in bins] == pytest.approx(fractions)


def test_bins_of_equal_mass_are_scikit_learns_and_equal() -> None:
    labels, probabilities = drawn(2, 500, 0, 1)
    bins = cm.reliability_bins(labels, probabilities, 10, "equal_mass")
    assert [item.count for item in bins] == [50] * 10
    fractions, means = calibration_curve(labels, probabilities, n_bins=10, strategy="quantile")
    assert [item.mean_probability for item in bins] == pytest.approx(means)
    assert [item.fraction_fractured for item in bins] == pytest.approx(fractions)


@given(samples, st.integers(1, 15), st.sampled_from(cm.BINNINGS), st.randoms(use_true_random=False))
def test_error_ignores_order_and_bins_hold_everything(
    sample: Sample,
    n_bins: int,
    binning: cm.Binning,
    random,  # type: ignore[no-untyped-def]
) -> None:
    labels, probabilities = sample
    bins = cm.reliability_bins(labels, probabilities, n_bins, binning)
    assert sum(item.count for item in bins) == len(labels)
    assert len(bins) <= n_bins
    error = cm.expected_calibration_error(labels, probabilities, n_bins, binning).value
    assert error is not None
    assert 0 <= error <= 1
    order = np.array(random.sample(range(len(labels)), len(labels)))
    again = cm.expected_calibration_error(labels[order], probabilities[order], n_bins, binning)
    assert again.value == pytest.approx(error)


def test_error_of_a_case_by_hand() -> None:
    labels = np.array([0, 1, 1, 1], dtype=bool)
    probabilities = np.array([0.1, 0.2, 0.8, 1.0])
    # two bins: means 0.15 and 0.9, fractions 0.5 and 1.0, two images each
    for binning in cm.BINNINGS:
        error = cm.expected_calibration_error(labels, probabilities, 2, binning).value
        assert error == pytest.approx((0.35 + 0.1) / 2)


@given(samples)
def test_brier_is_scikit_learns(sample: Sample) -> None:
    assume(sample[0].any() and not sample[0].all())
    assert cm.brier_score(*sample).value == pytest.approx(brier_score_loss(*sample))


@pytest.mark.parametrize(("intercept", "slope"), [(0, 1), (0.8, 1), (0, 0.5), (-0.5, 1.6)])
def test_intercept_and_slope_maximise_the_likelihood(intercept: float, slope: float) -> None:
    labels, probabilities = drawn(3, 4000, intercept, slope)
    logits = np.log(probabilities / (1 - probabilities))
    signs = np.where(labels, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -signs * (parameters[0] + parameters[1] * logits)).sum())

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
    found = cm.calibration_slope(labels, probabilities).value
    assert found == pytest.approx(best.x[1], abs=1e-5)
    assert found == pytest.approx(slope, abs=0.15)
    large = minimize(
        lambda a: loss(np.array([a[0], 1.0])), [0.0], method="Nelder-Mead", options={"xatol": 1e-8}
    )
    assert cm.calibration_intercept(labels, probabilities).value == pytest.approx(
        large.x[0], abs=1e-4
    )
    if slope == 1:
        assert large.x[0] == pytest.approx(intercept, abs=0.15)


def test_no_image_is_undefined() -> None:
    nothing = np.zeros(0, dtype=bool), np.zeros(0)
    assert cm.reliability_bins(*nothing, 10, "equal_mass") == ()
    for estimate in (
        cm.expected_calibration_error(*nothing, 10, "equal_width"),
        cm.brier_score(*nothing),
        cm.calibration_intercept(*nothing),
        cm.calibration_slope(*nothing),
    ):
        assert estimate.value is None
        assert estimate.reason


@pytest.mark.parametrize(
    ("labels", "probabilities", "reason"),
    [
        ([True, True], [0.2, 0.9], "needs fractured images"),
        ([False], [0.2], "needs fractured images"),
        ([False, True], [0.4, 0.4], "every probability is the same"),
        ([False, False, True], [0.1, 0.4, 0.4], "separate"),
        ([True, True, False], [0.1, 0.4, 0.9], "separate"),
    ],
)
def test_slope_without_an_answer_says_why(
    labels: list[bool], probabilities: list[float], reason: str
) -> None:
    estimate = cm.calibration_slope(np.array(labels), np.array(probabilities))
    assert estimate.value is None
    assert estimate.reason is not None
    assert reason in estimate.reason


def test_certain_probabilities_stay_finite() -> None:
    labels = np.array([True, False, True, False])
    probabilities = np.array([1.0, 0.0, 0.0, 1.0])
    assert cm.calibration_intercept(labels, probabilities).value == pytest.approx(0, abs=1e-6)
    assert cm.calibration_slope(labels, probabilities).value == pytest.approx(0, abs=1e-6)


def test_unfit_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="within"):
        cm.brier_score(np.array([True]), np.array([1.2]))
    with pytest.raises(ValueError, match="within"):
        cm.brier_score(np.array([True]), np.array([np.nan]))
    with pytest.raises(ValueError, match="expected bool"):
        cm.brier_score(np.array([1.0]), np.array([1.0]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_bins"):
        cm.reliability_bins(np.array([True]), np.array([1.0]), 0, "equal_mass")


def test_error_by_chance_of_a_coin_is_its_mean_deviation() -> None:
    """Of 400 fair coins, the share of heads is off by √(2/π) standard deviations on average."""
    found = cm.error_of_perfect_calibration(
        np.full(400, 0.5), 10, "equal_width", n_draws=4000, seed=0
    )
    assert found.value == pytest.approx(np.sqrt(2 / np.pi) * 0.5 / np.sqrt(400), rel=0.05)
    assert found.interval is not None
    assert found.interval[1] == pytest.approx(2.24 * 0.5 / np.sqrt(400), rel=0.05)


@pytest.mark.parametrize("binning", cm.BINNINGS)
def test_errors_of_right_probabilities_are_mostly_within_what_chance_gives(
    binning: cm.Binning,
) -> None:
    within = []
    for seed in range(60):
        labels, probabilities = drawn(seed, 300, 0, 1)
        by_chance = cm.error_of_perfect_calibration(
            probabilities, 10, binning, n_draws=200, seed=seed
        )
        error = cm.expected_calibration_error(labels, probabilities, 10, binning).value
        assert by_chance.interval is not None
        assert error is not None
        within.append(by_chance.interval[0] <= error <= by_chance.interval[1])
    assert 0.85 < np.mean(within) <= 1
    labels, probabilities = drawn(0, 300, 1.5, 1)  # too low
    wrong = cm.expected_calibration_error(labels, probabilities, 10, binning).value
    chance = cm.error_of_perfect_calibration(probabilities, 10, binning, n_draws=200, seed=0)
    assert wrong is not None
    assert chance.interval is not None
    assert wrong > chance.interval[1]


def test_no_image_has_no_error_by_chance() -> None:
    found = cm.error_of_perfect_calibration(np.zeros(0), 10, "equal_mass", n_draws=5, seed=0)
    assert (found.value, found.reason) == (None, cm.NO_IMAGE)
