"""The `train` command before and around the training: what is missing, and Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import cli

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line in this process; return exit code and stderr."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["cli.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "module",
    [
        *("torch", "torchvision", "ultralytics", "onnx", "onnxruntime", "onnxslim"),
        *("sklearn", "faster_coco_eval", "matplotlib"),
    ],
)
def test_a_missing_package_is_told_before_any_work(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    monkeypatch.setattr(
        "detect.extras.find_spec", lambda name: None if name == module else find_spec(name)
    )

    code, err = call("train", "--data", tmp_path, "--runs", tmp_path / "runs")

    assert code == 1
    assert err.startswith(f"error: {module}: not installed; run: python -m pip install")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "stage", "said"),
    [
        ("train", "detect.train.run.train", "interrupted; go on with --resume\n"),
        ("evaluate", "detect.evaluate.report.claim_report", "interrupted\n"),
    ],
)
def test_ctrl_c_ends_with_one_line(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
    stage: str,
    said: str,
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, interrupt)

    assert call(command, "--data", tmp_path, "--out", tmp_path / "out") == (130, said)
