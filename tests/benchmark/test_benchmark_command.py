"""The command as users type it, on a few small images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Call

from detect.errors import InputError
from detect.model.runtimes import choose_runtime

Errors = Callable[[Any], list[str]]


def modes_of(record: dict[str, Any], system: str) -> set[str]:
    return {one["mode"] for one in record["samples"] if one["system"] == system}


def test_a_tiny_run_measures_results_alone(
    radiographs: Path, tmp_path: Path, call: Call, schema_errors: Errors
) -> None:
    (radiographs / "broken.png").write_bytes((radiographs / "a.png").read_bytes()[:900])
    out = tmp_path / "out"
    arguments = ("benchmark", "--data", radiographs, "--out", out, "--rounds", 1, "--no-images")
    code, printed, err = call(*arguments, "--workers", 1)
    assert code == 3, err
    record = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))
    assert schema_errors(record) == []
    assert sorted(path.name for path in out.iterdir()) == [
        *("benchmark.json", "benchmark.png", "benchmark.svg")
    ]
    assert set(record["modes"]) == {"forward", "results", "command", "single", "stages"}
    assert modes_of(record, "fracture-locator") == set(record["modes"])
    assert len(record["samples"]) == len(record["modes"])
    runs = {one["mode"]: one["measured"] for one in record["samples"]}
    assert {mode: run["images"] for mode, run in runs.items()} == {
        **dict.fromkeys(record["modes"], 4),
        "single": 1,
    }
    assert runs["command"]["peak_memory_bytes"] > 100 << 20
    # each stage took its time, and all of them no more than there was
    stages, shares = runs["stages"], record["stages"]
    assert stages["threads"] == 1
    spent = {name for name, one in stages["stages"].items() if one["seconds"] > 0}
    assert spent == {"decode", "prepare", "forward", "post-process", "write"}
    assert sum(one["seconds"] for one in stages["stages"].values()) < stages["seconds"] * 1.05
    assert sum(one["share"]["median"] for one in shares.values()) == pytest.approx(1)
    assert record["command"].startswith("python cli.py benchmark --data ")
    assert record["systems"][0]["setting"] == {
        "workers": 1,
        "runtime": choose_runtime("auto"),
    }
    assert record["data"]["unreadable"][0].startswith("broken.png: ")
    assert "left out, since they cannot be read: 1 files; broken.png: " in printed
    assert "images per second, results only" in printed
    assert "overlays" not in printed
    assert call(*arguments)[::2] == (
        1,
        f"error: --out {out}: holds a benchmark already; choose another, or --overwrite\n",
    )


@pytest.mark.slow
def test_with_images_and_further_formats_on_another_runtime(
    radiographs: Path, tmp_path: Path, call: Call, schema_errors: Errors
) -> None:
    out = tmp_path / "out"
    options = ("--rounds", 2, "--format", "coco", "--runtime", "onnxruntime", "--limit", 3)
    code, printed, err = call("benchmark", "--data", radiographs, "--out", out, *options)
    assert code == 0, err
    record = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))
    assert schema_errors(record) == []
    assert (record["data"]["found"], record["data"]["images"]) == (4, 3)
    assert len(record["samples"]) == 2 * len(record["modes"]) == 12
    runs = [one["measured"] for one in record["samples"] if one["mode"] == "single"]
    assert all(0 < run["first_result_seconds"] <= run["wall_seconds"] for run in runs)
    stages = next(one["measured"] for one in record["samples"] if one["mode"] == "stages")["stages"]
    assert {"decode", "prepare", "forward", "post-process", "draw", "encode", "write"} == set(
        stages
    )
    assert all(one["seconds"] > 0 for one in stages.values())
    assert {one["mode"] for one in record["overheads"]} == {"results", "overlays"}
    assert "images per second, overlays and results" in printed


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--peer", "yolo"], 2, "--peer yolo: choose from ultralytics, ultralytics-openvino"),
        (["--rounds", "0"], 2, "--rounds"),
        (["--runtime", "abacus"], 2, "--runtime abacus: choose from"),
        (["--format", "docx"], 1, "error: --format docx: unknown"),
        (["--weights", "none"], 1, "error: --weights none: no such bundle"),
        (["--data", "none"], 1, "error: none: no such file or folder"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    radiographs: Path, tmp_path: Path, call: Call, options: list[str], code: int, told: str
) -> None:
    out = tmp_path / "out"
    ended = call("benchmark", "--data", radiographs, "--out", out, "--quiet", *options)
    assert ended.code == code
    assert told in " ".join(ended.err.replace("│", " ").split())
    assert not out.exists()


def test_a_runtime_that_cannot_compute_here_is_told_before_anything_runs(
    radiographs: Path,
    tmp_path: Path,
    call: Call,
    make_bundle: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import openvino

    def none(*_: Any) -> list[str]:
        return ["FP32", "INT8"]

    def told(runtime: str) -> str:
        options = ("--weights", bundle, "--runtime", runtime, "--quiet", "--out", out)
        code, _, err = call("benchmark", "--data", radiographs, *options)
        assert code == 1
        assert err.count("\n") == 1
        assert not out.exists()
        return err

    bundle, out = make_bundle(), tmp_path / "out"
    manifest = yaml.safe_load((bundle / "manifest.yaml").read_bytes())
    manifest["files"] = {name: at for name, at in manifest["files"].items() if "int8" not in name}
    (bundle / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    monkeypatch.setattr(openvino.Core, "get_property", none)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it would fail
    assert "for --runtime openvino-int8; make it with" in told("openvino-int8")
    assert "--runtime openvino-bf16: this processor has no bfloat16" in told("openvino-bf16")
    assert told("onnxruntime").startswith("error: onnxruntime: not installed; run: ")


def test_weights_that_cannot_be_trained_further_have_no_peers(
    radiographs: Path, tmp_path: Path, call: Call, make_bundle: Callable[..., Path]
) -> None:
    bundle, out = make_bundle(), tmp_path / "out"
    options = ("--weights", bundle, "--peer", "ultralytics", "--quiet", "--out", out)
    code, _, err = call("benchmark", "--data", radiographs, *options)
    assert code == 1
    assert err.startswith(f"error: --weights {bundle}: has no model.pt")


def test_peers_need_the_training_extra(
    radiographs: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(extra: str, *modules: str) -> None:
        raise InputError(f"{modules[0]}: not installed; needs {extra}")

    monkeypatch.setattr("detect.benchmark.run.need_extra", missing)
    options = ("--peer", "ultralytics", "--quiet", "--out", tmp_path / "out")
    code, _, err = call("benchmark", "--data", radiographs, *options)
    assert (code, err) == (1, "error: torch: not installed; needs train\n")
