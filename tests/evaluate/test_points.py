"""Operating points with failures counted as wrong, against scikit-learn and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.cases import Truth, pair_cases
from detect.evaluate.points import COMPOSITES, points_at
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_block import verdict_block

NAN = float("nan")


def test_a_failed_image_is_read_wrongly_at_every_threshold() -> None:
    labels = np.array([True, True, True, False, False, False, False])
    scores = np.array([0.9, 0.3, NAN, 0.8, 0.1, NAN, NAN])
    found = points_at(labels, scores, {"low": 0.0, "mid": 0.5, "high": 1.0}).confusions()
    assert found["low"].counts() == {
        "true_positive": 2,
        "false_negative": 1,  # the one that failed
        "false_positive": 4,
        "true_negative": 0,
    }
    assert list(found["mid"].counts().values()) == [1, 3, 2, 1]
    assert list(found["high"].counts().values()) == [0, 2, 3, 2]


def test_rates_by_hand_with_two_failures(reading: Any, failure: Any) -> None:
    """Eight images, two of them failed: tp 3, fn 1 of the read ones; tn 1, fp 1."""
    said = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.2, "e": 0.6, "f": 0.1}
    fractured = {*"abcd", "g"}
    truths = [Truth(name, None, name in fractured, None) for name in "abcdefgh"]
    records = [reading(name, value) for name, value in said.items()]
    records += [failure("g"), failure("h")]
    block = verdict_block(
        pair_cases(truths, records), Settings({"one": 0.5}, n_resamples=20), curves=False
    )
    point = block["operating_points"]["one"]
    assert (block["n_failed_fractured"], block["n_failed_not_fractured"]) == (1, 1)
    expected = {  # of the images read; with g missed and h a false alarm
        "true_positive": (3, 3),
        "false_positive": (1, 2),
        "false_negative": (1, 2),
        "true_negative": (1, 1),
        "sensitivity": (3 / 4, 3 / 5),
        "specificity": (1 / 2, 1 / 3),
        "ppv": (3 / 4, 3 / 5),
        "npv": (1 / 2, 1 / 3),
        "accuracy": (4 / 6, 4 / 8),
        "f1": (6 / 8, 6 / 10),
        "youden": (1 / 4, 3 / 5 + 1 / 3 - 1),
        # by chance 4/6 * 4/6 + 2/6 * 2/6 = 5/9 agree; 5/8 * 5/8 + 3/8 * 3/8 = 17/32
        "kappa": ((4 / 6 - 5 / 9) / (4 / 9), (1 / 2 - 17 / 32) / (15 / 32)),
    }
    wrong = point["with_failures_as_errors"]
    assert set(wrong) == set(expected)
    for name, values in expected.items():
        found = [
            one if isinstance(one, int) else one["value"] for one in (point[name], wrong[name])
        ]
        assert found == [pytest.approx(value) for value in values], name


def test_without_failures_nothing_is_said_of_them(reading: Any) -> None:
    truths = [Truth("a", None, True, None), Truth("b", None, False, None)]
    block = verdict_block(
        pair_cases(truths, [reading("a", 0.9), reading("b", 0.1)]),
        Settings({"one": 0.5}, n_resamples=5),
        curves=False,
    )
    assert block["operating_points"]["one"]["with_failures_as_errors"] is None


def test_composites_have_the_intervals_of_a_bootstrap_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    labels = rng.random(300) < 0.3
    scores = np.clip(rng.normal(0.4 + 0.25 * labels, 0.2), 0, 1)
    scores[::37] = NAN
    groups = [f"p{number // 3}" for number in range(300)]
    points = points_at(labels, scores, {"low": 0.4, "high": 0.6})
    found = points.to_json(
        bootstrap_estimates(points.composites, labels, groups, "", n_resamples=400)
    )

    resamples: list[Any] = []

    def keep(drawn: Any) -> list[float | None]:
        resamples.append(drawn)
        return [0.0]

    bootstrap_estimates(keep, labels, groups, "", n_resamples=400)
    called = np.where(np.isnan(scores), ~labels, scores >= 0.6)
    by_scikit = {
        "f1": sk.f1_score,
        "kappa": sk.cohen_kappa_score,
        "youden": lambda truth, said: sk.balanced_accuracy_score(truth, said, adjusted=True),
    }
    assert set(by_scikit) == set(COMPOSITES)
    for name, figure in by_scikit.items():
        estimate = found["high"][name]
        assert estimate["value"] == pytest.approx(figure(labels, called))
        draws = [figure(labels[drawn], called[drawn]) for drawn in resamples[1:]]
        assert estimate["interval"] == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist())
        assert estimate["method"] == "percentile bootstrap of groups, 400 resamples"
        assert found["low"][name] != estimate


def test_unfit_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="expected bool"):
        points_at(np.array([True]), np.zeros(2), {"one": 0.5})
