"""Runs one command and says what it cost: time, processor time, peak memory, first result.

A program of its own, of the standard library alone: on Linux the peak memory that the system
reports of a process counts that of its parent at the moment it was started (`exec` keeps the
high-water mark), so the parent must be small.

    python -I -S launch.py REPORT.json FOLDER ENDING COMMAND…

FOLDER, ENDING: the first result is there when FOLDER holds a file whose name ends so and that is
not empty; ENDING may be "" where nobody wants to know.
"""

from __future__ import annotations

import json
import os
import sys
import time

__all__: list[str] = []

_POLL = 0.005  # seconds between looks for the first result


def _has_result(folder: str, ending: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(e.name.endswith(ending) and e.stat().st_size > 0 for e in entries)
    except FileNotFoundError:  # not made yet, or renamed between the two looks
        return False


def _main() -> None:
    report, folder, ending, *command = sys.argv[1:]
    started = time.monotonic()
    child = os.posix_spawn(command[0], command, os.environ)
    first = None
    ended, status, usage = 0, 0, None
    while not ended:
        waits = not ending or first is not None
        ended, status, usage = os.wait4(child, 0 if waits else os.WNOHANG)
        now = time.monotonic() - started
        if not waits and _has_result(folder, ending):
            first = now
        elif not waits and not ended:
            time.sleep(_POLL)
    assert usage is not None  # the loop ends with the child
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, bytes: getrusage(2)
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs memory
        json.dump(
            {
                "exit_code": os.waitstatus_to_exitcode(status),
                "wall_seconds": now,
                "first_result_seconds": first,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_memory_bytes": usage.ru_maxrss * unit,
            },
            file,
        )


if __name__ == "__main__":
    _main()
