"""Counts and rates at one threshold, against scikit-learn and Bayes' rule."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from detect.evaluate.confusion import Confusion
from detect.evaluate.points import points_at
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES

Sample = tuple[NDArray[np.bool_], NDArray[np.float64]]


def arrays(pairs: list[tuple[bool, int]]) -> Sample:
    labels = np.array([label for label, _ in pairs], dtype=bool)
    # few distinct scores, so that ties are common
    return labels, np.array([score / 8 for _, score in pairs], dtype=float)


samples = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=40).map(arrays)


@given(samples, st.integers(0, 9))
def test_confusion_and_rates_are_scikit_learns(sample: Sample, eighths: int) -> None:
    labels, scores = sample
    threshold = eighths / 8
    called = scores >= threshold
    confusion = points_at(labels, scores, {"one": threshold}).confusions()["one"]
    tn, fp, fn, tp = sk.confusion_matrix(labels, called, labels=[False, True]).ravel()
    assert confusion == Confusion(tp, fp, fn, tn)
    rates = confusion.rates()
    with_reference = {
        "sensitivity": (labels.any(), sk.recall_score(labels, called, zero_division=0)),
        "specificity": ((~labels).any(), sk.recall_score(~labels, ~called, zero_division=0)),
        "ppv": (called.any(), sk.precision_score(labels, called, zero_division=0)),
        "npv": ((~called).any(), sk.precision_score(~labels, ~called, zero_division=0)),
        "accuracy": (True, sk.accuracy_score(labels, called)),
        "f1": ((called | labels).any(), sk.f1_score(labels, called, zero_division=0)),
    }
    for name, (defined, reference) in with_reference.items():
        assert rates[name].value == (pytest.approx(reference) if defined else None), name
        assert rates[name].reason or rates[name].interval
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one class throughout, which has no kappa
        kappa = float(sk.cohen_kappa_score(labels, called, labels=[False, True]))
    assert rates["kappa"].value == (None if np.isnan(kappa) else pytest.approx(kappa, abs=1e-12))
    if labels.any() and not labels.all():
        expected = sk.balanced_accuracy_score(labels, called) * 2 - 1
        assert rates["youden"].value == pytest.approx(expected)
    else:
        assert rates["youden"].value is None


@pytest.mark.parametrize("prevalence", [0.01, 0.3, 0.9])
def test_predictive_values_at_a_prevalence_are_bayes_rule(prevalence: float) -> None:
    confusion = Confusion(45, 20, 5, 180)  # sensitivity 0.9, specificity 0.9
    values = confusion.at_prevalence(prevalence)
    drawn = np.array([prevalence, 1 - prevalence])
    called = drawn * [0.9, 0.1]
    passed = drawn * [0.1, 0.9]
    assert values["ppv"].value == pytest.approx(called[0] / called.sum())
    assert values["npv"].value == pytest.approx(passed[1] / passed.sum())


def test_at_its_own_prevalence_a_sample_has_its_own_predictive_values() -> None:
    confusion = Confusion(40, 30, 10, 170)
    rates, values = confusion.rates(), confusion.at_prevalence(50 / 250)
    assert values["ppv"].value == pytest.approx(rates["ppv"].value)
    assert values["npv"].value == pytest.approx(rates["npv"].value)


def test_intervals_at_a_prevalence_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = 0.05 * 0.85 / (0.05 * 0.85 + 0.95 * 0.1)
    covered = 0
    for _ in range(400):
        tp, fp = rng.binomial(120, 0.85), rng.binomial(300, 0.1)
        interval = Confusion(tp, fp, 120 - tp, 300 - fp).at_prevalence(0.05)["ppv"].interval
        assert interval is not None
        covered += interval[0] <= truth <= interval[1]
    assert 0.92 <= covered / 400 <= 0.98


def test_predictive_values_without_an_answer_say_why() -> None:
    assert Confusion(0, 0, 3, 4).at_prevalence(0.1)["ppv"].reason == (
        "no image was called fractured"
    )
    assert Confusion(3, 0, 0, 4).at_prevalence(0.1)["ppv"].value == 1.0
    assert Confusion(3, 0, 0, 4).at_prevalence(0.1)["ppv"].interval is None
    assert Confusion(3, 0, 0, 0).at_prevalence(0.1)["npv"].reason == NEEDS_BOTH_CLASSES
    with pytest.raises(ValueError, match="prevalence 1"):
        Confusion(3, 1, 1, 4).at_prevalence(1)
