"""The short list of boxes, against a plain re-statement of greedy suppression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detect.model.postprocess import MAX_BOXES, MIN_SCORE, NMS_IOU, select_boxes


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, width) * max(0.0, height)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(both / (areas - both))


def _plain(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Greedy suppression, box by box; equal scores in the order given."""
    best = scores.max(axis=1)
    kept: list[int] = []
    for index in sorted(range(len(best)), key=lambda i: (-float(best[i]), i)):
        if best[index] < MIN_SCORE:
            continue
        box = boxes[index].astype(np.float64)
        if all(_iou(box, boxes[other].astype(np.float64)) <= NMS_IOU for other in kept):
            kept.append(index)
    return kept[:MAX_BOXES]


def _crowd(
    rng: np.random.Generator, count: int, classes: int, levels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes on whole pixels that overlap a lot, with few score levels so that ties are common."""
    corner = rng.integers(0, 60, (count, 2))
    extent = rng.integers(5, 40, (count, 2))
    boxes = np.hstack([corner, corner + extent]).astype(np.float32)
    scores = (rng.integers(0, levels + 1, (count, classes)) / (levels + 1)).astype(np.float32)
    return boxes, scores


@settings(deadline=None)  # the machine may be busy
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 150),
    classes=st.integers(1, 3),
    levels=st.sampled_from([1, 5, 10_000]),
)
def test_equals_plain_suppression(seed: int, count: int, classes: int, levels: int) -> None:
    boxes, scores = _crowd(np.random.default_rng(seed), count, classes, levels)
    found = select_boxes(boxes, scores)
    kept = _plain(boxes, scores)
    np.testing.assert_array_equal(found.boxes, boxes[kept].reshape(-1, 4))
    np.testing.assert_array_equal(found.scores, scores.max(axis=1)[kept])
    np.testing.assert_array_equal(found.classes, scores.argmax(axis=1)[kept])
    assert (found.boxes.dtype, found.scores.dtype, found.classes.dtype) == (
        np.float32,
        np.float32,
        np.int64,
    )


def test_at_most_a_hundred_boxes_the_best_of_thousands() -> None:
    rng = np.random.default_rng(0)
    places = np.stack(np.meshgrid(np.arange(60), np.arange(60)), -1).reshape(-1, 2) * 10
    boxes = np.hstack([places, places + 8]).astype(np.float32)  # none overlaps another
    scores = rng.permutation(np.linspace(0.01, 0.99, len(boxes))).astype(np.float32)[:, None]
    found = select_boxes(boxes, scores)
    best = np.argsort(-scores[:, 0])[:MAX_BOXES]
    np.testing.assert_array_equal(found.scores, scores[best, 0])
    np.testing.assert_array_equal(found.boxes, boxes[best])


def test_ties_among_thousands_give_the_same_list_every_time() -> None:
    rng = np.random.default_rng(1)
    boxes, scores = _crowd(rng, 5000, 1, 3)
    first = select_boxes(boxes, scores)
    for _ in range(3):
        again = select_boxes(boxes.copy(), scores.copy())
        np.testing.assert_array_equal(first.boxes, again.boxes)
        np.testing.assert_array_equal(first.scores, again.scores)
    assert (np.diff(first.scores) <= 0).all()


@pytest.mark.parametrize("count", [0, 1, 50])
def test_nothing_worth_keeping_is_an_empty_list(count: int) -> None:
    boxes = np.tile(np.array([[0, 0, 10, 10]], np.float32), (count, 1))
    found = select_boxes(boxes, np.full((count, 1), MIN_SCORE / 2, np.float32))
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)
    assert found.classes.shape == (0,)


def test_suppression_runs_across_classes() -> None:
    """One place is one finding, whatever it is called."""
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float32)
    found = select_boxes(boxes, np.array([[0.2, 0.6], [0.7, 0.1]], np.float32))
    np.testing.assert_array_equal(found.boxes, boxes[1:])
    np.testing.assert_array_equal(found.classes, [0])


def test_exactly_half_an_overlap_is_two_findings() -> None:
    boxes = np.array([[0, 0, 30, 10], [10, 0, 40, 10]], np.float32)  # 20 of 40: IoU 0.5
    assert len(select_boxes(boxes, np.array([[0.9], [0.8]], np.float32)).boxes) == 2
    boxes[1, 0] = 9  # IoU 0.51
    boxes[1, 2] = 39
    assert len(select_boxes(boxes, np.array([[0.9], [0.8]], np.float32)).boxes) == 1


def test_the_least_score_is_kept_and_less_is_not() -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    just, less = np.float32(0.0010001), np.float32(0.00099)
    found = select_boxes(boxes, np.array([[less], [just]], np.float32))
    np.testing.assert_array_equal(found.boxes, boxes[1:])
