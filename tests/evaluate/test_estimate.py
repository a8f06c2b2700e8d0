"""Wilson intervals against the closed form and a published table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.evaluate.estimate import Estimate, proportion

Z = 1.959963984540054


def wilson(k: int, n: int) -> tuple[float, float]:
    p = k / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return centre - half, centre + half


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_wilsons_closed_form(counts: tuple[int, int]) -> None:
    estimate = proportion(*counts, "none")
    assert estimate.interval is not None
    assert estimate.interval == pytest.approx(wilson(*counts), abs=1e-9)
    low, high = estimate.interval
    assert estimate.value is not None
    assert 0 <= low <= estimate.value <= high <= 1


def test_interval_of_a_published_example() -> None:
    # Newcombe, Statistics in Medicine 1998, table I, method 3: 81 of 263
    assert proportion(81, 263, "none").interval == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_nothing_to_count_gives_the_reason() -> None:
    assert proportion(0, 0, "no fractured image") == Estimate(None, reason="no fractured image")
    assert proportion(0, 0, "because").to_json() == {
        "value": None,
        "interval": None,
        "method": None,
        "reason": "because",
    }
