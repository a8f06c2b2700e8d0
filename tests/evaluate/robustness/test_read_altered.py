"""Altered images are read and measured against the truth of the altered image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.data.sample import LabelledBox, Sample
from detect.evaluate.robustness.conditions import CLEAN, CONDITIONS, Condition
from detect.evaluate.robustness.measure import measure_condition
from detect.evaluate.robustness.read import AlteredCases, read_altered
from detect.evaluate.settings import Settings
from detect.evaluate.truths import truths_of
from detect.model.bundle import Bundle, load_bundle
from detect.model.predictor import Prediction
from detect.read import Radiograph
from detect.record import Box

Read = Callable[[Condition], AlteredCases]
_BY_NAME = {condition.name: condition for condition in CONDITIONS}
_SETTINGS = Settings({"balanced": 0.5}, n_resamples=10)


def see(radiograph: Radiograph) -> Prediction:
    """Find what is light grey, and nothing else."""
    rows, columns = np.nonzero((radiograph.pixels > 120) & (radiograph.pixels < 230))
    found = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]] if len(rows) else []
    boxes = np.array(found, np.float32).reshape(-1, 4)
    scores = np.full(len(boxes), 0.9, np.float32)
    probability = 0.9 if found else 0.1
    classes, evidence = np.zeros(len(boxes), np.int64), np.zeros((4, 4), np.float32)
    return Prediction(boxes, scores, classes, 0.0, probability, lambda: evidence)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The shipped bundle, for its thresholds alone."""
    return replace(load_bundle("fracture-n"), attributes=None)


@pytest.fixture
def read(tmp_path: Path, bundle: Bundle) -> Read:
    """Read ten images with `see`: five with a light box, one at the edge; one unreadable."""
    samples = []
    for number in range(10):
        pixels = np.full((300, 200), 40, np.uint8)
        boxes: tuple[LabelledBox, ...] = ()
        if number % 2 == 0:
            x, y = (2, 100) if number == 0 else (60 + 5 * number, 200 - 12 * number)
            pixels[y : y + 40, x : x + 30] = 200
            boxes = (LabelledBox(Box(x, y, x + 30, y + 40), "fracture"),)
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        if number == 9:
            path.write_bytes(path.read_bytes()[:60])
        samples.append(Sample(path, "val", None, bool(boxes), boxes))
    truths = truths_of(samples, tmp_path)

    def run(condition: Condition) -> AlteredCases:
        return read_altered(
            samples,
            truths,
            condition,
            see,  # type: ignore[arg-type]
            bundle,
            workers=2,
            show_progress=False,
        )

    return run


@pytest.mark.parametrize(
    "name",
    ["rotated 90", "rotated 180", "rotated 270", "mirrored", "half size", "turned 10", "cropped",
     "black border", "white border", "blur", "JPEG 30"],
)  # fmt: skip
def test_who_sees_all_is_right_wherever_boxes_went(read: Read, name: str) -> None:
    found = measure_condition(read(_BY_NAME[name]), read(CLEAN), _SETTINGS, "balanced")
    figures = {key: one["value"] for key, one in found["figures"].items()}
    assert figures["map50"] == pytest.approx(1.0)
    assert figures["froc"] == figures["auroc"] == figures["sensitivity"] == 1.0
    assert figures["specificity"] == 1.0
    assert found["n_cut"] == (name == "cropped")  # the one at the edge
    assert found["n"] == 9 - found["n_cut"]
    assert found["n_failed"] == 1
    assert {one["value"] for one in found["differences"].values()} == {0.0}


def test_what_blinds_the_reader_shows(read: Read) -> None:
    found = measure_condition(read(_BY_NAME["inverted"]), read(CLEAN), _SETTINGS, "balanced")
    assert found["figures"]["map50"]["value"] == 0.0
    assert found["differences"]["map50"]["value"] == pytest.approx(-1.0)
    assert found["differences"]["specificity"]["value"] == -1.0  # it calls all backgrounds light
    assert found["n_cut"] == 0


def test_a_fracture_nobody_drew_may_be_cut_off_unseen(tmp_path: Path, bundle: Bundle) -> None:
    Image.fromarray(np.full((100, 100), 40, np.uint8)).save(tmp_path / "a.png")
    samples = [Sample(tmp_path / "a.png", "val", None, True, None)]
    truths = truths_of(samples, tmp_path)

    def holds(condition: Condition) -> bool:
        read = read_altered(
            samples,
            truths,
            condition,
            see,  # type: ignore[arg-type]
            bundle,
            workers=1,
            show_progress=False,
        )
        return read.holds == {"a.png"}

    assert not holds(_BY_NAME["cropped"])
    assert holds(_BY_NAME["rotated 90"])
    assert holds(CLEAN)
