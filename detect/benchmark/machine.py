"""What figures of speed rest on: the machine, its load, and the libraries."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from detect import __version__
from detect.cores import cores_allowed

__all__ = ["describe_machine", "load_average", "versions"]

_PACKAGES = (
    "numpy",
    "opencv-python",
    "openvino",
    "onnxruntime",
    "pillow",
    "supervision",
    "torch",
    "ultralytics",
)
_VARIABLES = (  # which move the number of threads that libraries use
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TBB_NUM_THREADS",
)


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory, system, and variables that are set, as plain JSON."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "cores_allowed": cores_allowed(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }


def load_average() -> float:
    """Return how many processes wanted to run, on average of the last minute."""
    return os.getloadavg()[0]


def versions() -> dict[str, str]:
    """Return the version of this package, of Python, and of each library that is installed."""
    found = {"fracture-locator": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an extra that is not there
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
