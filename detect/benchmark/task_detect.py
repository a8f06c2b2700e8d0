"""Task: `detect` over a folder, in a process that has seen one image before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from detect.benchmark.stopwatch import StageClock
from detect.errors import BenchmarkError
from detect.model.runtime import RuntimeName
from detect.pipeline import DetectRequest, detect_folder
from detect.stages import Stage, listening

__all__ = ["measure_detect"]


class _LoadClock:
    """Hears of loading alone, so that the stages of images cost nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, name: Stage) -> AbstractContextManager[None]:
        return self._load() if name == "load" else nullcontext()

    @contextmanager
    def _load(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started


def measure_detect(
    folder: str,
    warm_up: str,
    out: str,
    weights: str,
    workers: int,
    runtime: RuntimeName,
    images: bool,
    formats: list[str],
    stages: bool,
) -> dict[str, Any]:
    """Time a run from the listing of the folder to the last file written.

    Not counted is what a long run pays once: imports (one image is read first, for these alone),
    and the time of the stage `load`.

    Args:
        folder: of the images.
        warm_up: one image.
        out: an empty folder.
        weights, workers, runtime, images, formats: of `DetectRequest`.
        stages: time each stage as well.

    Returns:
        images, seconds; with `stages` also threads, and by stage seconds and cpu_seconds.

    Raises:
        BenchmarkError: an image was not read.
    """

    def request(path: str, name: str) -> DetectRequest:
        return DetectRequest(
            paths=(path,),
            out=Path(out) / name,
            weights=weights,
            formats=tuple(formats),
            images=images,
            workers=workers,
            runtime=runtime,
        )

    detect_folder(request(warm_up, "warm-up"))
    clock = StageClock() if stages else _LoadClock()
    started = time.perf_counter()
    with listening(clock):
        outcome = detect_folder(request(folder, "run"))
    seconds = time.perf_counter() - started
    if outcome.failures or outcome.interrupted:
        raise BenchmarkError(f"{outcome.failures} images failed in a measured run")
    if isinstance(clock, _LoadClock):
        return {"images": outcome.read, "seconds": seconds - clock.seconds}
    times = clock.times()
    return {
        "images": outcome.read,
        "seconds": seconds - times.pop("load").seconds,
        "threads": clock.working_threads,
        "stages": {
            name: {"seconds": each.seconds, "cpu_seconds": each.cpu_seconds}
            for name, each in times.items()
        },
    }
