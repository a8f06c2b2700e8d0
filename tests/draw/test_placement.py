"""Labels lie outside boxes, on no other label, inside the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detect.draw.placement import place_labels

FRAME = (640, 480)
GAP = 4


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    boxes, sizes = [], []
    for _ in range(draw(st.integers(1, 8))):
        x, y = draw(st.integers(0, 600)), draw(st.integers(0, 440))
        boxes.append((x, y, x + draw(st.integers(1, 40)), y + draw(st.integers(1, 40))))
        sizes.append((draw(st.integers(5, 200)), draw(st.integers(10, 40))))
    return np.array(boxes, np.float64), sizes


@given(layouts())
def test_no_label_covers_anything_or_leaves_the_picture(
    layout: tuple[NDArray[np.float64], list[tuple[int, int]]],
) -> None:
    boxes, sizes = layout
    grey = np.zeros((FRAME[1], FRAME[0]), np.uint8)
    places = place_labels(boxes, sizes, [8] * len(boxes), grey, GAP)
    rects = [
        (x, y, x + w, y + h)
        for place, (w, h) in zip(places, sizes, strict=True)
        if place is not None
        for x, y in [place]
    ]
    for index, rect in enumerate(rects):
        assert rect[0] >= 0
        assert rect[1] >= 0
        assert rect[2] <= FRAME[0]
        assert rect[3] <= FRAME[1]
        assert not any(_meet(rect, tuple(box)) for box in boxes.tolist())
        assert not any(_meet(rect, other) for other in rects[:index])


@pytest.mark.parametrize("box", [(0, 0, 40, 40), (600, 440, 640, 480), (300, 0, 340, 40)])
def test_a_single_small_box_always_has_its_label(box: tuple[int, ...]) -> None:
    grey = np.zeros((FRAME[1], FRAME[0]), np.uint8)
    (place,) = place_labels(np.array([box], np.float64), [(120, 20)], [1], grey, GAP)
    assert place is not None


def test_the_darkest_side_is_taken() -> None:
    box = np.array([[300.0, 200.0, 340.0, 240.0]])
    for side in ("above", "below"):
        grey = np.full((FRAME[1], FRAME[0]), 200, np.uint8)
        grey[:198] = 0 if side == "above" else 200
        grey[242:] = 0 if side == "below" else 200
        (place,) = place_labels(box, [(60, 20)], [1], grey, GAP)
        assert place is not None
        assert (place[1] < 200) == (side == "above")


def test_a_box_around_everything_does_not_take_the_labels_of_others() -> None:
    boxes = np.array([[0.0, 0.0, 640.0, 480.0], [300.0, 200.0, 340.0, 240.0]])
    grey = np.zeros((FRAME[1], FRAME[0]), np.uint8)
    around, inner = place_labels(boxes, [(60, 20)] * 2, [8, 8], grey, GAP)
    assert around is None
    assert inner is not None


def test_no_boxes_need_no_labels() -> None:
    grey = np.zeros((FRAME[1], FRAME[0]), np.uint8)
    assert place_labels(np.zeros((0, 4)), [], [], grey, GAP) == []
