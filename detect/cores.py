"""What numbers of threads follow from: the cores this process may use, and what it was told."""

from __future__ import annotations

import os

__all__ = ["cores_allowed", "threads_to_compute"]

_OMP_NUM_THREADS = os.environ.get("OMP_NUM_THREADS", "")  # ultralytics' import writes 1


def cores_allowed() -> int:
    """Return the number of logical cores that this process may run on, at least 1.

    A batch system, a container (`--cpuset-cpus`) or `taskset` may allow fewer than there are. As
    Python 3.13's `os.process_cpu_count`. Limits of time, as of `docker run --cpus`, do not count.
    """
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows have none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_to_compute() -> int:
    """Return with how many threads a network is trained on the processor, at least 1.

    As many as OMP_NUM_THREADS says, or else one per core allowed. Of a list (OpenMP 5.2, section
    21.1.2) the first counts; 0, or what is no number, is ignored. A program that imports
    ultralytics before `detect` is taken to have asked for the one thread that it writes.
    """
    first = _OMP_NUM_THREADS.split(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and int(first) else cores_allowed()
