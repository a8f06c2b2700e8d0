"""How many of the machine's cores this process may use: what numbers of threads follow from."""

from __future__ import annotations

import os

__all__ = ["cores_allowed"]


def cores_allowed() -> int:
    """Return the number of logical cores that this process may run on, at least 1.

    A batch system, a container (`--cpuset-cpus`) or `taskset` may allow fewer than there are. As
    Python 3.13's `os.process_cpu_count`. Limits of time, as of `docker run --cpus`, do not count.
    """
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows have none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
