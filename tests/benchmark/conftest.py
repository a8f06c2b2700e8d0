"""A benchmark's record with numbers made by hand, and what describes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from detect import DEFAULT_BUNDLE
from detect.benchmark.machine import describe_machine, versions
from detect.benchmark.peers import Peer, Setting
from detect.benchmark.record import build_record
from detect.benchmark.request import OURS, BenchmarkRequest, Mode
from detect.benchmark.rounds import Sample
from detect.model.bundle import load_bundle

_RATES: dict[str, dict[Mode, tuple[float, float]]] = {  # of the two rounds
    OURS: {"forward": (33, 33), "results": (30, 32), "overlays": (28, 30), "command": (20, 21)},
    "ultralytics": {"results": (12, 12), "overlays": (10, 10), "command": (7, 7)},
    "ultralytics-openvino-float32": {"results": (22, 22), "overlays": (20, 20)},
}
_SINGLE = {OURS: 1.0, "ultralytics": 4.0}
_STAGES = {"decode": 2.0, "forward": 14.0, "draw": 2.0, "write": 0.5}


@pytest.fixture(scope="session")
def schema_errors() -> Callable[[Any], list[str]]:
    """Return what in a record is not as `benchmark.schema.json` says."""
    schema = json.loads((files("detect.benchmark") / "benchmark.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    return lambda record: [error.message for error in validator.iter_errors(record)]


@pytest.fixture
def record() -> dict[str, Any]:
    """Two rounds of three systems on 100 images."""
    samples = []
    for number in (1, 2):
        for system, rates in _RATES.items():
            for mode, pair in rates.items():
                rate = pair[number - 1]
                measured: dict[str, Any] = {"images": 100, "images_per_second": rate}
                measured["wall_seconds" if mode == "command" else "seconds"] = 100 / rate
                if mode == "command":
                    measured |= {"first_result_seconds": 1.0, "cpu_seconds": 9.0}
                    measured["peak_memory_bytes"] = (300 << 20) * (1 + (system != OURS))
                samples.append(Sample(system, mode, number, 1, measured))
        for system, seconds in _SINGLE.items():
            one = {"images": 1, "images_per_second": 1 / seconds, "wall_seconds": seconds}
            one |= {"first_result_seconds": seconds * 0.9, "cpu_seconds": seconds * 1.5}
            one["peak_memory_bytes"] = 200 << 20
            samples.append(Sample(system, "single", number, 2, one))
        stages = {name: {"seconds": t, "cpu_seconds": t / 4} for name, t in _STAGES.items()}
        timed = {"images": 100, "images_per_second": 10.0, "seconds": 10.0, "threads": 2}
        samples.append(Sample(OURS, "stages", number, 3, timed | {"stages": stages}))
    torch, static = Setting("pytorch", 4, 2), Setting("openvino static", float32=True)
    return build_record(
        BenchmarkRequest(
            Path("radiographs"), Path("out"), DEFAULT_BUNDLE, rounds=2, runtime="openvino-bf16"
        ),
        about={
            "created": "2026-01-02T03:04:05+00:00",
            "machine": describe_machine() | {"processor": "A processor", "cores": 2},
            "load_average": {"before": 0.1, "after": 1.9},
            "versions": versions(),
        },
        data={
            **{"folder": "radiographs", "found": 105, "files": 100, "images": 100},
            **{"names_sha256": "0" * 64, "unreadable": ["x.png: ends early"], "not_plain": []},
        },
        bundle=load_bundle(DEFAULT_BUNDLE),
        workers=2,
        peers=[
            Peer("ultralytics", "yolo predict, PyTorch", "float32", torch, [(torch, 11.0)], True),
            Peer(
                "ultralytics-openvino-float32",
                "yolo predict, its OpenVINO export",
                "float32",
                static,
                [(static, 21.0)],
                False,
            ),
        ],
        samples=samples,
    )
