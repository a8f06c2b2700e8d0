"""Every condition alters images as it says, and carries the boxes to where their content went."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.evaluate.robustness.altered import Altered
from detect.evaluate.robustness.conditions import CLEAN, CONDITIONS, Condition, alter

_BY_NAME = {condition.name: condition for condition in CONDITIONS}
_MOVING = (
    "half size",
    "turned 10",
    "rotated 90",
    "rotated 180",
    "rotated 270",
    "mirrored",
    "cropped",
    "black border",
    "white border",
)
_BOX = np.array([[130.0, 60.0, 160.0, 110.0]])


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """200 pixels wide, 300 high: dark, with what the box holds in light grey."""
    pixels = np.full((300, 200), 40, np.uint8)
    pixels[60:110, 130:160] = 200
    return pixels


def altered(name: str, image: NDArray[np.uint8], boxes: NDArray[np.float64] = _BOX) -> Altered:
    return alter(_BY_NAME[name], image, boxes, "ab" * 32)


def test_names_are_unique_and_the_clean_image_is_none_of_them() -> None:
    assert len(_BY_NAME) == len(CONDITIONS)
    assert CLEAN.name not in _BY_NAME


@pytest.mark.parametrize("condition", (CLEAN, *CONDITIONS), ids=lambda each: each.name)
def test_the_same_image_is_always_altered_alike_and_left_as_it_is(
    condition: Condition, image: NDArray[np.uint8]
) -> None:
    before, boxes = image.copy(), _BOX.copy()
    first = alter(condition, image, boxes, "ab" * 32)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(boxes, _BOX)
    again = alter(condition, image, boxes, "ab" * 32)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert first.pixels.dtype == np.uint8
    assert first.pixels.flags.c_contiguous
    if condition is not CLEAN:
        assert first.pixels.shape != image.shape or (first.pixels != image).any()


@pytest.mark.parametrize("name", _MOVING)
def test_boxes_go_where_their_content_goes(name: str, image: NDArray[np.uint8]) -> None:
    moved = altered(name, image)
    inside = (moved.pixels > 120) & (moved.pixels < 230)
    rows, columns = np.nonzero(inside)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    # a box turned by a few degrees is drawn around less than its turned corners
    loose = 6 if name == "turned 10" else 1
    np.testing.assert_allclose(moved.boxes[0], found, atol=loose)
    centre = (moved.boxes[0, :2] + moved.boxes[0, 2:]) / 2
    np.testing.assert_allclose(centre, [columns.mean() + 0.5, rows.mean() + 0.5], atol=0.6)


def test_quarter_turns_and_mirrors_move_pixels_alone(image: NDArray[np.uint8]) -> None:
    image[:5, :7] = 90  # a mark in the top left corner
    quarter = altered("rotated 90", image)
    assert quarter.pixels.shape == (200, 300)
    assert (quarter.pixels[-7:, :5] == 90).all()  # anticlockwise: top left goes to bottom left
    np.testing.assert_array_equal(quarter.boxes, [[60, 40, 110, 70]])
    np.testing.assert_array_equal(altered("rotated 180", image).boxes, [[40, 190, 70, 240]])
    np.testing.assert_array_equal(altered("rotated 270", image).boxes, [[190, 130, 240, 160]])
    np.testing.assert_array_equal(altered("mirrored", image).boxes, [[40, 60, 70, 110]])
    assert (altered("mirrored", image).pixels[:5, -7:] == 90).all()


def test_greys_change_as_they_say() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    nothing = np.zeros((0, 4))

    def row(name: str) -> NDArray[np.intp]:
        return altered(name, ramp, nothing).pixels[0].astype(int)

    assert row("darker")[[0, 51, 255]].tolist() == [0, 0, 204]
    assert row("brighter")[[0, 204, 255]].tolist() == [51, 255, 255]
    assert row("low contrast")[[0, 255]].tolist() == [64, 191]
    assert row("high contrast")[[0, 40, 215, 255]].tolist() == [0, 0, 255, 255]
    assert (row("gamma 0.6")[1:-1] >= np.arange(1, 255)).all()
    assert (row("gamma 1.7")[1:-1] <= np.arange(1, 255)).all()
    np.testing.assert_array_equal(row("inverted"), 255 - np.arange(256))


def test_detail_changes_as_it_says() -> None:
    edge = np.full((500, 400), 60, np.uint8)
    edge[:, 200:] = 180
    nothing = np.zeros((0, 4))
    noise = altered("noise 15", edge, nothing).pixels.astype(int) - edge
    assert noise.std() == pytest.approx(15, rel=0.02)
    assert abs(noise.mean()) < 0.2
    steps = {
        name: int(np.abs(np.diff(altered(name, edge, nothing).pixels[250].astype(int))).max())
        for name in ("blur", "sharpened")
    }
    assert steps["blur"] < 60 < 120 < steps["sharpened"]
    texture = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    lost = [
        np.abs(altered(name, texture, nothing).pixels.astype(int) - texture).mean()
        for name in ("JPEG 30", "JPEG 10")
    ]
    assert 5 < lost[0] < lost[1]


def test_a_marker_lies_off_the_boxes() -> None:
    image = np.full((300, 240), 30, np.uint8)
    corners = np.array([[0, 0, 80, 80], [160, 0, 240, 80], [0, 220, 80, 300]], float)
    marked = altered("marker", image, corners)
    rows, columns = np.nonzero(marked.pixels > 100)
    assert rows.min() > 220
    assert columns.min() > 160
    assert 0.05 <= (rows.max() + 1 - rows.min()) / 300 <= 0.07
    np.testing.assert_array_equal(marked.boxes, corners)


def test_a_fracture_that_is_cut_off_is_told(image: NDArray[np.uint8]) -> None:
    def in_view(x1: float) -> bool:
        box = np.array([[x1, 100.0, x1 + 40, 130.0]])
        return altered("cropped", image, box).boxes_in_view() is not None

    # the middle 160 of 200 columns are kept, from 20 on
    assert in_view(0.0)
    assert not in_view(-1.0)
    cut = altered("cropped", image, np.array([[10.0, 100.0, 50.0, 130.0]])).boxes_in_view()
    np.testing.assert_array_equal(cut, [[0, 70, 30, 100]])
    assert altered("cropped", image, np.zeros((0, 4))).boxes_in_view() is not None


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda each: each.name)
def test_tiny_images_are_altered_too(condition: Condition) -> None:
    moved = alter(condition, np.full((3, 2), 100, np.uint8), np.zeros((0, 4)), None)
    assert min(moved.pixels.shape) >= 1
