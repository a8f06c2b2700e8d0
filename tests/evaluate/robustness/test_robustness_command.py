"""The command from a dataset to table, JSON and plot, through the readers and a real bundle."""

from __future__ import annotations

import json
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openvino
import pytest
from command_line import Call
from jsonschema import Draft202012Validator
from PIL import Image

from detect.data.phantom.writer import write_phantoms
from detect.evaluate.robustness import run
from detect.evaluate.settings import Settings


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixteen phantoms, half of them fractured, one of them cut short; and few resamples."""
    monkeypatch.setattr(run, "Settings", partial(Settings, n_resamples=20))
    root = write_phantoms(tmp_path / "set", 16, split="val", size=(160, 128)).parent
    spoilt = root / "images" / "phantom_0003.png"
    spoilt.write_bytes(spoilt.read_bytes()[:3000])
    return root


def schema_errors(found: Any) -> list[str]:
    schema = files("detect.evaluate.robustness") / "robustness.schema.json"
    validator = Draft202012Validator(json.loads(schema.read_text("utf-8")))
    return [error.message for error in validator.iter_errors(found)]


def test_a_run_gives_table_json_and_plot(dataset: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "out"
    chosen = ("rotated 90", "mirrored", "cropped")
    options = [text for name in chosen for text in ("--condition", name)]
    options += ["--runtime", "openvino"]
    ended = call("robustness", "--data", dataset, "--out", out, *options)
    assert ended.code == 3, ended.err  # one image cannot be read
    found = json.loads((out / "robustness.json").read_bytes())
    assert schema_errors(found) == []
    assert found["system"] == {"runtime": "openvino", "precision": "float32"}
    del found["conditions"][0]["figures"]["ece"]
    assert len(schema_errors(found)) == 1

    assert [one["name"] for one in found["conditions"]] == ["clean", *chosen]
    clean, *others = found["conditions"]
    assert (clean["n"], clean["n_failed"], clean["differences"]) == (15, 1, None)
    for one in others:
        assert one["n"] + one["n_failed"] + one["n_cut"] == 16
        for name, difference in one["differences"].items():
            value = one["figures"][name]["value"]
            assert (
                difference["value"] is None or difference["interval"] is None or value is not None
            )
            if one["n_cut"] == 0 and name != "ece" and value is not None:
                before = clean["figures"][name]["value"]
                assert difference["value"] == pytest.approx(value - before)
    for line, name in zip(ended.out.splitlines()[2:], ("clean", *chosen), strict=False):
        assert line.startswith(name)
    plot = ElementTree.parse(out / "robustness.svg").getroot()
    words = {"".join(text.itertext()) for text in plot.iter("{http://www.w3.org/2000/svg}text")}
    assert {*chosen, "AUROC", "mAP50"} <= {word.strip() for word in words}
    with Image.open(out / "robustness.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 5

    again = call("robustness", "--data", dataset, "--out", out)
    assert again.code == 1
    assert "--overwrite" in again.err


def test_changes_that_change_nothing_for_the_model_change_no_figure(
    dataset: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detect.evaluate.robustness import conditions

    same = conditions.Condition("same", "as it is", conditions.CLEAN.change)
    monkeypatch.setattr(conditions, "CONDITIONS", (same,))
    call("robustness", "--data", dataset, "--out", tmp_path / "out", "--quiet")
    found = json.loads((tmp_path / "out" / "robustness.json").read_bytes())
    clean, one = found["conditions"]
    assert one["figures"] == clean["figures"]
    assert {each["value"] for each in one["differences"].values()} <= {0.0, None}


def test_mistakes_are_told_in_a_line(dataset: Path, tmp_path: Path, call: Call) -> None:
    ended = call("robustness", "--data", dataset, "--condition", "upside down")
    assert ended.code == 2
    assert "marker" in ended.err
    ended = call("robustness", "--data", dataset, "--split", "test", "--out", tmp_path / "out")
    assert ended.code == 1
    assert ended.err.strip().splitlines()[-1].startswith("error: ")
    (tmp_path / "file").write_text("mine")
    ended = call("robustness", "--data", dataset, "--out", tmp_path / "file")
    assert ended.code == 1
    assert "is a file" in ended.err


def test_a_runtime_that_cannot_compute_here_is_told_before_anything_is_read(
    dataset: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32"])
    (dataset / "images" / "phantom_0001.png").unlink()  # which the check would warn of
    options = ("--runtime", "openvino-bf16", "--out", tmp_path / "out")
    ended = call("robustness", "--data", dataset, *options)
    assert ended.code == 1
    assert ended.err.startswith("error: --runtime openvino-bf16: this processor has no bfloat16")
    assert not (tmp_path / "out").exists()
