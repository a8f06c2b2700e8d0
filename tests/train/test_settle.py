"""What val decides, through a graph whose every answer is known."""

from __future__ import annotations

import itertools
import logging
import weakref
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from detect.config import TrainConfig
from detect.evaluate.calibrate import fit_calibration
from detect.model.bundle import InputForm
from detect.model.calibration import Calibration
from detect.model.predictor import Prediction, Predictor
from detect.model.preprocess import PAD_VALUE
from detect.read import Radiograph
from detect.train import settle
from detect.train.prepared import Prepared, PreparedImage
from detect.train.settle import settle_on_validation, validation_images

SIZE = 64
GREYS = {1: (200, 180, 110), 0: (60, 90, 130)}  # the brighter, the likelier; two are mixed up
HELD = (16.0, 16.0, 48.0, 48.0)  # the one box that the graph answers, in network pixels


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph that answers with the mean grey: logit (mean − 120) / 20, score mean / 255."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["image_logit"]),
        helper.make_node("Div", ["mean", "white"], ["share"]),
        helper.make_node("Reshape", ["share", "column"], ["scores"]),
        helper.make_node("Mul", ["scores", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "held"], ["boxes"]),
        helper.make_node("AveragePool", ["float"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Squeeze", ["cells", "one"], ["grey"]),
        helper.make_node("Div", ["grey", "white"], ["evidence"]),
    ]
    constants = {
        "middle": np.array(120, np.float32),
        "spread": np.array(20, np.float32),
        "white": np.array(255, np.float32),
        "zero": np.array(0, np.float32),
        "held": np.array([[HELD]], np.float32),
        "column": np.array([-1, 1, 1], np.int64),
        "one": np.array([1], np.int64),
    }

    def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    cells = SIZE // 8
    proto = helper.make_graph(
        nodes,
        "mean grey",
        [value("image", TensorProto.UINT8, "batch", 1, SIZE, SIZE)],
        [
            value("boxes", TensorProto.FLOAT, "batch", 1, 4),
            value("scores", TensorProto.FLOAT, "batch", 1, 1),
            value("image_logit", TensorProto.FLOAT, "batch"),
            value("evidence", TensorProto.FLOAT, "batch", cells, cells),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    path = tmp_path / "model.onnx"
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def settled_data(tmp_path: Path) -> Prepared:
    """Flat images of 128 × 128, prepared at half their size; fractures where the graph points."""
    entries = []
    for fractured, greys in GREYS.items():
        for grey in greys:
            path = tmp_path / f"{fractured}-{grey}.png"
            cv2.imwrite(str(path), np.full((128, 128), grey, np.uint8))
            entries.append(
                PreparedImage(
                    image="never-opened.png",
                    origin=str(path),
                    width=128,
                    height=128,
                    scale=0.5,
                    boxes=(HELD,) if fractured else (),
                    classes=(0,) * fractured,
                    fractured=fractured,
                    boxed=True,
                    group=None,
                    attributes={},
                )
            )
    recipe = TrainConfig.model_validate({"model": {"image_size": SIZE}})
    return Prepared(tmp_path, ("fracture",), recipe, {"train": (), "val": tuple(entries)})


def _settle(prepared: Prepared, graph: Path) -> dict[str, dict[str, object]]:
    form = InputForm(size=SIZE, pad_value=PAD_VALUE)
    return settle_on_validation(
        validation_images(prepared), graph, form, workers=1, show_progress=False
    )


def test_operating_points_are_those_of_the_calibrated_probability(
    settled_data: Prepared, graph: Path
) -> None:
    settled = _settle(settled_data, graph)

    greys = np.array([*GREYS[1], *GREYS[0]], float)
    fit = settled["calibration"]
    share = np.clip(greys / 255, 1e-4, 1 - 1e-4)
    z = (
        fit["intercept"]
        + fit["image_weight"] * (greys - 120) / 20
        + fit["box_weight"] * np.log(share / (1 - share))
    )
    probability = 1 / (1 + np.exp(-z))
    assert probability[0] > 0.5 > probability[3]  # the brightest, the darkest
    labels = np.array([1, 1, 1, 0, 0, 0], bool)
    points = settled["operating_points"]
    assert points.keys() == {"screening", "balanced", "confirm"}
    for point in points.values():
        called = probability >= point["threshold"]  # type: ignore[index]
        assert point["sensitivity"] == pytest.approx(called[labels].mean(), abs=1e-4)  # type: ignore[index]
        assert point["specificity"] == pytest.approx((~called)[~labels].mean(), abs=1e-4)  # type: ignore[index]
    assert points["screening"]["sensitivity"] == 1  # type: ignore[index]
    assert points["confirm"]["specificity"] == 1  # type: ignore[index]


def test_box_thresholds_count_hits_in_pixels_of_the_source(
    settled_data: Prepared, graph: Path
) -> None:
    definite = _settle(settled_data, graph)["box_thresholds"]["definite"]

    # No false alarm is allowed in six images: above the brightest normal image, 130.
    assert 130 / 255 < definite["score"] <= 180 / 255  # type: ignore[index]
    assert definite["false_positives_per_image"] == 0  # type: ignore[index]
    assert definite["sensitivity"] == pytest.approx(2 / 3, abs=1e-3)  # type: ignore[index]


def test_the_calibration_error_is_told_before_and_after(
    settled_data: Prepared, graph: Path
) -> None:
    error = _settle(settled_data, graph)["ece_on_val"]

    greys = np.array([*GREYS[1], *GREYS[0]], float)
    raw = 1 / (1 + np.exp(-(greys - 120) / 20))
    labels = np.array([1, 1, 1, 0, 0, 0])
    bins = np.minimum((raw * 10).astype(int), 9)
    gaps = [abs((labels - raw)[bins == b].sum()) for b in range(10)]
    assert error["before"] == pytest.approx(sum(gaps) / 6, abs=1e-4)
    assert 0 <= error["after"] <= 1  # type: ignore[operator]


def test_a_batch_job_hears_how_far_it_has_come(
    settled_data: Prepared,
    graph: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count(step=100)
    monkeypatch.setattr("detect.progress.time.monotonic", lambda: float(next(clock)))
    with caplog.at_level(logging.INFO, "detect"):
        _settle(settled_data, graph)

    told = [r.getMessage() for r in caplog.records if r.name == "detect.progress"]
    assert told[0].startswith("calibrate: 1 of 6 images")
    assert told[-1].startswith("calibrate: 6 of 6 images")


def test_no_picture_is_kept_when_all_are_read(
    settled_data: Prepared, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps: list[weakref.ref[object]] = []  # each holds its picture and the graph's evidence
    left: list[int] = []

    class Watched(Predictor):
        def __call__(self, radiograph: Radiograph) -> Prediction:
            found = super().__call__(radiograph)
            maps.append(weakref.ref(found.evidence_map))
            return found

    def fit(*given: NDArray[np.float64]) -> Calibration:
        left.append(sum(each() is not None for each in maps))
        return fit_calibration(*given)

    monkeypatch.setattr(settle, "Predictor", Watched)
    monkeypatch.setattr(settle, "fit_calibration", fit)
    _settle(settled_data, graph)
    assert len(maps) == 6
    assert left == [0]


def test_unlabelled_images_have_no_say(settled_data: Prepared, graph: Path) -> None:
    val = settled_data.splits["val"]
    stranger = replace(val[0], fractured=-1, boxed=False, boxes=(), classes=())
    more = replace(settled_data, splits={"train": (), "val": (*val, stranger)})

    assert _settle(more, graph) == _settle(settled_data, graph)


def test_false_boxes_are_counted_on_normal_images_that_nobody_annotated(
    settled_data: Prepared, graph: Path
) -> None:
    val = [
        replace(entry, boxed=entry.boxed and entry.fractured == 1)
        for entry in settled_data.splits["val"]
    ]
    labelled = replace(settled_data, splits={"train": (), "val": tuple(val)})

    assert sum(not entry.boxed for entry in val) == 3
    assert _settle(labelled, graph) == _settle(settled_data, graph)
