"""Intervals that respect groups, against the closed form and against Wilson's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.clustered import CLUSTERED_RATES, clustered_block
from detect.evaluate.reasons import reason_block
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_block import verdict_block
from detect.record import Box

SETTINGS = Settings({"balanced": 0.5}, n_resamples=1500)
BOXES = (Box(10, 10, 30, 30),)


def block(cases: Sequence[Case]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return Wilson's and the bootstrap's."""
    verdict = verdict_block(cases, Settings({"balanced": 0.5}, n_resamples=10), curves=False)
    reasons = reason_block(cases)
    found = clustered_block(cases, verdict, reasons, SETTINGS)
    plain = {rate: verdict["operating_points"]["balanced"][rate] for rate in CLUSTERED_RATES}
    return plain | reasons, found["operating_points"]["balanced"] | found["reasons"]


def cases_of(reading: Any, outcomes: Sequence[tuple[str, bool, float]]) -> tuple[Case, ...]:
    """Return cases of (group, fractured, probability)."""
    truths = [
        Truth(str(number), group, fractured, BOXES if fractured else ())
        for number, (group, fractured, _) in enumerate(outcomes)
    ]
    records = [
        reading(str(number), probability) for number, (_, _, probability) in enumerate(outcomes)
    ]
    return pair_cases(truths, records)


def width(estimate: dict[str, Any]) -> float:
    low, high = estimate["interval"]
    return float(high - low)


@pytest.fixture
def outcomes() -> list[tuple[str, bool, float]]:
    """150 patients with up to five images each, all fractured or none, read alike or nearly so."""
    generator = np.random.default_rng(8)
    found = []
    for patient in range(150):
        fractured, lucky = patient % 2 == 0, generator.random() < 0.8
        for _ in range(generator.integers(1, 6)):
            right = lucky if generator.random() < 0.9 else not lucky
            found.append((f"p{patient}", fractured, 0.9 if right is fractured else 0.1))
    return found


def test_intervals_are_those_of_the_linearised_ratio(
    reading: Any, outcomes: list[tuple[str, bool, float]]
) -> None:
    """Variance of a ratio of cluster totals: Cochran, "Sampling Techniques", 1977, section 3.12."""
    plain, clustered = block(cases_of(reading, outcomes))
    for rate, of_kind in (("sensitivity", True), ("specificity", False)):
        totals: dict[str, list[int]] = {}
        for group, fractured, probability in outcomes:
            if fractured is of_kind:
                pair = totals.setdefault(group, [0, 0])
                pair[0] += (probability >= 0.5) is fractured
                pair[1] += 1
        right, images = np.array(list(totals.values())).T
        share = right.sum() / images.sum()
        residuals = right - share * images
        n = len(totals)
        error = math.sqrt(n / (n - 1) * (residuals**2).sum()) / images.sum()
        assert clustered[rate]["value"] == plain[rate]["value"] == pytest.approx(share)
        assert width(clustered[rate]) == pytest.approx(2 * 1.96 * error, rel=0.1)
        assert width(clustered[rate]) > 1.3 * width(plain[rate])
        assert plain[rate]["method"] == "Wilson"
        assert clustered[rate]["method"] == "percentile bootstrap of groups, 1500 resamples"


def test_copies_of_images_tell_nothing_new(
    reading: Any, outcomes: list[tuple[str, bool, float]]
) -> None:
    once, of_groups = block(cases_of(reading, outcomes))
    fourfold, of_copies = block(cases_of(reading, outcomes * 4))
    for rate in CLUSTERED_RATES:
        assert of_copies[rate] == of_groups[rate]
        assert width(fourfold[rate]) < 0.6 * width(once[rate])


def test_what_is_shown_is_counted_by_group_too(reading: Any) -> None:
    truths, records = [], []
    for number in range(40):
        truths.append(Truth(str(number), f"p{number // 2}", True, BOXES))
        place = (12.0, 12.0, 28.0, 28.0) if number // 2 % 2 else (50.0, 50.0, 60.0, 60.0)
        records.append(reading(str(number), 0.9, evidence=place))
    plain, clustered = block(pair_cases(truths, records))
    for share in ("touching", "centre_in_fracture"):
        assert clustered[share]["value"] == plain[share]["value"] == 0.5
        assert width(clustered[share]) > 1.2 * width(plain[share])


def test_an_undefined_share_keeps_its_reason(reading: Any, failure: Any) -> None:
    for cases in (
        cases_of(reading, [("a", False, 0.2), ("b", False, 0.3)]),
        pair_cases([Truth("a", "p", True, BOXES)], [failure("a")]),
        (),
    ):
        plain, clustered = block(cases)
        assert plain["sensitivity"]["value"] is None
        assert clustered["sensitivity"] == plain["sensitivity"]
        assert clustered["touching"] == plain["touching"]
        for estimate in clustered.values():
            assert (estimate["interval"] is None) is (estimate["reason"] is not None)
    verdict = verdict_block((), Settings({}, n_resamples=9), curves=False)
    found = clustered_block((), verdict, reason_block(()), Settings({}))
    assert found["operating_points"] == {}
