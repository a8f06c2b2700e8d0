"""How truths and records come together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from detect.errors import DataError
from detect.evaluate.cases import MISSING, Truth, pair_cases
from detect.record import Box

BOX = Box(1.0, 2.0, 30.0, 40.0)


def test_cases_keep_the_order_of_truths(reading: Any, failure: Any) -> None:
    truths = [Truth(f"{name}.png", None, True, (BOX,)) for name in "abcd"]
    records = [reading("c.png", 0.3), failure("b.png"), reading("a.png", 0.9), reading("x.png", 0)]
    cases = pair_cases(truths, records)
    assert [case.truth.path for case in cases] == ["a.png", "b.png", "c.png", "d.png"]
    assert [case.probability for case in cases] == [0.9, None, 0.3, None]
    assert [case.failure for case in cases] == [None, "truncated", None, MISSING]
    assert [case.size for case in cases] == [(373, 454), None, (373, 454), None]


def test_boxes_are_split_by_origin(reading: Any) -> None:
    record = reading("a", 0.9, ((0, 0, 5, 5, 0.2), (1, 1, 9, 9, 0.7)), evidence=(2, 2, 4, 4))
    (case,) = pair_cases([Truth("a", None, True, (BOX,))], [record])
    assert case.truth_boxes is not None
    assert case.truth_boxes.tolist() == [[1, 2, 30, 40]]
    assert case.boxes.tolist() == [[1, 1, 9, 9], [0, 0, 5, 5]]
    assert case.scores.tolist() == [0.7, 0.2]
    assert case.evidence_boxes.tolist() == [[2, 2, 4, 4]]


@pytest.mark.parametrize(
    ("fractured", "boxes", "expected", "n_boxes"),
    [
        (None, None, None, None),
        (None, (), False, 0),
        (None, (BOX,), True, 1),
        (True, None, True, None),
        (True, (), True, 0),
        (False, None, False, 0),  # a normal image needs no one to draw its no boxes
        (False, (), False, 0),
    ],
)
def test_label_and_boxes_complete_each_other(
    reading: Any, fractured: Any, boxes: Any, expected: Any, n_boxes: Any
) -> None:
    (case,) = pair_cases([Truth("a", None, fractured, boxes)], [reading("a", 0.5)])
    assert case.fractured is expected
    assert (None if case.truth_boxes is None else len(case.truth_boxes)) == n_boxes


@pytest.mark.parametrize(
    ("truths", "paths", "message"),
    [
        (["a", "a"], ["a"], "a: 2 images of this path"),
        (["a", "b"], ["b", "b"], "b: 2 records of this path"),
        (["a"], ["in/a"], "the first image is a, the first record in/a"),
        (["a"], [], "the first image is a:"),
    ],
)
def test_paths_that_do_not_fit_are_named(
    reading: Callable[..., Any], truths: list[str], paths: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        pair_cases([Truth(t, None, True, ()) for t in truths], [reading(p, 0.5) for p in paths])


def test_a_normal_image_with_boxes_is_refused(reading: Any) -> None:
    with pytest.raises(DataError, match=r"hand\.png: labelled as not fractured, but boxes"):
        pair_cases([Truth("hand.png", None, False, (BOX,))], [reading("hand.png", 0.5)])
