"""Paired comparisons against brute force, resampling and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from detect.evaluate.paired import NO_SUCH_IMAGE, auroc_difference, mcnemar


def kernel(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Whether each fractured image scores above each other one, pair by pair; ties one half."""
    return np.array(
        [
            [1.0 if x > y else 0.5 if x == y else 0.0 for y in scores[~labels]]
            for x in scores[labels]
        ]
    )


def two_readers(seed: int, n: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of two models that see partly the same, the first the better one."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.35
    seen = rng.normal(size=n)
    first = labels * 1.4 + seen + rng.normal(size=n)
    second = labels * 0.9 + seen + rng.normal(size=n)
    return labels, np.round(first, 1), np.round(second, 1)  # rounded, so that some tie


@pytest.mark.parametrize("seed", range(5))
def test_the_paired_test_is_delongs_covariance_written_out(seed: int) -> None:
    labels, first, second = two_readers(seed)
    kernels = kernel(labels, first), kernel(labels, second)
    difference = kernels[0] - kernels[1]
    rows, columns = difference.mean(axis=1), difference.mean(axis=0)
    error = np.sqrt(rows.var(ddof=1) / len(rows) + columns.var(ddof=1) / len(columns))
    found = auroc_difference(labels, first, second)
    assert found.difference.value == pytest.approx(
        roc_auc_score(labels, first) - roc_auc_score(labels, second)
    )
    assert found.difference.interval == pytest.approx(
        [difference.mean() - 1.959964 * error, difference.mean() + 1.959964 * error]
    )
    assert found.p_value == pytest.approx(2 * norm.sf(abs(difference.mean()) / error))


def test_the_interval_is_that_of_the_paired_bootstrap() -> None:
    labels, first, second = two_readers(11, 400)
    found = auroc_difference(labels, first, second)
    assert found.difference.interval is not None
    rng = np.random.default_rng(0)
    sides = np.flatnonzero(labels), np.flatnonzero(~labels)
    draws = []
    for _ in range(400):
        pick = np.concatenate([rng.choice(side, len(side)) for side in sides])
        areas = [roc_auc_score(labels[pick], scores[pick]) for scores in (first, second)]
        draws.append(areas[0] - areas[1])
    width = found.difference.interval[1] - found.difference.interval[0]
    assert width == pytest.approx(2 * 1.96 * np.std(draws, ddof=1), rel=0.12)


def test_models_without_a_difference_are_rarely_called_different() -> None:
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(300):
        labels = np.arange(120) < 50
        seen = rng.normal(size=120) + labels
        scores = seen + rng.normal(size=(2, 120))
        p_value = auroc_difference(labels, *scores).p_value
        assert p_value is not None
        called += p_value < 0.05
    assert 4 <= called <= 28  # 15 expected; four standard deviations


def test_the_same_model_twice_has_no_test_but_a_reason() -> None:
    labels, first, _ = two_readers(0)
    found = auroc_difference(labels, first, first)
    assert (found.difference.value, found.p_value) == (0.0, None)
    assert found.difference.reason == "no interval: both models rank the images alike"
    assert found.to_json()["test"] == "DeLong, paired"


@pytest.mark.parametrize("kind", [True, False])
def test_one_class_alone_gives_no_difference(kind: bool) -> None:
    labels = np.full(4, kind)
    found = auroc_difference(labels, np.arange(4.0), np.arange(4.0)[::-1])
    assert found.difference.value is None
    assert "needs fractured images" in (found.difference.reason or "")


def test_two_images_have_a_difference_but_no_test() -> None:
    found = auroc_difference(np.array([True, False]), np.array([1.0, 0]), np.array([0, 1.0]))
    assert found.difference.value == 1.0
    assert found.p_value is None


verdicts = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(verdicts, st.sampled_from([True, False, None]))
def test_mcnemar_is_that_of_statsmodels(rows: list[tuple[bool, ...]], among: bool | None) -> None:
    labels, first, second = np.array(rows, dtype=bool).T
    inside = np.ones_like(labels) if among is None else labels == among
    right = (first == labels)[inside], (second == labels)[inside]
    table = [
        [int(np.sum((right[0] == a) & (right[1] == b))) for b in (True, False)]
        for a in (True, False)
    ]
    found = mcnemar(labels, first, second, among=among)
    assert (found["first_right_only"], found["second_right_only"]) == (table[0][1], table[1][0])
    assert found["n"] == int(inside.sum())
    if table[0][1] + table[1][0]:
        assert found["p_value"] == pytest.approx(reference_mcnemar(table, exact=True).pvalue)
    else:
        assert found["p_value"] is None
        alike = "both models read every image alike"
        assert found["reason"] == (alike if inside.any() else NO_SUCH_IMAGE)
