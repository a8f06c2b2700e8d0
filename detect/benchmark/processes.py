"""Each measured run is a process of its own, told what to do and asked what it cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import detect
from detect.errors import BenchmarkError, InputError

__all__ = ["ROOT", "Usage", "require_unix", "run_command", "run_task"]

ROOT = Path(detect.__file__).resolve().parent.parent
"""The folder that holds `cli.py` and the package."""

_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process cost from its start to its end, with those that it started itself."""

    wall_seconds: float
    first_result_seconds: float | None  # from the start; None: nobody asked
    cpu_seconds: float  # user and system, of all threads
    peak_memory_bytes: int  # resident; of several processes, that of the largest


def require_unix() -> None:
    """Refuse systems that do not say what a process has cost.

    Raises:
        InputError: this is one.
    """
    if not hasattr(os, "wait4") or not hasattr(os, "posix_spawn"):
        raise InputError(
            f"benchmark: {sys.platform} does not tell what a process costs; "
            "run it on Linux or macOS (on Windows: in WSL)"
        )


def run_command(
    command: Sequence[str],
    folder: Path,
    what: str,
    *,
    environment: Mapping[str, str] | None = None,
    first_result: tuple[Path, str] | None = None,
) -> Usage:
    """Run a command to its end.

    Args:
        command: of which the first is a full path.
        folder: for the report and what the command prints.
        what: is measured; for messages.
        environment: variables beside those of this process.
        first_result: the folder and the ending of the name of the first result.

    Raises:
        BenchmarkError: it failed; with the last line that it printed.
    """
    report, log = folder / "usage.json", folder / "log.txt"
    watched, ending = first_result or (folder, "")
    # what lies in memory to be written would be, in the next run's time
    os.sync()
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", _LAUNCH, report, watched, ending, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
            cwd=ROOT,
            start_new_session=True,  # so that both can be ended together
        )
        try:
            launcher.wait()
        except BaseException:
            os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()
            raise
    if launcher.returncode:
        raise BenchmarkError(f"{what}: cannot be run: {_last_line(log)}")
    plain = json.loads(report.read_text(encoding="utf-8"))
    code = plain.pop("exit_code")
    if code:
        ended = f"by signal {-code}" if code < 0 else f"with code {code}"
        raise BenchmarkError(f"{what}: ended {ended}: {_last_line(log)}")
    return Usage(**plain)


def run_task(
    task: str,
    arguments: Mapping[str, Any],
    folder: Path,
    what: str,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run one of the tasks of `detect.benchmark.child`; return its report.

    Args:
        task: its name.
        arguments: plain JSON values.
        folder, what, environment: as of `run_command`.

    Raises:
        BenchmarkError: it failed.
    """
    told, report = folder / "task.json", folder / "report.json"
    told.write_text(json.dumps({"task": task, "arguments": arguments}), encoding="utf-8")
    command = [sys.executable, "-m", "detect.benchmark.child", str(told), str(report)]
    run_command(command, folder, what, environment=environment)
    plain: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return plain


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    told = [line for line in lines if line]
    return told[-1].removeprefix("error: ") if told else "it printed nothing"
