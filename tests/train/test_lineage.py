"""What a bundle was trained from is told through all the trainings before it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.train.lineage import continued_training

TRAINING = {
    "command": "python cli.py train --data datasets/mine --out weights/first",
    "data": [{"name": "mine", "licence": "CC0", "origin": None, "images": {"train": 9}}],
    "splits": {"train": {"images": 9}},
    "checks": [
        {"kind": "duplicate", "line": "twice", "leak": False},
        {"kind": "group_leak", "line": "p1 is in train and test", "leak": True},
    ],
    "init": "yolo26n.pt",
    "recipe": {"epochs": 32},
    "seconds": {"fine-tune": 60},
    "device": "cpu",
    "machine": "Linux x86_64",
    "precision": "float32",
    "int8": {"calibrated_on": 3},
}


def _bundle(folder: Path, name: str, weights: bytes, **training: Any) -> Path:
    """Write what of a bundle is looked at; return its checkpoint."""
    folder.mkdir()
    (folder / "model.pt").write_bytes(weights)
    manifest = {
        "schema_version": 99,
        "name": name,
        "version": "0.1.0",
        "training": TRAINING | training,
        "files": {"model.onnx": "0" * 64, "model.pt": hashlib.sha256(weights).hexdigest()},
    }
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder / "model.pt"


def test_the_training_of_a_bundle_is_kept(tmp_path: Path) -> None:
    init = _bundle(tmp_path / "first", "first", b"weights", cores=2)

    found = continued_training(init)

    assert found is not None
    training = found.pop("training")
    assert found == {
        "name": "first",
        "version": "0.1.0",
        "sha256": hashlib.sha256(init.with_name("manifest.yaml").read_bytes()).hexdigest(),
        "checkpoint_sha256": hashlib.sha256(b"weights").hexdigest(),
    }
    left_out = {"splits", "checks", "int8"}
    expected = {key: value for key, value in TRAINING.items() if key not in left_out}
    assert training == {**expected, "cores": 2, "checks": TRAINING["checks"][1:]}
    assert json.loads(json.dumps(training)) == training
    assert str(tmp_path) not in str(training)


def test_what_came_before_that_is_kept_too(tmp_path: Path) -> None:
    first = continued_training(_bundle(tmp_path / "first", "first", b"1"))
    second = continued_training(_bundle(tmp_path / "second", "second", b"2", continues=first))

    assert second is not None
    assert second["training"]["continues"] == first
    assert "continues" not in second["training"]["continues"]["training"]


def test_other_weights_tell_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    init = _bundle(tmp_path / "first", "first", b"weights")
    alone = tmp_path / "yolo26n.pt"
    alone.write_bytes(b"weights")
    beside = init.with_name("other.pt")
    beside.write_bytes(b"weights")

    assert continued_training(Path("yolo26n.pt")) is None
    assert continued_training(alone) is None
    assert continued_training(beside) is None
    (tmp_path / "manifest.yaml").write_text("dependencies: [yolo]", encoding="utf-8")
    assert continued_training(alone) is None
    assert caplog.text == ""


def test_weights_that_changed_and_a_manifest_that_is_damaged_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    init = _bundle(tmp_path / "first", "first", b"weights")
    init.write_bytes(b"others")

    assert continued_training(init) is None
    assert "is of another model.pt" in caplog.text
    init.with_name("manifest.yaml").write_text("{", encoding="utf-8")
    assert continued_training(init) is None
    assert "manifest.yaml: cannot be read" in caplog.text
    assert caplog.text.count("\n") == 2
