"""FROC against a brute-force version that rematches at every threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detect.evaluate.froc import froc_curve, sensitivities_at
from detect.evaluate.matching import match_boxes

NONE = np.zeros((0, 4))
RATES = (0.0, 0.1, 0.25, 0.5, 1.0, 4.0)


def overlap(a: Any, b: Any) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return float(common / (sum(areas) - common))


def answers(box: Any, truth: Any, criterion: str) -> bool:
    if criterion == "iou":
        return overlap(box, truth) >= 0.3
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(truth[0] <= x <= truth[2] and truth[1] <= y <= truth[3])


def brute_force(sample: Any, criterion: str, threshold: float) -> tuple[float, float]:
    """(sensitivity, false positives per image) of the boxes at or above one threshold."""
    found = false = total = 0
    for truths, boxes, scores in zip(*sample, strict=True):
        free = [tuple(row) for row in truths]
        total += len(free)
        for index in sorted(range(len(boxes)), key=lambda k: -scores[k]):
            if scores[index] < threshold:
                continue
            able = [truth for truth in free if answers(boxes[index], truth, criterion)]
            if able:
                free.remove(max(able, key=lambda truth: overlap(boxes[index], truth)))
                found += 1
            else:
                false += 1
    return found / total, false / len(sample[0])


@pytest.mark.parametrize("criterion", ["iou", "centre"])
@pytest.mark.parametrize(("seed", "distinct"), [(1, True), (2, False), (3, True), (4, False)])
def test_curve_and_points_are_brute_force(
    box_set: Callable[..., Any], criterion: Any, seed: int, distinct: bool
) -> None:
    sample = box_set(seed, 40, distinct=distinct)
    matches = match_boxes(*sample, criterion=criterion, least_iou=0.3)
    curve = froc_curve(matches)
    assert curve is not None
    thresholds = sorted({float(s) for scores in sample[2] for s in scores}, reverse=True)
    assert curve.thresholds.tolist() == thresholds
    reference = [brute_force(sample, criterion, threshold) for threshold in thresholds]
    assert curve.sensitivities == pytest.approx([point[0] for point in reference])
    assert curve.false_positives == pytest.approx([point[1] for point in reference])
    points = sensitivities_at(matches, RATES)
    assert points is not None
    for rate, (sensitivity, threshold) in zip(RATES, points, strict=True):
        within = [found for found, false in reference if false <= rate + 1e-9]
        assert sensitivity == pytest.approx(max(within, default=0.0))
        if threshold is not None:
            found, false = brute_force(sample, criterion, threshold)
            assert found == pytest.approx(sensitivity)
            assert false <= rate + 1e-9
    reached = [point[0] for point in points]
    assert reached == sorted(reached)
    assert reached[-1] > reached[0]


def test_normal_images_are_in_the_denominator() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    both = np.array([[50.0, 50, 60, 60], [0.0, 0, 10, 10]])
    scores = np.array([0.9, 0.8])
    alone = match_boxes([truth], [both], [scores])
    assert sensitivities_at(alone, [0.1, 1.0]) == [(0.0, None), (1.0, 0.8)]
    ten = match_boxes([truth] + [NONE] * 9, [both] + [NONE] * 9, [scores] + [np.zeros(0)] * 9)
    assert sensitivities_at(ten, [0.1]) == [(1.0, 0.8)]


def test_boxes_of_equal_score_pass_together() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    both = np.array([[0.0, 0, 10, 10], [50.0, 50, 60, 60]])
    matches = match_boxes([truth], [both], [np.array([0.7, 0.7])])
    assert sensitivities_at(matches, [0.5, 1.0]) == [(0.0, None), (1.0, 0.7)]


def test_order_of_images_does_not_matter(box_set: Callable[..., Any]) -> None:
    sample = box_set(5, distinct=False)
    order = np.random.default_rng(1).permutation(len(sample[0]))
    shuffled = [[part[index] for index in order] for part in sample]
    first, second = (sensitivities_at(match_boxes(*s), RATES) for s in (sample, shuffled))
    assert first == second


def test_drawing_images_is_the_same_as_repeating_them(box_set: Callable[..., Any]) -> None:
    truths, boxes, scores = box_set(6)
    drawn = np.random.default_rng(2).integers(0, len(truths), len(truths))
    repeated = match_boxes(*[[part[index] for index in drawn] for part in (truths, boxes, scores)])
    expected = sensitivities_at(repeated, RATES)
    found = sensitivities_at(match_boxes(truths, boxes, scores), RATES, drawn)
    assert expected is not None
    assert found is not None
    assert [point[0] for point in found] == pytest.approx([point[0] for point in expected])


def test_no_truth_box_is_undefined_and_no_detection_is_zero() -> None:
    box = np.array([[0.0, 0, 5, 5]])
    assert sensitivities_at(match_boxes([NONE], [box], [np.array([0.5])]), RATES) is None
    assert froc_curve(match_boxes([], [], [])) is None
    silent = match_boxes([box], [NONE], [np.zeros(0)])
    assert sensitivities_at(silent, [0.1, 1.0]) == [(0.0, None), (0.0, None)]
    curve = froc_curve(silent)
    assert curve is not None
    assert len(curve.thresholds) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_on_normals_alone_false_positives_elsewhere_are_free(
    box_set: Callable[..., Any], seed: int
) -> None:
    truths, boxes, scores = box_set(seed, 40)
    matches = match_boxes(truths, boxes, scores, criterion="iou", least_iou=0.3)
    curve = froc_curve(matches, denominator="normals")
    overall = froc_curve(matches)
    assert curve is not None
    assert overall is not None
    assert curve.sensitivities == pytest.approx(overall.sensitivities)
    normals = [image for image, truth in enumerate(truths) if not len(truth)]
    for threshold, false in zip(curve.thresholds, curve.false_positives, strict=True):
        counted = sum(int((scores[image] >= threshold).sum()) for image in normals)
        assert false == pytest.approx(counted / len(normals))
    points = sensitivities_at(matches, RATES, denominator="normals")
    assert points is not None
    for rate, (sensitivity, _) in zip(RATES, points, strict=True):
        within = curve.sensitivities[curve.false_positives <= rate + 1e-9]
        assert sensitivity == pytest.approx(max(within, default=0.0))


def test_without_a_normal_image_there_is_nothing_to_divide_by() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    matches = match_boxes([truth], [truth], [np.array([0.9])])
    assert froc_curve(matches, denominator="normals") is None
    assert sensitivities_at(matches, RATES, denominator="normals") is None
    assert froc_curve(matches) is not None


def test_an_image_that_failed_lowers_no_rate_and_its_fractures_are_missed() -> None:
    box, none, score = np.array([[0.0, 0, 9, 9]]), np.zeros((0, 4)), np.array([0.5])
    far = np.array([[50.0, 50, 59, 59]])
    # found; a false box; failed with a fracture; failed without
    truths, boxes = [box, none, box, none], [box, far, none, none]
    matches = match_boxes(truths, boxes, [score, score + 0.1, np.zeros(0), np.zeros(0)])
    read = np.array([True, True, False, False])
    curve = froc_curve(matches, read=read)
    assert curve is not None
    assert curve.false_positives.tolist() == [1 / 2, 1 / 2]
    assert curve.sensitivities.tolist() == [0, 1 / 2]
    normals = froc_curve(matches, None, "normals", read)
    assert normals is not None
    assert normals.false_positives.tolist() == [1, 1]
    assert sensitivities_at(matches, [0.4, 0.5], read=read) == [(0.0, None), (0.5, 0.5)]
    assert sensitivities_at(matches, [0.4], np.array([0, 0, 1, 2]), read=read) == [(2 / 3, 0.5)]
    assert froc_curve(matches, read=~read) is not None
    assert froc_curve(matches, np.array([2, 3]), read=read) is None
