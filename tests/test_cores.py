"""Threads are counted by the cores that a process may use, not by those that there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from detect.cores import cores_allowed, threads_to_compute
from detect.model.bundle import load_bundle

ON_ONE_CORE = """
import json, os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # as taskset and batch systems do
from pathlib import Path
from detect.benchmark.machine import describe_machine
from detect.cores import cores_allowed
from detect.model.runtime import open_runtime
from detect.model.runtimes import default_workers

compiled = open_runtime(Path(sys.argv[1]), threads=8)._compiled
print(json.dumps({
    "allowed": cores_allowed(),
    "told": describe_machine()["cores_allowed"],
    "workers": default_workers("openvino"),
    "streams": int(compiled.get_property("NUM_STREAMS")),
    "threads": int(compiled.get_property("INFERENCE_NUM_THREADS")),
}))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no core can be taken away")
def test_a_process_kept_to_one_core_computes_on_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_ONE_CORE, load_bundle("fracture-n").graph],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "allowed": 1,
        "told": 1,
        "workers": 2,
        "streams": 1,
        "threads": 1,
    }


def test_elsewhere_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cores_allowed() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores_allowed() == 1


@pytest.mark.skipif(cores_allowed() < 2, reason="one core is all that there is")
@pytest.mark.parametrize("first", ["detect.train.trainer", "detect.train.verdict", "detect"])
def test_what_ultralytics_writes_is_not_what_the_user_asked_for(first: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    code = f"import {first}, ultralytics; from detect.cores import threads_to_compute; "
    code += "print(threads_to_compute())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == cores_allowed()


@pytest.mark.parametrize(
    ("asked", "threads"),
    [("", None), ("all", None), ("0", None), ("1", 1), ("3", 3), (" 4,2 ", 4)],
)
def test_training_computes_on_all_cores_unless_told(
    asked: str, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detect.cores._OMP_NUM_THREADS", asked)
    assert threads_to_compute() == (threads or cores_allowed())
