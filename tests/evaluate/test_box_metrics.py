"""Box metrics against pycocotools, normal images included."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detect.evaluate.box_metrics import (
    MOST_DETECTIONS,
    NO_TRUTH_BOX,
    average_precision_of,
    coco_metrics,
    precision_recall_points,
)
from detect.evaluate.matching import match_boxes

NONE = np.zeros((0, 4))


def by_pycocotools(truths: Any, boxes: Any, scores: Any) -> list[float]:
    """mAP50, mAP75, mAP50-95, AR1, AR10, AR100."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def xywh(row: Any) -> list[float]:
        return [float(v) for v in (row[0], row[1], row[2] - row[0], row[3] - row[1])]

    annotations = [
        {"image_id": image, "category_id": 1, "iscrowd": 0, "bbox": xywh(row), "area": 100.0}
        for image, truth in enumerate(truths)
        for row in truth
    ]
    annotations = [{**item, "id": number + 1} for number, item in enumerate(annotations)]
    results = [
        {"image_id": image, "category_id": 1, "bbox": xywh(row), "score": float(value)}
        for image, (box, score) in enumerate(zip(boxes, scores, strict=True))
        for row, value in zip(box, score, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set = COCO()
        truth_set.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(len(truths))],
            "categories": [{"id": 1, "name": "fracture"}],
            "annotations": annotations,
        }
        truth_set.createIndex()
        evaluation = COCOeval(truth_set, truth_set.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(evaluation.stats[index]) for index in (1, 2, 0, 6, 7, 8)]


def values(metrics: Any) -> list[float | None]:
    names = ("map50", "map75", "map50_95", "ar1", "ar10", "ar100")
    return [getattr(metrics, name).value for name in names]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("distinct", [True, False])
def test_figures_are_pycocotools(box_set: Callable[..., Any], seed: int, distinct: bool) -> None:
    sample = box_set(seed, distinct=distinct)
    expected = by_pycocotools(*sample)
    assert 0.05 < expected[2] < expected[0] < 1
    assert values(coco_metrics(*sample)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_own_average_precision_is_cocos(box_set: Callable[..., Any], seed: int) -> None:
    sample = box_set(seed, distinct=seed % 2 == 0)
    metrics = coco_metrics(*sample)
    for least_iou, expected in ((0.5, metrics.map50.value), (0.75, metrics.map75.value)):
        matches = match_boxes(*sample, least_iou=least_iou, most_per_image=MOST_DETECTIONS)
        assert average_precision_of(matches) == pytest.approx(expected, abs=1e-9)
        points = precision_recall_points(matches)
        assert points is not None
        assert (np.diff(points) <= 0).all()


def test_resampled_average_precision_is_cocos_on_repeated_images(
    box_set: Callable[..., Any],
) -> None:
    truths, boxes, scores = box_set(8)
    drawn = np.sort(np.random.default_rng(0).integers(0, len(truths), len(truths)))
    repeated = [[part[index] for index in drawn] for part in (truths, boxes, scores)]
    expected = coco_metrics(*repeated).map50.value
    matches = match_boxes(truths, boxes, scores)
    assert average_precision_of(matches, drawn) == pytest.approx(expected, abs=1e-9)


def test_boxes_on_normal_images_cost_precision_and_quiet_ones_do_not(
    box_set: Callable[..., Any],
) -> None:
    truths, boxes, scores = box_set(2)
    before = coco_metrics(truths, boxes, scores).map50.value
    assert before is not None
    far = np.array([[0.0, 0, 20, 20]])
    noisy = [truths + [NONE] * 20, boxes + [far] * 20, scores + [np.array([0.999])] * 20]
    after = coco_metrics(*noisy).map50.value
    assert after is not None
    assert after < before - 0.1
    assert after == pytest.approx(by_pycocotools(*noisy)[0], abs=1e-9)
    quiet = [truths + [NONE] * 20, boxes + [NONE] * 20, scores + [np.zeros(0)] * 20]
    assert coco_metrics(*quiet).map50.value == pytest.approx(before)


def test_order_of_images_does_not_matter(box_set: Callable[..., Any]) -> None:
    sample = box_set(9)
    order = np.random.default_rng(1).permutation(len(sample[0]))
    shuffled = [[part[index] for index in order] for part in sample]
    assert values(coco_metrics(*shuffled)) == pytest.approx(values(coco_metrics(*sample)))


def test_only_a_hundred_boxes_an_image_count() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    junk = np.tile([[50.0, 50, 60, 60]], (100, 1))
    boxes = np.concatenate([junk, truth])
    scores = np.linspace(0.9, 0.1, 101)
    assert coco_metrics([truth], [boxes], [scores]).map50.value == 0
    assert coco_metrics([truth], [boxes[1:]], [scores[1:]]).map50.value == pytest.approx(0.01)


def test_one_image_found_is_one() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    assert values(coco_metrics([truth], [truth], [np.array([0.4])])) == pytest.approx([1.0] * 6)


@pytest.mark.parametrize("truths", [[], [NONE], [NONE, NONE]])
def test_without_truth_boxes_every_figure_is_undefined(truths: Any) -> None:
    boxes = [np.array([[0.0, 0, 5, 5]])] * len(truths)
    scores = [np.array([0.5])] * len(truths)
    metrics = coco_metrics(truths, boxes, scores)
    assert values(metrics) == [None] * 6
    assert metrics.map50.reason == NO_TRUTH_BOX
    assert average_precision_of(match_boxes(truths, boxes, scores)) is None


def test_without_detections_every_figure_is_zero() -> None:
    truths, boxes, scores = [np.array([[0.0, 0, 5, 5]]), NONE], [NONE] * 2, [np.zeros(0)] * 2
    assert values(coco_metrics(truths, boxes, scores)) == [0] * 6
    assert average_precision_of(match_boxes(truths, boxes, scores)) == 0


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="2 images"):
        coco_metrics([NONE, NONE], [NONE], [np.zeros(0)])
