"""How far long work has come: a bar on a terminal, plain log lines elsewhere."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

__all__ = ["Progress"]

LOGGER = logging.getLogger(__name__)


class Progress:
    """Counts images; a context manager.

    Args:
        task: what is done, one word.
        total: images in all.
        bar: draw a bar on stderr; else log a line now and then, at level INFO.
        done: images that an earlier run did; they count for no rate.
        every: seconds between log lines.
    """

    def __init__(
        self, task: str, total: int, *, bar: bool, done: int = 0, every: float = 10.0
    ) -> None:
        self._task = task
        self._bar = tqdm(total=total, initial=done, desc=task, unit="image", disable=not bar)
        self._total = total
        self._before, self._done = done, done
        self._every = every
        self._started = self._told = time.monotonic()

    def advance(self) -> None:
        """Count one image more."""
        self._bar.update()
        self._done += 1
        now = time.monotonic()
        if self._bar.disable and now - self._told >= self._every:
            self._told = now
            self._tell(now - self._started)

    def _tell(self, seconds: float) -> None:
        rate = (self._done - self._before) / seconds
        left = (self._total - self._done) / rate
        LOGGER.info(
            "%s: %d of %d images, %.1f a second, %d:%02d min left",
            *(self._task, self._done, self._total, rate, *divmod(round(left), 60)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
