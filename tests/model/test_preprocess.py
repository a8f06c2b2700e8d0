"""Pixels to the network's square and back: nothing may drift, whatever the shape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.model.coherence import strongest_region
from detect.model.preprocess import PAD_VALUE, letterbox
from detect.record import Source

SHAPES = [
    (640, 640),  # height, width
    (454, 373),
    (2304, 2880),
    (103, 4000),  # the narrow side rounds from 16.48 to 16 network pixels
    (1000, 1),
    (1, 1000),
    (1000, 2),
    (7, 3),
    (1, 1),
]


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_a_bright_block_is_found_again_where_it_was_drawn(height: int, width: int) -> None:
    """The pixels themselves are the witness: not the formula against its own inverse."""
    x1, x2 = sorted((width // 4, max(width // 4 + 1, width * 3 // 4)))
    y1, y2 = sorted((height // 4, max(height // 4 + 1, height * 3 // 4)))
    pixels = np.zeros((height, width), np.uint8)
    pixels[y1:y2, x1:x2] = 255
    fitted = letterbox(pixels, 640)
    inside = fitted.image[
        fitted.top : fitted.top + fitted.fitted_height,
        fitted.left : fitted.left + fitted.fitted_width,
    ].astype(np.float64)
    # Sub-pixel edges from the mass of light along each axis, where the block is one solid run.
    column, row = inside.max(axis=0) / 255, inside.max(axis=1) / 255
    seen = np.array(
        [
            fitted.left + _first_edge(column),
            fitted.top + _first_edge(row),
            fitted.left + len(column) - _first_edge(column[::-1]),
            fitted.top + len(row) - _first_edge(row[::-1]),
        ]
    )
    back = fitted.to_image(seen[None].astype(np.float32))[0]
    # Half an image pixel, or what 8 grey bits resolve of a network pixel where that is coarser;
    # a block thinner than a network pixel shows only as a dimmer pixel: allow for that pixel.
    per_pixel = np.array([width / fitted.fitted_width, height / fitted.fitted_height] * 2)
    thick = np.array([x2 - x1, y2 - y1] * 2) >= 2 * per_pixel
    allowed = np.where(thick, np.maximum(0.5, 0.15 * per_pixel), per_pixel)
    assert (np.abs(back - [x1, y1, x2, y2]) <= allowed).all()


def _first_edge(profile: np.ndarray) -> float:
    """Return where light begins along a profile in [0, 1], by the brightness of its first pixel."""
    peak = profile.max()
    first = int(np.flatnonzero(profile >= 0.5 * peak)[0])
    before = float(profile[first - 1]) / peak if first else 0.0
    return first - before + (1 - float(profile[first]) / peak)


@settings(deadline=None)  # the machine may be busy
@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    corners=st.tuples(*[st.floats(0, 1, width=32)] * 4),
)
def test_boxes_return_to_within_half_a_pixel(
    width: int, height: int, corners: tuple[float, float, float, float]
) -> None:
    fitted = letterbox(np.zeros((height, width), np.uint8), 320)
    x1, x2 = sorted(corners[:2])
    y1, y2 = sorted(corners[2:])
    boxes = np.array([[x1 * width, y1 * height, x2 * width, y2 * height]], np.float32)
    there = fitted.to_network(boxes)
    assert (there >= -1e-3).all()
    assert (there <= 320 + 1e-3).all()
    assert np.abs(fitted.to_image(there) - boxes).max() < 0.5


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_the_image_fills_its_rectangle_and_padding_the_rest(height: int, width: int) -> None:
    fitted = letterbox(np.full((height, width), 200, np.uint8), 640)
    assert fitted.image.shape == (640, 640)
    assert fitted.image.dtype == np.uint8
    inside = np.zeros((640, 640), bool)
    inside[
        fitted.top : fitted.top + fitted.fitted_height,
        fitted.left : fitted.left + fitted.fitted_width,
    ] = True
    assert (fitted.image[inside] == 200).all()
    assert (fitted.image[~inside] == PAD_VALUE).all()
    assert max(fitted.fitted_width, fitted.fitted_height) == 640
    # Even padding: the two sides differ by at most one pixel.
    assert abs(640 - fitted.fitted_width - 2 * fitted.left) <= 1
    assert abs(640 - fitted.fitted_height - 2 * fitted.top) <= 1


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_padding_to_a_stride_keeps_the_image_and_drops_the_rest(height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width), np.uint8)
    square, least = letterbox(pixels, 640), letterbox(pixels, 640, 32)
    assert least.image.shape == tuple(
        math.ceil(side / 32) * 32 for side in (least.fitted_height, least.fitted_width)
    )
    for fitted in (square, least):
        shown = fitted.image[
            fitted.top : fitted.top + fitted.fitted_height,
            fitted.left : fitted.left + fitted.fitted_width,
        ]
        np.testing.assert_array_equal(
            shown,
            square.image[
                square.top : square.top + square.fitted_height,
                square.left : square.left + square.fitted_width,
            ],
        )
    assert least.image.shape[0] - least.fitted_height - 2 * least.top in (0, 1)
    assert least.image.shape[1] - least.fitted_width - 2 * least.left in (0, 1)


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_edges_of_the_network_rectangle_are_edges_of_the_image(height: int, width: int) -> None:
    fitted = letterbox(np.zeros((height, width), np.uint8), 640)
    whole = np.array(
        [
            [
                fitted.left,
                fitted.top,
                fitted.left + fitted.fitted_width,
                fitted.top + fitted.fitted_height,
            ]
        ],
        np.float32,
    )
    np.testing.assert_allclose(fitted.to_image(whole), [[0, 0, width, height]], atol=1e-3)


def test_boxes_in_the_padding_are_clipped_to_the_image() -> None:
    fitted = letterbox(np.zeros((100, 200), np.uint8), 640)
    outside = fitted.to_image(np.array([[-50, 0, 700, 640]], np.float32))
    np.testing.assert_array_equal(outside, [[0, 0, 200, 100]])


def test_moving_no_boxes_leaves_none_and_changes_no_argument() -> None:
    fitted = letterbox(np.zeros((30, 20), np.uint8), 64)
    assert fitted.to_image(np.zeros((0, 4), np.float32)).shape == (0, 4)
    boxes = np.array([[1, 2, 3, 4]], np.float32)
    fitted.to_image(boxes)
    fitted.to_network(boxes)
    np.testing.assert_array_equal(boxes, [[1, 2, 3, 4]])


@settings(deadline=None)  # the machine may be busy
@given(width=st.integers(1, 2000), height=st.integers(1, 2000))
def test_the_cropped_map_covers_the_image_exactly_and_holds_no_padding(
    width: int, height: int
) -> None:
    size, stride = 320, 8
    fitted = letterbox(np.zeros((height, width), np.uint8), size)
    cells = size // stride
    centres = (np.arange(cells, dtype=np.float32) + 0.5) * stride
    x = fitted.crop_map(np.tile(centres, (cells, 1)))
    y = fitted.crop_map(np.tile(centres[:, None], (1, cells)))
    assert x.shape == y.shape
    assert x.dtype == np.float32
    for found, start, extent, length in (
        (x[0], fitted.left, fitted.fitted_width, x.shape[1]),
        (y[:, 0], fitted.top, fitted.fitted_height, x.shape[0]),
    ):
        # Each value is where its own centre lies in the network's input; beyond the centres
        # of the outermost cells that hold image there is nothing to interpolate with.
        expected = start + (np.arange(length) + 0.5) / length * extent
        inner = (expected >= start + stride / 2) & (expected <= start + extent - stride / 2)
        np.testing.assert_allclose(found[inner], expected[inner], atol=1e-3)
        assert np.abs(found - expected).max() <= stride / 2

    holds_image = np.zeros((size, size), bool)
    holds_image[
        fitted.top : fitted.top + fitted.fitted_height,
        fitted.left : fitted.left + fitted.fitted_width,
    ] = True
    padding = ~holds_image.reshape(cells, stride, cells, stride).any(axis=(1, 3))
    assert not fitted.crop_map(padding.astype(np.float32)).any()


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("at", [0.1, 0.37, 0.5, 0.83])
def test_the_evidence_of_a_place_is_outlined_at_that_place(
    height: int, width: int, at: float
) -> None:
    """A bump drawn in the image's own frame comes back there, to a network pixel or two."""
    size, stride = 640, 8
    fitted = letterbox(np.zeros((height, width), np.uint8), size)
    centre = fitted.to_network(np.array([[at * width, at * height] * 2], np.float32))[0, :2]
    axis = (np.arange(size // stride) + 0.5) * stride
    bump = np.exp(-(((axis - centre[0]) ** 2)[None] + ((axis - centre[1]) ** 2)[:, None]) / 2e3)
    evidence = fitted.crop_map(bump.astype(np.float32))
    box, _ = strongest_region(evidence, Source("a.png", None, width, height))
    step = max(width, height) / size  # pixels of the image per network pixel
    reach = np.sqrt(2e3 * np.log(2)) * step
    expected = [
        max(0.0, at * width - reach),
        max(0.0, at * height - reach),
        min(float(width), at * width + reach),
        min(float(height), at * height + reach),
    ]
    found = [box.x1, box.y1, box.x2, box.y2]
    assert np.abs(np.subtract(found, expected)).max() <= 2 * step + 0.01


def test_shrinking_keeps_a_thin_dark_line_visible() -> None:
    """Point sampling would drop a one-pixel line at most positions; averaging never does."""
    for at in range(300, 320):
        pixels = np.full((1600, 1600), 200, np.uint8)
        pixels[at] = 0
        fitted = letterbox(pixels, 400)
        assert fitted.image.min() <= 155
