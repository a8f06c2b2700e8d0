"""Rounds: everything once, in an order of its own, then everything again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.benchmark.request import Mode
from detect.benchmark.variants import Variant

__all__ = ["Sample", "measure_rounds", "warm_up"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run."""

    system: str
    mode: Mode
    round: int  # from 1
    position: int  # in its round, from 1
    measured: dict[str, Any]  # by name, which ends in its unit


def measure_rounds(
    variants: Sequence[Variant],
    rounds: int,
    seed: int,
    folder: Callable[[], Path],
    told: Callable[[str], None],
) -> list[Sample]:
    """Run all variants in each round, so that what disturbs the machine disturbs all alike.

    The order is drawn for each round: nothing always runs after the same neighbour.

    Args:
        variants: what to run.
        rounds: how often.
        seed: of the orders.
        folder: makes a fresh one for each run, which is removed after it.
        told: hears of each run when it is done.

    Raises:
        BenchmarkError: a run failed.
    """
    draw = random.Random(seed)
    samples = []
    for number in range(1, rounds + 1):
        for position, variant in enumerate(draw.sample(variants, len(variants)), 1):
            samples.append(
                Sample(variant.system, variant.mode, number, position, _run(variant, folder()))
            )
            told(variant.what)
    return samples


def warm_up(variants: Sequence[Variant], folder: Callable[[], Path]) -> None:
    """Run what handles a single image once, for the libraries to lie in the file system's memory.

    Raises:
        BenchmarkError: a run failed.
    """
    for variant in variants:
        if variant.mode == "single":
            _run(variant, folder())


def _run(variant: Variant, folder: Path) -> dict[str, Any]:
    try:
        return variant.run(folder)
    finally:
        shutil.rmtree(folder)
