"""A plain detector gets a verdict from its best box, by the code that calibrates bundles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from detect.data.sample import LabelledBox, Sample
from detect.errors import DataError
from detect.evaluate.calibrate import box_threshold, operating_points
from detect.evaluate.detector import Detected
from detect.evaluate.peer import calibrate_peer
from detect.evaluate.systems import System
from detect.record import Box, Failure, ModelInfo, Reading

BOX = Box(4, 4, 20, 20)


class Told:
    """A detector that says of each image what its first row of pixels says.

    The first pixel is the best score in per cent (0: no box), the second whether the box is
    where the fracture is; a second box of half the score lies elsewhere. 99 makes it break.
    """

    path = Path("weights/told.pt")
    info = ModelInfo("told", "ultralytics 8", "ab" * 32)
    classes = ("fracture", "metal")
    fractures = ("fracture",)
    fractures_by = "its name says so"
    image_size = 320

    def __call__(self, pixels: NDArray[np.uint8]) -> Detected:
        best = pixels[0, 0] / 100
        if pixels[0, 0] == 99:
            raise RuntimeError("out of\nmemory")
        place = [4, 4, 20, 20] if pixels[0, 1] else [30, 30, 40, 44]
        n = 2 if best else 0
        boxes = np.array([place, [40.0, 2.0, 60.0, 12.0]])[:n]
        return Detected(boxes, np.array([best, best / 2])[:n], ("fracture",) * n)


def sample(
    folder: Path, number: int, best: int, fractured: bool | None, *, right: bool = True
) -> Sample:
    pixels = np.zeros((48, 64), np.uint8)
    pixels[0, :2] = best, right
    path = folder / f"{number:03}.png"
    Image.fromarray(pixels).save(path)
    boxes = (LabelledBox(BOX, "fracture"),) if fractured else ()
    return Sample(path, "val", None, fractured, None if fractured is None else boxes)


@pytest.fixture
def val(tmp_path: Path) -> list[Sample]:
    """Sixty images, of which the fractured ones have mostly the better boxes."""
    folder = tmp_path / "val"
    folder.mkdir()
    rng = np.random.default_rng(4)
    samples = []
    for number in range(60):
        fractured = number % 3 == 0
        best = int(np.clip(rng.normal(55 if fractured else 25, 15), 1, 95))
        samples.append(sample(folder, number, best, fractured))
    samples.append(sample(folder, 60, 0, False))
    samples.append(sample(folder, 61, 90, None))
    return samples


def peer(val: list[Sample]) -> System:
    return calibrate_peer(Told(), val, name="told", workers=2)  # type: ignore[arg-type]


def scores_of(samples: list[Sample]) -> NDArray[np.float64]:
    best = [float(np.asarray(Image.open(one.image))[0, 0]) / 100 for one in samples]
    return np.clip(np.array(best), 1e-4, None)


def test_its_probability_is_a_logistic_fit_of_its_best_score(val: list[Sample]) -> None:
    known = val[:61]
    labels = np.array([one.fractured for one in known])
    logits = np.log(scores_of(known) / (1 - scores_of(known)))[:, None]
    features = StandardScaler().fit(logits)
    model = LogisticRegression(C=1.0).fit(features.transform(logits), labels)
    expected = model.predict_proba(features.transform(logits))[:, 1]

    system = peer(val)
    readings = system.read(known, None)
    records = [one for one in readings.records if isinstance(one, Reading)]
    assert [one.verdict.probability for one in records] == pytest.approx(expected, abs=1e-5)
    assert [readings.uncalibrated[str(one.image)] for one in known] == pytest.approx(
        [0 if value == 1e-4 else value for value in scores_of(known)]
    )
    points = operating_points(labels, expected)
    for name, point in points.items():
        assert system.operating_points[name] == pytest.approx(point.threshold, abs=2e-6)
    assert (records[0].verdict.operating_point, records[0].model) == ("balanced", Told.info)


def test_the_report_says_what_was_done(val: list[Sample]) -> None:
    system = peer(val)
    json.dumps(system.about, allow_nan=False)
    assert "best score" in system.about["verdict"]
    assert "calibrated on val" in system.about["verdict"]
    fit = system.about["calibration"]
    assert (fit["split"], fit["n"], fit["n_fractured"], fit["n_failed"]) == ("val", 61, 20, 0)
    assert system.about["fractures"] == ["fracture"]
    assert system.about["file"] == "told.pt"
    best = scores_of(val[:1])[0]
    logit = fit["intercept"] + fit["box_weight"] * np.log(best / (1 - best))
    (record,) = system.read(val[:1], None).records
    assert isinstance(record, Reading)
    assert record.verdict.probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


def test_boxes_are_shown_from_thresholds_of_val_on(val: list[Sample], tmp_path: Path) -> None:
    system = peer(val)
    boxed = [one for one in val if one.boxes is not None]
    told = Told()
    found = [told(np.asarray(Image.open(one.image))) for one in boxed]
    truths = [np.array([[4.0, 4, 20, 20]] if one.boxes else np.zeros((0, 4))) for one in boxed]
    boxes, scores = [one.boxes for one in found], [one.scores for one in found]
    thresholds = system.about["box_thresholds"]
    assert thresholds["definite"] == box_threshold(truths, boxes, scores, 0.1).score
    assert thresholds["suspicious"] == box_threshold(truths, boxes, scores, 0.5).score

    surest = sample(tmp_path, 1, 95, True)
    none = sample(tmp_path, 2, 1, False)
    shown, hidden = system.read([surest, none], None).records
    assert isinstance(shown, Reading)
    assert isinstance(hidden, Reading)
    assert shown.verdict.label == "fractured"
    assert (shown.findings[0].finding_id, shown.findings[0].certainty) == ("F1", "definite")
    assert [one.score for one in shown.findings] == [0.95, 0.475]
    assert shown.findings[0].box == BOX
    assert hidden.verdict.label == "not_fractured"
    assert {one.certainty for one in hidden.findings} == {"none"}
    assert len(hidden.findings) == 2  # all boxes are there, to be measured


def test_a_fractured_verdict_always_shows_the_box_it_came_from(tmp_path: Path) -> None:
    """Where every box on val is wrong, no score is high enough; the verdict may still be good."""
    samples = [
        sample(tmp_path, number, 60 if number % 2 else 20, bool(number % 2), right=False)
        for number in range(20)
    ]
    system = peer(samples)
    assert system.about["box_thresholds"]["definite"] > 0.6
    for record in system.read(samples, None).records:
        assert isinstance(record, Reading)
        certainties = [finding.certainty for finding in record.findings]
        if record.verdict.label == "fractured":
            assert certainties == ["suspicious", "none"]
        else:
            assert certainties == ["none", "none"]


def test_a_peer_that_breaks_on_one_file_loses_that_file_alone(
    val: list[Sample], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = sample(tmp_path, 1, 99, True)
    system = peer([*val, broken])
    assert system.about["calibration"]["n_failed"] == 1
    assert system.about["calibration"]["n"] == 61
    failure, reading = system.read([broken, val[0]], None).records
    assert isinstance(failure, Failure)
    assert failure.reason == "internal"
    assert failure.message.endswith("RuntimeError: out of memory")
    assert isinstance(reading, Reading)
    assert caplog.text.count("RuntimeError: out of memory") == 2


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([True, True], "all 2 readable images are fractured"),
        ([False], "all 1 readable images are not fractured"),
        ([None, None], "none is there"),
        ([], "none is there"),
    ],
)
def test_val_needs_images_of_both_kinds(
    labels: list[bool | None], says: str, tmp_path: Path
) -> None:
    samples = [sample(tmp_path, n, 50, fractured) for n, fractured in enumerate(labels)]
    with pytest.raises(DataError, match=says) as refused:
        peer(samples)
    assert str(refused.value).startswith("told: cannot be calibrated on val")


def test_false_boxes_are_counted_on_normal_images_that_nobody_annotated(
    val: list[Sample],
) -> None:
    """A yes/no label says where no fracture is; of a fractured image without boxes, nothing."""
    expected = peer(val).about["box_thresholds"]
    labelled = [replace(one, boxes=one.boxes or None) for one in val]
    assert sum(one.boxes is None for one in labelled) == 42
    assert peer(labelled).about["box_thresholds"] == expected
    nowhere = [replace(one, boxes=() if one.fractured else one.boxes) for one in val]
    assert (
        peer(nowhere).about["box_thresholds"]
        == peer([replace(one, boxes=None) for one in val]).about["box_thresholds"]
    )


def test_a_rate_of_false_boxes_is_per_image_whatever_was_found_there(tmp_path: Path) -> None:
    """Ten normal images, of which two have boxes; a fractured one is boxed, and one is not.

    Of 11 images that say where a box is false, 0.1 per image allows one false box and 0.5 allows
    five. False are, by score: .8, .6, .45 (the second box of the fractured image), .4 and .3.
    """
    samples = [
        sample(tmp_path, 0, 90, True),  # right at .9; false at .45
        sample(tmp_path, 1, 80, False),  # false at .8 and .4
        sample(tmp_path, 2, 60, False),  # false at .6 and .3
        *(replace(sample(tmp_path, n, 0, False), boxes=None) for n in range(3, 11)),
        replace(sample(tmp_path, 11, 99 - 1, True), boxes=None),  # might be right: not counted
    ]
    found = peer(samples).about["box_thresholds"]
    assert found == {"definite": 0.8, "suspicious": 0.3}
    fewer = [one for one in samples if one.boxes is not None]
    # of the 3 images with boxes drawn alone, .33 false boxes per image are more than 0.1 allows
    assert peer(fewer).about["box_thresholds"] == {"definite": 0.9, "suspicious": 0.8}


def test_val_without_boxes_still_settles_the_verdict(val: list[Sample]) -> None:
    unboxed = [replace(one, boxes=None) for one in val]
    system = peer(unboxed)
    assert system.operating_points == peer(val).operating_points
