"""Images that threads bring one by one, computed together: what a graphics card is fast at.

No timer and no thread of its own: a caller that finds nobody computing does so at once; those that
come meanwhile wait, and one of them then computes for all who wait with images of its shape. So a
batch grows as long as the card is the slower part, a single caller waits for nobody, and nothing
has to be told when callers cease to come. (Databases write their logs so: group commit.)
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.errors import DeviceMemoryError
from detect.model.runtime import RawOutput, Runtime

__all__ = ["BatchingRuntime"]

LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Call:
    """A caller, its images, and what became of them; without either, it is its turn to compute."""

    images: NDArray[np.uint8]
    woken: threading.Event = field(default_factory=threading.Event)
    result: RawOutput | None = None
    error: BaseException | None = None


class BatchingRuntime:
    """A runtime that lets another compute the images of several callers together.

    The inner one is called by one thread at a time. Whose image is oldest is served next, and with
    it all that wait with images of the same shape, so that no shape is passed over.
    """

    def __init__(self, run: Runtime, most: int) -> None:
        """Take the runtime that computes, and how many images it is given at once at most.

        It raises DeviceMemoryError where its memory does not hold what it was given; it is then
        given half as much, and never again more pixels than that, whatever their shape.
        """
        self._run = run
        self._most = most
        self._pixels: int | None = None  # that fit; None: no limit was met so far
        self._lock = threading.Lock()
        self._busy = False  # somebody computes; if nobody does, nobody waits
        self._waiting: deque[_Call] = deque()  # the oldest first

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run uint8 (B, 1, H, W), together with what other threads bring.

        Raises:
            DeviceMemoryError: not even one image fits.
            Exception: whatever the inner runtime raised for the batch that held these images.
        """
        call = _Call(images)
        with self._lock:
            self._waiting.append(call)
            waits, self._busy = self._busy, True
        if waits:
            call.woken.wait()
        if call.result is None and call.error is None:
            self._lead()
        if call.error is not None:
            raise call.error
        assert call.result is not None  # it leads with its own call, the oldest
        return call.result

    def _lead(self) -> None:
        """Compute for the oldest caller and all that go with it, then let the next one lead."""
        batch: list[_Call] = []
        try:
            batch = self._take()
            self._serve(batch)
        except BaseException as error:  # each caller raises it
            for call in batch:
                call.error = error
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for call in (*batch, *([following] if following else ())):
                call.woken.set()

    def _take(self) -> list[_Call]:
        """Take the oldest caller off the queue, and others of its shape while there is room."""
        with self._lock:
            shape = self._waiting[0].images.shape[1:]
            room, batch, left = self._room(shape), list[_Call](), deque[_Call]()
            for call in self._waiting:
                fits = call.images.shape[1:] == shape and (not batch or len(call.images) <= room)
                if fits:
                    room -= len(call.images)
                (batch if fits else left).append(call)
            self._waiting = left
        return batch

    def _room(self, shape: tuple[int, ...]) -> int:
        """Return how many images of (1, H, W) are computed at once."""
        if self._pixels is None:
            return self._most
        return max(1, min(self._most, self._pixels // (shape[-2] * shape[-1])))

    def _serve(self, batch: list[_Call]) -> None:
        if len(batch) == 1:
            batch[0].result = self._compute(batch[0].images)
            return
        together = self._compute(np.concatenate([call.images for call in batch]))
        ends = np.cumsum([len(call.images) for call in batch])
        for call, end in zip(batch, ends, strict=True):
            rows = slice(end - len(call.images), end)
            # copies: a view would keep the whole batch alive as long as one of its images
            call.result = _map([together], partial(_copy, rows=rows))

    def _compute(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run all images in as few parts as memory allows."""
        done: list[RawOutput] = []
        start, shape = 0, images.shape[1:]
        while start < len(images) or not done:
            count = min(self._room(shape), len(images) - start)
            try:
                done.append(self._run(images[start : start + count]))
            except DeviceMemoryError:
                if count <= 1:
                    raise
                self._pixels = count // 2 * shape[-2] * shape[-1]
                LOGGER.info("%d images do not fit into memory at once: half as many", count)
                continue
            start += count
        if len(done) == 1:
            return done[0]
        return _map(done, np.concatenate)


def _map(results: Sequence[RawOutput], change: Callable[[list[Any]], Any]) -> RawOutput:
    """Return what `change` makes of each output of all results; what a graph lacks stays None."""
    names = [each.name for each in fields(RawOutput) if getattr(results[0], each.name) is not None]
    return RawOutput(**{name: change([getattr(one, name) for one in results]) for name in names})


def _copy(values: list[Any], rows: slice) -> Any:
    return values[0][rows].copy()
