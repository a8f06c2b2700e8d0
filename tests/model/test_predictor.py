"""From pixels to a prediction, with a runtime whose every answer is known."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.errors import BundleError
from detect.model.bundle import InputForm, load_bundle
from detect.model.calibration import Calibration
from detect.model.predictor import Predictor, build_predictor
from detect.model.preprocess import PAD_VALUE
from detect.model.runtime import RawOutput
from detect.read.radiograph import Radiograph
from detect.record import Source

SIZE = 64
FORM = InputForm(size=SIZE, pad_value=PAD_VALUE)
WriteBundle = Callable[..., Path]


def _radiograph(height: int, width: int, level: int = 200) -> Radiograph:
    pixels = np.full((height, width), level, np.uint8)
    return Radiograph(pixels, Source("a.png", "0" * 64, width, height))


class _Scripted:
    """Finds the boxes it was given, and reports the mean grey level as the image logit."""

    def __init__(self, boxes: list[list[float]], scores: list[list[float]]) -> None:
        self.boxes = np.array(boxes, np.float32).reshape(-1, 4)
        self.scores = np.array(scores, np.float32).reshape(-1, 2)
        self.seen: list[NDArray[np.uint8]] = []

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        self.seen.append(images)
        rows, columns = (side // 8 for side in images.shape[2:])
        cells = images.reshape(len(images), rows, 8, columns, 8).mean((2, 4)) / 255
        return RawOutput(
            np.repeat(self.boxes[None], len(images), 0),
            np.repeat(self.scores[None], len(images), 0),
            images.mean((1, 2, 3)).astype(np.float32),
            cells.astype(np.float32),
        )


def test_the_runtime_gets_one_letterboxed_image_at_a_time() -> None:
    runtime = _Scripted([], [])
    Predictor(runtime, FORM, Calibration(0, 1, 0))(_radiograph(32, 64))
    (image,) = runtime.seen
    assert image.shape == (1, 1, SIZE, SIZE)
    assert image.dtype == np.uint8
    assert (image[0, 0, 16:48] == 200).all()
    assert (image[0, 0, :16] == PAD_VALUE).all()
    assert (image[0, 0, 48:] == PAD_VALUE).all()


def test_padding_goes_no_further_than_the_graph_needs() -> None:
    runtime = _Scripted([[8, 0, 24, 24]], [[0.3, 0.1]])
    form = InputForm(size=SIZE, pad_to=32, pad_value=PAD_VALUE)
    found = Predictor(runtime, form, Calibration(0, 1, 0))(_radiograph(48, 128))
    (image,) = runtime.seen
    assert image.shape == (1, 1, 32, SIZE)
    assert (image[0, 0, 4:28] == 200).all()
    assert (image[0, 0, :4] == PAD_VALUE).all()
    assert (image[0, 0, 28:] == PAD_VALUE).all()
    np.testing.assert_allclose(found.boxes, [[16, 0, 48, 40]])
    assert found.evidence.shape == (20, 40)
    np.testing.assert_allclose(found.evidence[8:12], 200 / 255, rtol=1e-5)


def test_boxes_come_back_in_pixels_of_the_image() -> None:
    runtime = _Scripted([[8, 24, 24, 40], [40, 16, 64, 30]], [[0.3, 0.1], [0.2, 0.8]])
    found = Predictor(runtime, FORM, Calibration(0, 1, 0))(_radiograph(64, 128))
    np.testing.assert_allclose(found.boxes, [[80, 0, 128, 28], [16, 16, 48, 48]])
    np.testing.assert_allclose(found.scores, [0.8, 0.3])
    np.testing.assert_array_equal(found.classes, [1, 0])


def test_a_box_in_the_padding_is_no_box_and_moves_no_probability() -> None:
    """The best score is also the calibration's, so a box that nobody sees must not count."""
    calibration = Calibration(0.0, 0.0, 1.0)
    runtime = _Scripted([[0, 0, 60, 10], [8, 24, 24, 40]], [[0.9, 0.0], [0.3, 0.0]])
    found = Predictor(runtime, FORM, calibration)(_radiograph(64, 128))
    np.testing.assert_allclose(found.scores, [0.3])
    assert found.probability == pytest.approx(0.3, abs=1e-6)


def test_without_a_box_the_calibration_takes_the_least_score() -> None:
    calibration = Calibration(0.0, 0.0, 1.0)
    found = Predictor(_Scripted([], []), FORM, calibration)(_radiograph(64, 64))
    assert found.boxes.shape == (0, 4)
    assert found.probability == pytest.approx(1e-4, rel=1e-3)


def test_the_evidence_covers_the_image_without_padding() -> None:
    found = Predictor(_Scripted([], []), FORM, Calibration(0, 1, 0))(_radiograph(32, 64))
    assert found.evidence.shape == (20, 40)
    np.testing.assert_allclose(found.evidence, 200 / 255, rtol=1e-5)


def test_threads_do_not_mix_up_images() -> None:
    predictor = Predictor(_Scripted([], []), FORM, Calibration(0, 1, 0))
    levels = list(range(0, 250, 5))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda level: predictor(_radiograph(64, 64, level)), levels))
    assert [round(prediction.image_logit) for prediction in found] == levels


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_graph_that_no_runtime_reads_is_a_bundle_error(
    write_bundle: WriteBundle, runtime: str
) -> None:
    if runtime == "onnxruntime":
        pytest.importorskip("onnxruntime")
    bundle = load_bundle(str(write_bundle()))
    with pytest.raises(BundleError) as caught:
        build_predictor(bundle, runtime)  # type: ignore[arg-type]
    assert str(bundle.graph) in str(caught.value)
    assert "\n" not in str(caught.value)
