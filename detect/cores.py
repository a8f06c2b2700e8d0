"""How many of the machine's cores this process may use: what numbers of threads follow from."""

from __future__ import annotations

import os

__all__ = ["cores_allowed", "threads_to_compute"]

_OMP_NUM_THREADS = os.environ.get("OMP_NUM_THREADS", "")  # before ultralytics' import sets it to 1


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

    As many as OMP_NUM_THREADS told this process to, or else one per core allowed. Of a list, for
    nested regions (OpenMP 5.2, section 21.1.2), the first counts; what is no number does not.
    """
    first = _OMP_NUM_THREADS.split(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and int(first) else cores_allowed()
