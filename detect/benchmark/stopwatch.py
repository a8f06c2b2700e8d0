"""A listener of `detect.stages` that adds up the time of each stage over all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

from detect.stages import Stage

__all__ = ["StageClock", "StageTime"]

_OF_RUN: frozenset[Stage] = frozenset({"load", "write"})  # not done by the threads that work


@dataclass(slots=True)
class StageTime:
    """What a stage took, over all threads and images."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the very threads: a runtime's own ones are not counted


class StageClock:
    """Adds up stages; hears of them in any number of threads. Stages must not be nested."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._all: list[dict[Stage, StageTime]] = []  # of each thread; append is atomic

    @contextmanager
    def __call__(self, name: Stage) -> Iterator[None]:
        times: dict[Stage, StageTime] | None = getattr(self._mine, "times", None)
        if times is None:
            times = self._mine.times = {}
            self._all.append(times)
        started, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            one = times.setdefault(name, StageTime())
            one.seconds += time.perf_counter() - started
            one.cpu_seconds += time.thread_time() - cpu

    @property
    def working_threads(self) -> int:
        """How many threads had a part in an image; those that only load or write do not count."""
        return sum(bool(times.keys() - _OF_RUN) for times in self._all)

    def times(self) -> dict[Stage, StageTime]:
        """Return every stage's sum, those that never came too; ask when all threads are done."""
        total: dict[Stage, StageTime] = {name: StageTime() for name in get_args(Stage)}
        for times in self._all:
            for name, one in times.items():
                total[name].seconds += one.seconds
                total[name].cpu_seconds += one.cpu_seconds
        return total
