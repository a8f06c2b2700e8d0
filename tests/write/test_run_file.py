"""run.yaml, read back by PyYAML."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from detect.errors import OutputError
from detect.write.run_file import write_run

VALUES = {
    "command": ["detect", "Hände/ä: 1.png", "--out", "out"],
    "versions": {"fracture_locator": "0.1.0", "openvino": "2025.1"},
    "bundle": {"name": "bundle", "sha256": "f" * 64},
    "counts": {"read": 12, "failed": 0},
    "seconds": 1.5,
    "resumed": False,
}


def test_values_come_back_in_order(tmp_path: Path) -> None:
    write_run(tmp_path / "run.yaml", VALUES)
    text = (tmp_path / "run.yaml").read_text(encoding="utf-8")
    read = yaml.safe_load(text)
    assert read == VALUES
    assert list(read) == list(VALUES)
    assert "Hände" in text


def test_a_value_that_yaml_cannot_hold_leaves_the_old_file(tmp_path: Path) -> None:
    write_run(tmp_path / "run.yaml", VALUES)
    with pytest.raises(yaml.YAMLError):
        write_run(tmp_path / "run.yaml", {"path": tmp_path})
    assert yaml.safe_load((tmp_path / "run.yaml").read_text(encoding="utf-8")) == VALUES


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").mkdir()
    with pytest.raises(OutputError, match=r"run\.yaml"):
        write_run(tmp_path / "run.yaml", VALUES)
