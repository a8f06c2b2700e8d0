"""Verdict metrics against scikit-learn, brute force and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from detect.evaluate import verdict_metrics as vm

Sample = tuple[NDArray[np.bool_], NDArray[np.float64]]


def arrays(pairs: list[tuple[bool, int]]) -> Sample:
    labels = np.array([label for label, _ in pairs], dtype=bool)
    # few distinct scores, so that ties are common
    return labels, np.array([score / 8 for _, score in pairs], dtype=float)


samples = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=40).map(arrays)
two_classes = samples.filter(lambda s: s[0].any() and not s[0].all())


def placement_variance(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """DeLong's variance from the m x n kernel, written out pair by pair."""
    positives, negatives = scores[labels], scores[~labels]
    kernel = np.array(
        [[1.0 if x > y else 0.5 if x == y else 0.0 for y in negatives] for x in positives]
    )
    v10, v01 = kernel.mean(axis=1), kernel.mean(axis=0)
    area = kernel.mean()
    s10 = sum((v - area) ** 2 for v in v10) / (len(v10) - 1)
    s01 = sum((v - area) ** 2 for v in v01) / (len(v01) - 1)
    return float(s10 / len(v10) + s01 / len(v01))


def binormal(seed: int, positives: int, negatives: int, shift: float) -> Sample:
    generator = np.random.default_rng(seed)
    labels = np.arange(positives + negatives) < positives
    return labels, generator.normal(size=len(labels)) + shift * labels


@given(two_classes)
def test_area_is_scikit_learns(sample: Sample) -> None:
    assert vm.area_under_roc(*sample) == pytest.approx(sk.roc_auc_score(*sample), abs=1e-12)


@given(two_classes, st.randoms(use_true_random=False))
def test_area_ignores_order_and_monotone_change(sample: Sample, random) -> None:  # type: ignore[no-untyped-def]
    labels, scores = sample
    order = np.array(random.sample(range(len(labels)), len(labels)))
    area = vm.area_under_roc(labels, scores)
    assert area is not None
    assert vm.area_under_roc(labels[order], np.exp(scores[order])) == pytest.approx(area)
    assert vm.area_under_roc(labels, -scores) == pytest.approx(1 - area)


@given(two_classes.filter(lambda s: 2 <= s[0].sum() <= len(s[0]) - 2))
def test_delong_is_the_brute_force_placement_variance(sample: Sample) -> None:
    variance = placement_variance(*sample)
    estimate = vm.auroc_delong(*sample)
    if variance < 1e-20:
        assert estimate.interval is None
        return
    assert estimate.value is not None
    half = 1.959963984540054 * np.sqrt(variance)
    expected = (max(0, estimate.value - half), min(1, estimate.value + half))
    assert estimate.interval == pytest.approx(expected, abs=1e-9)


def test_delong_agrees_with_hanley_mcneil_and_the_bootstrap() -> None:
    labels, scores = binormal(7, 120, 300, 1.2)
    estimate = vm.auroc_delong(labels, scores)
    assert estimate.value is not None
    assert estimate.interval is not None
    error = (estimate.interval[1] - estimate.interval[0]) / (2 * 1.959964)
    area, q1 = estimate.value, estimate.value / (2 - estimate.value)
    q2 = 2 * area**2 / (1 + area)
    # Hanley & McNeil, Radiology 1982, formula 1
    hanley = (area * (1 - area) + 119 * (q1 - area**2) + 299 * (q2 - area**2)) / (120 * 300)
    assert error == pytest.approx(np.sqrt(hanley), rel=0.15)
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(500):
        pick = np.concatenate([generator.integers(0, 120, 120), generator.integers(120, 420, 300)])
        draws.append(sk.roc_auc_score(labels[pick], scores[pick]))
    assert error == pytest.approx(np.std(draws, ddof=1), rel=0.12)


def test_area_and_error_of_hanley_and_mcneils_example() -> None:
    # Radiology 1982, table I: ratings 1..5 of 58 normal and 51 abnormal CT images;
    # area 0.893, standard error 0.032 by their formula
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    scores = np.repeat([1.0, 2, 3, 4, 5, 1, 2, 3, 4, 5], normal + abnormal)
    labels = np.arange(109) >= 58
    estimate = vm.auroc_delong(labels, scores)
    assert estimate.value == pytest.approx(0.893, abs=5e-4)
    assert estimate.interval is not None
    assert (estimate.interval[1] - estimate.value) / 1.96 == pytest.approx(0.032, abs=2e-3)


@given(two_classes)
def test_average_precision_is_the_step_sum(sample: Sample) -> None:
    labels, scores = sample
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        called = scores >= threshold
        recall = (called & labels).sum() / labels.sum()
        total += (recall - recall_before) * (called & labels).sum() / called.sum()
        recall_before = recall
    assert vm.average_precision(labels, scores) == pytest.approx(total)


@given(two_classes, st.integers(0, 10))
def test_sensitivity_at_specificity_is_the_best_of_all_thresholds(
    sample: Sample, tenths: int
) -> None:
    labels, scores = sample
    candidates = [*sorted(set(scores)), np.inf]
    reached = [
        float(np.mean(scores[labels] >= t))
        for t in candidates
        if int(np.sum(scores[~labels] < t)) * 10 >= tenths * int(np.sum(~labels))
    ]
    found = vm.sensitivity_at_specificity(labels, scores, tenths / 10)
    assert found is not None
    sensitivity, threshold = found
    assert sensitivity == pytest.approx(max(reached))
    if threshold is None:
        assert sensitivity == 0
    else:
        assert np.mean(scores[labels] >= threshold) == pytest.approx(sensitivity)
        assert np.mean(scores[~labels] < threshold) >= tenths / 10 - 1e-9


def test_specificity_is_counted_in_images_not_in_binary_fractions() -> None:
    labels = np.arange(101) == 100
    scores = np.append(np.arange(100.0), 54.5)  # above 55 of the 100 others
    assert vm.sensitivity_at_specificity(labels, scores, 0.55) == (1.0, 54.5)
    assert vm.sensitivity_at_specificity(labels, scores, 0.56) == (0.0, None)


@given(two_classes)
def test_sensitivity_falls_as_specificity_rises(sample: Sample) -> None:
    values = [vm.sensitivity_at_specificity(*sample, s) for s in np.linspace(0, 1, 11)]
    sensitivities = [value[0] for value in values if value is not None]
    assert len(sensitivities) == 11
    assert sensitivities == sorted(sensitivities, reverse=True)


@given(two_classes)
def test_curve_integrates_to_the_area(sample: Sample) -> None:
    points = vm.roc_points(*sample)
    assert points is not None
    false_rates, true_rates, thresholds = points
    assert np.trapezoid(true_rates, false_rates) == pytest.approx(vm.area_under_roc(*sample))
    assert (false_rates[0], true_rates[0], false_rates[-1], true_rates[-1]) == (0, 0, 1, 1)
    assert thresholds[0] is None
    assert None not in thresholds[1:]


@pytest.mark.parametrize("labels", [[], [True], [False], [True, True], [False, False]])
def test_one_class_is_undefined(labels: list[bool]) -> None:
    label, score = np.array(labels, dtype=bool), np.full(len(labels), 0.5)
    assert vm.area_under_roc(label, score) is None
    assert vm.sensitivity_at_specificity(label, score, 0.9) is None
    assert vm.roc_points(label, score) is None
    estimate = vm.auroc_delong(label, score)
    assert (estimate.value, estimate.interval) == (None, None)
    assert estimate.reason == vm.NEEDS_BOTH_CLASSES
    assert vm.average_precision(label, score) is None


def test_intervals_that_delong_cannot_give_are_left_out() -> None:
    apart = vm.auroc_delong(np.array([0, 0, 1, 1], dtype=bool), np.array([0.1, 0.2, 0.8, 0.9]))
    assert (apart.value, apart.interval) == (1.0, None)
    assert apart.reason is not None
    assert "separate" in apart.reason
    lone = vm.auroc_delong(np.array([0, 0, 1], dtype=bool), np.array([0.1, 0.5, 0.3]))
    assert (lone.value, lone.interval) == (0.5, None)
    assert lone.reason is not None
    assert "two images of each kind" in lone.reason


def test_unfit_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        vm.area_under_roc(np.array([True, False]), np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="expected bool"):
        vm.area_under_roc(np.array([True, False]), np.array([0.5]))
    with pytest.raises(ValueError, match="within"):
        vm.sensitivity_at_specificity(np.array([True, False]), np.array([0.5, 0.1]), 1.5)
