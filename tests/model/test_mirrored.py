"""The mirror image read as well: a verdict of both, and the boxes of the image itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.model.calibration import Calibration
from detect.model.mirrored import mirrored
from detect.model.predictor import Prediction
from detect.read.radiograph import Radiograph
from detect.record import Source

CALIBRATION = Calibration(-0.5, 0.8, 0.3)


class _Lopsided:
    """Sees the left half alone: its mean grey is the logit, and a box lies on what is bright."""

    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint8]] = []

    def __call__(self, radiograph: Radiograph) -> Prediction:
        pixels = radiograph.pixels
        assert pixels.flags.c_contiguous
        self.seen.append(pixels)
        left = pixels[:, : pixels.shape[1] // 2]
        logit = float(left.mean()) / 255
        boxes = np.array([[0, 0, 4, 4]], np.float32)[: int(logit > 0)]
        scores = np.full(len(boxes), 0.4, np.float32)
        evidence = (left / 255).astype(np.float32)
        return Prediction(
            boxes,
            scores,
            np.zeros(len(boxes), np.int64),
            logit,
            CALIBRATION.probability(logit, 0.4 if len(boxes) else 0.0),
            lambda: np.hstack([evidence, np.zeros_like(evidence)]),
        )


def _radiograph(left: int, right: int) -> Radiograph:
    pixels = np.full((6, 8), left, np.uint8)
    pixels[:, 4:] = right
    return Radiograph(pixels, Source("a.png", "0" * 64, 8, 6))


def test_logit_and_evidence_are_the_means_of_both() -> None:
    alone, image = _Lopsided(), _radiograph(51, 255)
    found = mirrored(alone, CALIBRATION)(image)
    first, second = alone.seen
    np.testing.assert_array_equal(first, image.pixels)
    np.testing.assert_array_equal(second, image.pixels[:, ::-1])
    assert found.image_logit == pytest.approx(0.6)
    # what the second look saw on the left lies on the right of the image
    np.testing.assert_allclose(found.evidence[:, :4], 0.1, rtol=1e-6)
    np.testing.assert_allclose(found.evidence[:, 4:], 0.5, rtol=1e-6)
    assert found.probability == pytest.approx(CALIBRATION.probability(0.6, 0.4))


@pytest.mark.parametrize(("left", "right", "boxes"), [(255, 0, 1), (0, 255, 0)])
def test_boxes_are_those_of_the_image_alone(left: int, right: int, boxes: int) -> None:
    found = mirrored(_Lopsided(), CALIBRATION)(_radiograph(left, right))
    assert len(found.boxes) == len(found.scores) == len(found.classes) == boxes
    best = 0.4 if boxes else 0.0
    assert found.probability == pytest.approx(CALIBRATION.probability(0.5, best))


def test_an_image_and_its_mirror_image_get_the_same_logit() -> None:
    read = mirrored(_Lopsided(), CALIBRATION)
    one, other = read(_radiograph(30, 200)), read(_radiograph(200, 30))
    assert one.image_logit == other.image_logit
    np.testing.assert_allclose(one.evidence, other.evidence[:, ::-1])
