"""The program of a measured process: does one task, and writes its report as JSON.

python -m detect.benchmark.child TASK.json REPORT.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from detect.errors import FractureLocatorError

__all__: list[str] = []


def _tasks() -> dict[str, Callable[..., dict[str, Any]]]:
    from detect.benchmark.task_detect import measure_detect
    from detect.benchmark.task_forward import measure_forward
    from detect.benchmark.task_prepare import prepare_ultralytics
    from detect.benchmark.task_ultralytics import measure_ultralytics

    return {
        "detect": measure_detect,
        "forward": measure_forward,
        "prepare": prepare_ultralytics,
        "ultralytics": measure_ultralytics,
    }


def _main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        report = _tasks()[told["task"]](**told["arguments"])
    except FractureLocatorError as error:
        sys.exit(f"error: {error}")
    Path(sys.argv[2]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    _main()
