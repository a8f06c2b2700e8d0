"""From runs to medians, ratios, overheads and shares, on numbers made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from detect.benchmark.request import Mode
from detect.benchmark.rounds import Sample
from detect.benchmark.statistics import overheads, ratios, stage_shares, summaries, summary

OURS = "fracture-locator"


def runs(system: str, mode: Mode, figure: str, *values: float | None) -> list[Sample]:
    return [
        Sample(system, mode, number, 1, {figure: value}) for number, value in enumerate(values, 1)
    ]


def test_a_summary_is_the_median_with_its_spread() -> None:
    assert summary([4.0, 1.0, 2.0, 10.0, 3.0]) == {
        **{"n": 5, "median": 3.0, "min": 1.0, "max": 10.0},
        **{"q1": 2.0, "q3": 4.0},
    }
    assert summary([7.0]) == {
        **{"n": 1, "median": 7.0, "min": 7.0, "max": 7.0},
        **{"q1": 7.0, "q3": 7.0},
    }


def test_figures_are_summed_up_by_system_and_mode_ours_first() -> None:
    samples = [
        *runs("peer", "results", "images_per_second", 1.0, 3.0),
        *runs(OURS, "results", "images_per_second", 10.0, 20.0),
        *runs(OURS, "single", "first_result_seconds", None, None),  # nobody looked for it
    ]
    found = summaries(samples)
    assert [(one["system"], one["mode"]) for one in found] == [
        (OURS, "results"),
        (OURS, "single"),
        ("peer", "results"),
    ]
    assert found[0]["images_per_second"]["median"] == 15.0
    assert set(found[1]) == {"system", "mode"}
    assert found[2]["images_per_second"]["max"] == 3.0


def test_ratios_are_taken_within_rounds() -> None:
    """The machine was twice as slow in the second round, which moves no ratio."""
    samples = [
        *runs(OURS, "overlays", "images_per_second", 30.0, 15.0, 33.0),
        *runs("peer", "overlays", "images_per_second", 10.0, 5.0, 10.0),
        *runs(OURS, "single", "cpu_seconds", 1.0, 1.0, 2.0),
        *runs("peer", "single", "cpu_seconds", 4.0, 5.0, 4.0),
        *runs(OURS, "results", "images_per_second", 1.0, 1.0, 1.0),  # which no peer was run in
    ]
    speed, processor = ratios(samples)
    assert (speed["figure"], speed["mode"], speed["peer"]) == (
        "images_per_second",
        "overlays",
        "peer",
    )
    assert speed["better"] == "higher"
    assert speed["ratio"]["median"] == 3.0
    assert speed["ratio"]["min"] == 3.0
    assert speed["ratio"]["max"] == pytest.approx(3.3)
    assert (processor["figure"], processor["better"]) == ("cpu_seconds", "lower")
    assert processor["ratio"]["median"] == 0.25


def test_overhead_is_the_time_beyond_the_forward_pass() -> None:
    samples = [
        *runs(OURS, "forward", "images_per_second", 22.0, 11.0),
        *runs(OURS, "results", "images_per_second", 20.0, 10.0),
    ]
    (found,) = overheads(samples)
    assert found["mode"] == "results"
    assert found["overhead"]["median"] == pytest.approx(0.1)
    assert found["overhead"]["n"] == 2


def stages(threads: int, seconds: float, **spent: float) -> Sample:
    measured: dict[str, Any] = {
        "seconds": seconds,
        "threads": threads,
        "stages": {
            name: {"seconds": each, "cpu_seconds": each / 2} for name, each in spent.items()
        },
    }
    return Sample(OURS, "stages", 1, 1, measured)


def test_what_no_stage_accounts_for_is_waiting() -> None:
    found = stage_shares([stages(2, 9.0, decode=6.0, forward=9.0, write=2.0)])
    medians = {name: one["share"]["median"] for name, one in found.items()}
    assert medians == pytest.approx({"decode": 0.3, "forward": 0.45, "write": 0.1, "wait": 0.15})
    assert found["forward"]["cpu_share"]["median"] == pytest.approx(0.225)


def test_shares_never_exceed_the_whole() -> None:
    found = stage_shares([stages(1, 1.0, forward=1.5, write=0.5)])
    assert found["wait"]["share"]["median"] == 0.0
    assert sum(one["share"]["median"] for one in found.values()) == pytest.approx(1.0)


def test_without_timed_stages_there_are_no_shares() -> None:
    assert stage_shares(runs(OURS, "results", "seconds", 1.0)) == {}
