"""`evaluate` with several models, through the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command_line import Call
from PIL import Image

from detect.data.load import load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.evaluate.detector import open_detector
from detect.evaluate.settings import Settings
from detect.read import read


@pytest.fixture
def call(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command line with few resamples."""
    monkeypatch.setattr("detect.evaluate.run.Settings", partial(Settings, n_resamples=20))
    return call


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty phantoms in three splits."""
    return write_phantoms(tmp_path / "set", 40, size=(160, 128)).parent


@pytest.mark.slow
def test_bundle_checkpoint_graph_and_results_side_by_side(
    call: Call, data: Path, checkpoint: Path, graph: Path, tmp_path: Path
) -> None:
    done = call("detect", data, "--out", tmp_path / "run", "--no-images", "--min-score", "0.001")
    assert done.code == 0
    out = tmp_path / "out"
    others = (f"peer={checkpoint}", f"peer={graph}", tmp_path / "run" / "results.jsonl")
    against = [text for other in others for text in ("--against", other)]
    common = ("--data", data, "--split", "train", "--out", out, "--prevalence", "0.1")
    ended = call("evaluate", *common, *against)
    assert ended.code == 0, ended.err
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    systems = [metrics, *metrics["against"]]
    assert [one["system"]["name"] for one in systems] == ["fracture-n", "peer 1", "peer 2", "run"]
    assert [one["system"]["kind"] for one in systems] == [
        "bundle",
        "ultralytics",
        "ultralytics",
        "results",
    ]
    assert len({one["data"]["n_read"] for one in systems}) == 1
    # the results are of the first system
    assert systems[3]["subsets"]["all"]["boxes"] == systems[0]["subsets"]["all"]["boxes"]
    same = metrics["comparisons"][2]
    # all resamples agree, which proves nothing: no p-value is claimed
    assert (same["auroc"]["value"], same["boxes"]["map50"]["value"]) == (0, 0)
    assert same["boxes"]["map50"]["p_value"] is None
    # checkpoint and graph are of one network, on one calibration set
    first, second = (one["subsets"]["all"]["verdict"]["auroc"]["value"] for one in systems[1:3])
    assert first == pytest.approx(second, abs=0.05)
    (summary,) = metrics["summary"]
    assert summary["systems"] == ["peer 1", "peer 2"]
    assert summary["figures"]["auroc"]["mean"] == pytest.approx((first + second) / 2)
    assert "peer, 2 seeds" in ended.out
    assert "fracture-n minus" in ended.out
    assert (out / "report.html").is_file()


@pytest.mark.slow
def test_a_plain_detector_stands_first_as_well(
    call: Call, data: Path, checkpoint: Path, tmp_path: Path
) -> None:
    dataset = load_fractures([data])
    split = "test"  # never val: a plain detector gets its verdict calibrated there
    spoilt = dataset.split(split)[0].image
    spoilt.write_bytes(spoilt.read_bytes()[:3000])
    out = tmp_path / "out"
    ended = call(
        "evaluate", "--data", data, "--split", split, "--weights", checkpoint, "--out", out
    )
    assert ended.code == 3, ended.err  # a picture failed
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["data"]["n_failed"] == 1
    assert metrics["system"]["fractures"] == ["fracture"]
    # every box that the detector finds itself is measured
    detector = open_detector(checkpoint, "", {})
    n_boxes = 0
    for sample in dataset.split(split):
        if sample.image != spoilt:
            (radiograph,) = read(sample.image, "x")
            n_boxes += len(detector(radiograph.pixels).scores)
    assert metrics["subsets"]["all"]["boxes"]["n_detections"] == pytest.approx(n_boxes, rel=0.02)


def test_usage_errors_come_before_any_work(call: Call, data: Path, tmp_path: Path) -> None:
    for index, image in enumerate((data / "images").iterdir()):
        Image.fromarray(np.full((9, 9), index, np.uint8)).save(image)
    base = ("evaluate", "--data", data, "--out", tmp_path / "out")
    for arguments, code, says in (
        (("--weights", "fracture-n", "--predictions", "x.jsonl"), 2, "--predictions takes the"),
        (("--prevalence", "1"), 2, "--prevalence 1"),
        (("--prevalence", "0"), 2, "--prevalence 0"),
        (("--grouped-by", "patient"), 1, "--grouped-by patient: no image of this split has one"),
        (("--against", "x.pt"), 1, "--against x.pt: no such file; check the path"),
        (("--predictions", "x.jsonl"), 1, "cannot read x.jsonl"),
        (("--against", "fracture-n"), 1, "--against fracture-n: fracture-n is given twice"),
    ):
        ended = call(*base, *arguments)
        assert ended.code == code, ended
        assert says in ended.err
        assert "Traceback" not in ended.err
        assert ended.out == ""
    assert not (tmp_path / "out").exists()


def test_a_detector_of_everyday_things_is_refused(
    call: Call, data: Path, tmp_path: Path, write_network: Callable[..., Path]
) -> None:
    everyday = write_network(tmp_path / "coco.pt", "person", "bicycle", "car")
    out = tmp_path / "out"
    for option in ("--weights", "--against"):
        ended = call("evaluate", "--data", data, "--out", out, option, everyday)
        assert (ended.code, ended.out) == (1, "")
        assert f"{option} {everyday}: none of its 3 classes (person, bicycle, car) says frac" in (
            ended.err
        )
        assert "give a --config whose `classes:` say which do" in ended.err
    assert not out.exists()


@pytest.mark.slow
def test_a_configuration_says_which_classes_of_a_detector_count(
    call: Call, data: Path, tmp_path: Path, write_network: Callable[..., Path]
) -> None:
    config = tmp_path / "classes.yaml"
    config.write_text("classes: {lump: fracture}\n", encoding="utf-8")
    several = write_network(tmp_path / "x.pt", "lump", "screw")
    out = tmp_path / "out"
    common = ("--data", data, "--out", out, "--gallery", 0)
    ended = call("evaluate", *common, "--weights", several, "--config", config)
    assert ended.code == 0, ended.err
    system = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["system"]
    assert (system["fractures"], system["fractures_by"]) == (
        ["lump"],
        "the configuration's classes say so",
    )
    single = write_network(tmp_path / "y.pt", "wrist")
    ended = call("evaluate", *common, "--weights", single, "--overwrite")
    assert ended.code == 0, ended.err
    line = "a box of wrist counts as a fracture, since it is the only class, though its name does"
    assert line in ended.out
    page = re.sub("<[^>]+>", "", (out / "report.html").read_text(encoding="utf-8"))
    assert f"y is a plain detector: {line} not say so." in page
