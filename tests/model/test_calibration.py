"""The calibrated probability: finite, ordered, and the logistic function to the last digit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.model.calibration import Calibration, box_logit

_finite = st.floats(-50, 50)


@settings(deadline=None)  # the machine may be busy
@given(_finite, st.floats(-5, 5), st.floats(-5, 5), _finite, st.floats(0, 1))
def test_is_the_logistic_function(
    intercept: float, image: float, box: float, logit: float, score: float
) -> None:
    probability = Calibration(intercept, image, box).probability(logit, score)
    z = intercept + image * logit + box * box_logit(score)
    expected = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
    assert probability == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert 0 <= probability <= 1


@pytest.mark.parametrize("logit", [-1e6, 1e6])
def test_far_logits_neither_overflow_nor_leave_the_unit_interval(logit: float) -> None:
    probability = Calibration(0.0, 1.0, 0.0).probability(logit, 0.5)
    assert probability == (1.0 if logit > 0 else 0.0)


def test_many_at_once_equal_one_by_one() -> None:
    rng = np.random.default_rng(0)
    calibration = Calibration(-0.3, 0.8, 0.4)
    logits, scores = rng.normal(0, 4, 100), rng.random(100)
    together = calibration.probabilities(logits, np.array([box_logit(s) for s in scores]))
    alone = [calibration.probability(a, b) for a, b in zip(logits, scores, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_either_opinion_raises_the_probability() -> None:
    calibration = Calibration(0.0, 0.7, 0.5)
    assert calibration.probability(1.0, 0.3) > calibration.probability(0.0, 0.3)
    assert calibration.probability(0.0, 0.9) > calibration.probability(0.0, 0.3)


def test_box_logit_is_log_odds_and_finite_at_the_ends() -> None:
    assert box_logit(0.5) == pytest.approx(0.0)
    assert box_logit(0.9) == pytest.approx(math.log(9))
    assert math.isfinite(box_logit(0.0))
    assert box_logit(0.0) == pytest.approx(-box_logit(1.0))
