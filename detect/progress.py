"""How far long work has come: a bar on a terminal, plain log lines elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from detect.closing import Closing

__all__ = ["Progress", "followed"]

LOGGER = logging.getLogger(__name__)
_Item = TypeVar("_Item")


class Progress(Closing):
    """Counts images, or other units of work; a context manager.

    Args:
        task: what is done, one word.
        total: images in all.
        bar: draw a bar on stderr; else log a line now and then, at level INFO.
        done: images that an earlier run did; they count for no rate.
        every: seconds between log lines.
        unit: what is counted, in the singular.
        scaled: count in thousands, millions …, as bytes are ("1.25GB").
    """

    def __init__(
        self,
        task: str,
        total: int,
        *,
        bar: bool,
        done: int = 0,
        every: float = 10.0,
        unit: str = "image",
        scaled: bool = False,
    ) -> None:
        self._task = task
        self._bar = tqdm(
            total=total, initial=done, desc=task, unit=unit, unit_scale=scaled, disable=not bar
        )
        self._total, self._unit, self._scaled = total, unit, scaled
        self._before, self._done = done, done
        self._every = every
        self._started = self._told = time.monotonic()

    def advance(self, note: str = "", by: int = 1) -> None:
        """Count `by` images more; `note` is shown behind the bar.

        A negative number takes back what has to be done again.
        """
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(by)
        self._done += by
        now = time.monotonic()
        if self._bar.disable and now - self._told >= self._every:
            self._told = now
            self._tell(now - self._started)

    def close(self) -> None:
        """Leave the bar as it stands; for callers that cannot use `with`."""
        self._bar.close()

    def _tell(self, seconds: float) -> None:
        if self._done <= self._before:
            return  # all of this run's work has to be done again
        rate = (self._done - self._before) / seconds
        left = (self._total - self._done) / rate
        done, total = str(self._done), f"{self._total} {self._unit}s"
        speed = f"{rate:.1f}"
        if self._scaled:
            done, total, speed = (
                tqdm.format_sizeof(number) + self._unit
                for number in (self._done, self._total, rate)
            )
        LOGGER.info(
            "%s: %s of %s, %s a second, %d:%02d min left",
            *(self._task, done, total, speed, *divmod(round(left), 60)),
        )


def followed(task: str, items: Iterable[_Item], total: int, *, bar: bool) -> Iterator[_Item]:
    """Yield the items, and tell how many the caller is done with; arguments as of `Progress`."""
    with Progress(task, total, bar=bar) as progress:
        for item in items:
            yield item
            progress.advance()
