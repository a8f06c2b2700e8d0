"""Rounds of runs, without anything to run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from detect.benchmark.rounds import measure_rounds, warm_up
from detect.benchmark.variants import Variant
from detect.errors import BenchmarkError

Fresh = Callable[[], Path]


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    numbers = count()

    def make() -> Path:
        path = tmp_path / str(next(numbers))
        path.mkdir()
        return path

    return make


def variants(*names: str) -> list[Variant]:
    def run(folder: Path) -> dict[str, Any]:
        assert not list(folder.iterdir())
        (folder / "left").mkdir()
        return {"folder": folder.name}

    return [Variant(name, "results", run) for name in names]


def test_each_round_runs_all_once_in_an_order_of_its_own(fresh: Fresh, tmp_path: Path) -> None:
    told: list[str] = []
    samples = measure_rounds(variants("a", "b", "c", "d"), 6, 1, fresh, told.append)
    orders = [tuple(one.system for one in samples[start : start + 4]) for start in range(0, 24, 4)]
    assert all(sorted(order) == ["a", "b", "c", "d"] for order in orders)
    assert len(set(orders)) > 1
    assert [(one.round, one.position) for one in samples[:5]] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 1),
    ]
    assert told[0] == f"{samples[0].system}, results"
    assert not list(tmp_path.iterdir())  # nothing is left, nor fills the disk
    again = measure_rounds(variants("a", "b", "c", "d"), 6, 1, fresh, told.append)
    assert [one.system for one in again] == [one.system for one in samples]


def test_a_run_that_fails_ends_it_and_leaves_nothing(fresh: Fresh, tmp_path: Path) -> None:
    def fail(_: Path) -> dict[str, Any]:
        raise BenchmarkError("it failed")

    with pytest.raises(BenchmarkError):
        measure_rounds([Variant("a", "results", fail)], 2, 0, fresh, lambda _: None)
    assert not list(tmp_path.iterdir())


def test_single_images_warm_up(fresh: Fresh) -> None:
    seen = []

    def run(folder: Path) -> dict[str, Any]:
        seen.append(folder.name)
        return {}

    warm_up([Variant("a", "single", run), Variant("a", "command", run)], fresh)
    assert len(seen) == 1
