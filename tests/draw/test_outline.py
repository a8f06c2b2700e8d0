"""Outlines: solid as supervision draws them, and broken ones that keep their corners."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from detect.draw.outline import draw_outline

ORANGE = (255, 150, 20)


def drawn(
    box: tuple[int, int, int, int], line: int, dash: tuple[float, float] | None
) -> np.ndarray:
    picture = np.zeros((120, 160, 3), np.uint8)
    draw_outline(picture, np.array(box, np.float64), ORANGE, line, dash)
    return picture


@pytest.mark.parametrize("line", [1, 2, 3, 6])
@pytest.mark.parametrize(
    "box", [(10, 10, 60, 90), (0, 0, 159, 119), (50, 50, 51, 52), (7, 7, 7, 7)]
)
def test_solid_outlines_are_those_of_supervision(box: tuple[int, int, int, int], line: int) -> None:
    annotator = sv.BoxAnnotator(
        sv.Color(*ORANGE), thickness=line, color_lookup=sv.ColorLookup.INDEX
    )
    expected = np.zeros((120, 160, 3), np.uint8)
    annotator.annotate(expected, sv.Detections(xyxy=np.array([box], np.float32)))
    assert expected.any()
    np.testing.assert_array_equal(drawn(box, line, None), expected)


@pytest.mark.parametrize("dash", [(7.0, 4.0), (1.0, 3.0)])
@pytest.mark.parametrize("box", [(10, 10, 60, 90), (20, 30, 26, 35)])
def test_broken_outlines_keep_their_corners_and_leave_gaps(
    box: tuple[int, int, int, int], dash: tuple[float, float]
) -> None:
    x1, y1, x2, y2 = box
    picture, solid = drawn(box, 1, dash), drawn(box, 1, None)
    for x, y in ((x1, y1), (x2, y1), (x1, y2), (x2, y2)):
        assert tuple(picture[y, x]) == ORANGE[::-1]
    assert not (picture.any(axis=2) & ~solid.any(axis=2)).any()
    for side in (picture[y1, x1 : x2 + 1], picture[y1 : y2 + 1, x2]):
        inked = side.any(axis=1)
        assert inked.any()
        assert not inked.all()
        # strokes and gaps are alike from both ends, to a pixel of rounding
        assert abs(int(inked.argmin()) - int(inked[::-1].argmin())) <= 1
