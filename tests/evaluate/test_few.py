"""From how many images on a subset's figures stand without a mark."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import proportion_confint

from detect.evaluate.few import LEAST_OF_A_KIND, too_few


@pytest.mark.parametrize(
    ("fractured", "normal", "marked"),
    [(30, 30, False), (29, 400, True), (400, 29, True), (0, 0, True)],
)
def test_both_kinds_must_be_enough(fractured: int, normal: int, marked: bool) -> None:
    why = too_few({"verdict": {"n_fractured": fractured, "n_not_fractured": normal}})
    assert (why is not None) == marked
    if why is not None:
        assert f"{fractured} fractured, {normal} not" in why


def test_the_width_of_an_interval_at_the_bound_is_as_stated() -> None:
    low, high = proportion_confint(24, LEAST_OF_A_KIND, method="wilson")
    assert high - low == pytest.approx(0.28, abs=0.005)
