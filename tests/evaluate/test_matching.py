"""Greedy matching by hand-made cases and by properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detect.evaluate.matching import match_boxes

NONE = np.zeros((0, 4))


def boxes(*rows: tuple[float, float, float, float]) -> Any:
    return np.array(rows, dtype=float).reshape(-1, 4)


def test_a_second_box_on_a_fracture_is_false() -> None:
    truth = boxes((0, 0, 10, 10))
    found = boxes((0, 0, 10, 9), (0, 0, 10, 10))
    matches = match_boxes([truth], [found], [np.array([0.9, 0.8])])
    assert matches.hits.tolist() == [True, False]
    matches = match_boxes([truth], [found], [np.array([0.8, 0.9])])
    assert matches.hits.tolist() == [True, False]
    assert matches.scores.tolist() == [0.9, 0.8]


def test_a_box_takes_the_fracture_it_overlaps_most() -> None:
    truth = boxes((0, 0, 10, 10), (4, 0, 14, 10))
    found = boxes((3, 0, 13, 10), (0, 0, 8, 10))
    matches = match_boxes([truth], [found], [np.array([0.9, 0.8])], least_iou=0.3)
    assert matches.hits.tolist() == [True, True]


def test_the_least_iou_is_inclusive() -> None:
    truth, found = boxes((0, 0, 10, 10)), boxes((0, 0, 10, 5))
    hit = match_boxes([truth], [found], [np.array([0.9])], least_iou=0.5).hits
    missed = match_boxes([truth], [found], [np.array([0.9])], least_iou=0.51).hits
    assert (hit.tolist(), missed.tolist()) == ([True], [False])


def test_the_centre_decides_whatever_the_overlap() -> None:
    truth = boxes((0, 0, 100, 100))
    speck, beside = boxes((49, 49, 51, 51)), boxes((60, 0, 160, 100))
    scores = [np.array([0.9]), np.array([0.9])]
    by_centre = match_boxes([truth, truth], [speck, beside], scores, criterion="centre")
    assert by_centre.hits.tolist() == [True, False]
    by_iou = match_boxes([truth, truth], [speck, beside], scores, least_iou=0.2)
    assert by_iou.hits.tolist() == [False, True]


def test_boxes_of_one_image_never_answer_another() -> None:
    truth = boxes((0, 0, 10, 10))
    matches = match_boxes([truth, NONE], [NONE, truth], [np.zeros(0), np.array([0.9])])
    assert matches.hits.tolist() == [False]
    assert matches.images.tolist() == [1]
    assert matches.n_truths.tolist() == [1, 0]


def test_only_the_highest_scores_count() -> None:
    found = boxes((50, 50, 60, 60), (0, 0, 10, 10))
    scores = [np.array([0.9, 0.8])]
    matches = match_boxes([boxes((0, 0, 10, 10))], [found], scores, most_per_image=1)
    assert (matches.scores.tolist(), matches.hits.tolist()) == ([0.9], [False])


@pytest.mark.parametrize("criterion", ["iou", "centre"])
def test_weaker_boxes_never_change_a_match(box_set: Callable[..., Any], criterion: Any) -> None:
    truths, found, scores = box_set(11)
    whole = match_boxes(truths, found, scores, criterion=criterion)
    strong = [score >= 0.4 for score in scores]
    part = match_boxes(
        truths,
        [box[keep] for box, keep in zip(found, strong, strict=True)],
        [score[keep] for score, keep in zip(scores, strong, strict=True)],
        criterion=criterion,
    )
    assert whole.hits[whole.scores >= 0.4].tolist() == part.hits.tolist()
    assert 0 < part.hits.sum() < whole.hits.sum()


def test_no_image_and_no_box_are_allowed() -> None:
    assert len(match_boxes([], [], []).scores) == 0
    matches = match_boxes([boxes((0, 0, 1, 1))], [NONE], [np.zeros(0)])
    assert (len(matches.scores), matches.n_truths.tolist()) == (0, [1])


def test_unfit_input_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        match_boxes([NONE], [], [])
    with pytest.raises(ValueError, match="finite scores"):
        match_boxes([NONE], [boxes((0, 0, 1, 1))], [np.array([np.nan])])
    with pytest.raises(ValueError, match="finite scores"):
        match_boxes([NONE], [boxes((0, 0, 1, 1))], [np.zeros(0)])
