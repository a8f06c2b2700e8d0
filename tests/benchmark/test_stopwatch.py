"""Times of stages, added up over threads."""

from __future__ import annotations

import threading
import time

from detect.benchmark.stopwatch import StageClock
from detect.stages import listening, stage


def test_times_of_all_threads_are_added_up() -> None:
    clock = StageClock()

    def work() -> None:
        with stage("decode"):
            time.sleep(0.05)
        with stage("forward"):
            sum(range(200_000))

    with listening(clock):
        threads = [threading.Thread(target=work) for _ in range(3)]
        with stage("write"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    times = clock.times()
    assert clock.working_threads == 3  # the one that wrote did no image
    assert times["decode"].seconds >= 0.15
    assert times["decode"].cpu_seconds < times["decode"].seconds / 2  # asleep
    assert times["forward"].cpu_seconds > 0
    assert times["write"].seconds >= 0.05
    assert times["draw"].seconds == 0.0


def test_a_stage_that_fails_is_counted() -> None:
    clock = StageClock()
    with listening(clock):
        try:
            with stage("decode"):
                time.sleep(0.02)
                raise OSError
        except OSError:
            pass
    assert clock.times()["decode"].seconds >= 0.02
