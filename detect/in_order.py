"""Worker threads that take one file each, and hand over in the order of the list."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import cv2

from detect.inputs import Input

__all__ = ["in_order", "opencv_in_one_thread"]

_AHEAD = 4  # files under way per worker: enough to hide a slow one, few enough to stay small

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
    work: Callable[[Input], _Result], files: Sequence[Input], workers: int
) -> Iterator[_Result]:
    """Yield the results of `work` in the order of `files`, with a bounded number under way."""
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="detect") as pool:
        try:
            for file in files:
                waiting.append(pool.submit(work, file))
                if len(waiting) >= workers * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
