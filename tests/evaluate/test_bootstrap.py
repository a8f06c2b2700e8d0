"""The bootstrap against theory, and what grouping must do to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.evaluate.bootstrap import bootstrap_differences, bootstrap_estimates


def mean_of(values: NDArray[np.float64]):  # type: ignore[no-untyped-def]
    def statistics(drawn: NDArray[np.intp]) -> Sequence[float | None]:
        return [float(values[drawn].mean())]

    return statistics


def width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return interval[1] - interval[0]


def test_interval_of_a_mean_agrees_with_the_normal_one() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    (estimate,) = bootstrap_estimates(
        mean_of(values), np.zeros(400, dtype=bool), [None] * 400, "", n_resamples=2000
    )
    half = 1.96 * values.std(ddof=1) / np.sqrt(400)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.interval == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=0.1 * half
    )
    assert estimate.method == "percentile bootstrap of images, 2000 resamples"


def test_copies_in_one_group_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(4).normal(size=60)
    copies = np.repeat(values, 9)
    none = np.zeros(len(copies), dtype=bool)
    (single,) = bootstrap_estimates(mean_of(values), none[:60], [None] * 60, "")
    (naive,) = bootstrap_estimates(mean_of(copies), none, [None] * 540, "")
    names = [f"patient {index // 9}" for index in range(540)]
    (grouped,) = bootstrap_estimates(mean_of(copies), none, names, "")
    assert width(grouped.interval) == pytest.approx(width(single.interval), rel=0.1)
    assert width(naive.interval) == pytest.approx(width(single.interval) / 3, rel=0.15)
    assert grouped.method is not None
    assert "of groups" in grouped.method


def test_every_resample_keeps_groups_whole_and_both_strata() -> None:
    groups = ["a", "a", "a", "b", "b", "c", "d", None, None, "e", "f"]
    positive = np.array([1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1], dtype=bool)
    seen: list[NDArray[np.intp]] = []

    def statistics(drawn: NDArray[np.intp]) -> Sequence[float | None]:
        seen.append(drawn)
        return [0.5]

    bootstrap_estimates(statistics, positive, groups, "", n_resamples=200)
    for drawn in seen:
        counts = np.bincount(drawn, minlength=11)
        assert counts[0] == counts[1] == counts[2]
        assert counts[3] == counts[4]
        assert counts[0] + counts[3] + counts[9] + counts[10] == 4  # groups with a positive
        assert counts[5:9].sum() == 4  # without
    assert len({tuple(sorted(drawn)) for drawn in seen}) > 20


def test_same_seed_same_interval_other_seed_another() -> None:
    values = np.random.default_rng(5).normal(size=50)
    none = np.zeros(50, dtype=bool)
    first, again, other = (
        bootstrap_estimates(mean_of(values), none, [None] * 50, "", seed=seed)[0].interval
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(("positives", "others"), [(1, 2), (3, 9), (9, 3), (3, 0), (0, 3)])
def test_few_groups_of_a_kind_have_no_interval(positives: int, others: int) -> None:
    n = positives + others
    values, positive = np.linspace(0, 1, n), np.arange(n) < positives
    (estimate,) = bootstrap_estimates(mean_of(values), positive, [None] * n, "", n_resamples=50)
    assert (estimate.value, estimate.interval) == (pytest.approx(0.5), None)
    assert estimate.reason is not None
    assert "fewer than 4 images with a fracture, or fewer than 4 without" in estimate.reason
    (difference,) = bootstrap_differences(
        mean_of(values), positive, list(map(str, range(n))), "", n_resamples=50
    )
    assert (difference.difference.interval, difference.p_value) == (None, None)
    assert difference.difference.reason is not None
    assert "fewer than 4 groups" in difference.difference.reason


def test_four_groups_of_each_kind_have_an_interval_inside_their_worst_and_best() -> None:
    values = np.array([0.1, 0.4, 0.6, 0.9] * 2)
    (estimate,) = bootstrap_estimates(
        mean_of(values), np.arange(8) < 4, [None] * 8, "", n_resamples=2000
    )
    assert estimate.interval is not None
    assert 0.1 < estimate.interval[0] < 0.5 < estimate.interval[1] < 0.9


def test_undefined_statistics_say_so() -> None:
    def statistics(drawn: NDArray[np.intp]) -> Sequence[float | None]:
        whole = len(np.unique(drawn)) == len(drawn)
        return [None, 0.5 if whole else None]

    never, rarely = bootstrap_estimates(
        statistics, np.zeros(8, dtype=bool), [None] * 8, "undefined here", n_resamples=100
    )
    assert (never.value, never.interval, never.reason) == (None, None, "undefined here")
    assert (rarely.value, rarely.interval) == (0.5, None)
    assert rarely.reason is not None
    assert "too many" in rarely.reason


def test_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_estimates(lambda _: [1.0], np.zeros(0, dtype=bool), [], "")


def differences(first: NDArray[np.float64], second: NDArray[np.float64]):  # type: ignore[no-untyped-def]
    def statistics(drawn: NDArray[np.intp]) -> Sequence[float | None]:
        return [float(first[drawn].mean() - second[drawn].mean())]

    return statistics


@pytest.mark.parametrize(("shift", "seed"), [(0.0, 1), (0.05, 2), (0.12, 3), (0.3, 4)])
def test_a_difference_is_tested_as_the_paired_t_test_does(shift: float, seed: int) -> None:
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(seed)
    shared = rng.normal(size=300)  # what both models see: paired, it cancels
    first = shared + shift + rng.normal(0, 0.5, 300)
    second = shared + rng.normal(0, 0.5, 300)
    (found,) = bootstrap_differences(
        differences(first, second), np.zeros(300, dtype=bool), [None] * 300, "", n_resamples=4000
    )
    reference = ttest_rel(first, second)
    interval = reference.confidence_interval()
    assert found.difference.value == pytest.approx((first - second).mean())
    assert found.difference.interval == pytest.approx((interval.low, interval.high), abs=0.01)
    assert found.p_value == pytest.approx(reference.pvalue, abs=0.03)
    assert found.test == "paired bootstrap of images, 4000 resamples, two-sided"


def test_the_interval_holds_zero_where_the_p_value_is_large() -> None:
    rng = np.random.default_rng(9)
    for shift in np.linspace(0, 0.3, 12):
        first, second = rng.normal(shift, 1, 150), rng.normal(0, 1, 150)
        (found,) = bootstrap_differences(
            differences(first, second), np.zeros(150, dtype=bool), [None] * 150, ""
        )
        assert found.difference.interval is not None
        assert found.p_value is not None
        low, high = found.difference.interval
        if abs(found.p_value - 0.05) > 0.01:
            assert (low <= 0 <= high) == (found.p_value > 0.05)


def test_a_model_does_not_differ_from_itself() -> None:
    values = np.random.default_rng(5).normal(size=40)
    (same,) = bootstrap_differences(
        differences(values, values), np.zeros(40, dtype=bool), [None] * 40, "", n_resamples=50
    )
    assert (same.difference.value, same.difference.interval, same.p_value) == (0, None, None)
    assert same.difference.reason == "no interval: the resamples all but agree"
    (constant,) = bootstrap_differences(
        differences(values + 5, values), np.zeros(40, dtype=bool), [None] * 40, "", n_resamples=50
    )  # as of a perfect system against one that is always wrong
    assert (constant.difference.interval, constant.p_value) == (None, None)
    (apart,) = bootstrap_differences(
        differences(values + 5, values), np.zeros(40, dtype=bool), ["a"] * 40, "", n_resamples=50
    )
    assert apart.p_value is None
    assert apart.difference.reason is not None
    (far,) = bootstrap_differences(
        differences(values + 5, values[::-1]),
        np.zeros(40, dtype=bool),
        [None] * 40,
        "",
        n_resamples=50,
    )
    assert far.p_value == pytest.approx(2 / 51)  # as little as 50 resamples can tell


def test_a_perfect_sample_claims_no_certainty() -> None:
    def statistics(drawn: NDArray[np.intp]) -> Sequence[float | None]:
        return [1.0, float(drawn.mean())]

    perfect, other = bootstrap_estimates(
        statistics, np.zeros(12, dtype=bool), [None] * 12, "", n_resamples=50
    )
    assert (perfect.value, perfect.interval) == (1.0, None)
    assert perfect.reason == "no interval: the resamples all but agree"
    assert other.interval is not None
