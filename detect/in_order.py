"""Worker threads that take one item each, and hand over in the order of the list."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import cv2

__all__ = ["in_order", "opencv_in_one_thread"]

_AHEAD = 4  # items under way per worker: enough to hide a slow one, few enough to stay small

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@contextmanager
def opencv_in_one_thread() -> Iterator[None]:
    """Keep OpenCV from sharing each small task among all cores: the workers fill them already.

    Of the CPU time that is not the network's, it takes a quarter.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], workers: int
) -> Iterator[_Result]:
    """Yield the results of `work` in the order of `items`, with a bounded number under way.

    Where `work` raises, or Ctrl-C ends the wait for it, what is not yet begun is given up; where
    the caller raises between two results, when this generator is closed or forgotten.
    """
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="worker") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= workers * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
