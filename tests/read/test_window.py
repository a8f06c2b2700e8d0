"""The robust grey window: pure functions."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from detect.read.window import (
    count_levels,
    look_up,
    luminance,
    robust_limits,
    stretch,
    window,
)


def test_limits_are_the_documented_percentiles() -> None:
    values = np.random.default_rng(1).normal(2000, 300, 100_000)
    low, high = robust_limits(values)
    expected = np.percentile(values, [0.1, 99.9], method="inverted_cdf")
    assert (low, high) == pytest.approx(tuple(expected))


def test_outliers_do_not_crush_the_image() -> None:
    pixels = np.tile(np.arange(1000, 2000, dtype=np.uint16), (1000, 1))
    pixels[0, :50] = 65535  # dead pixels
    shown = window(pixels)
    assert shown[5, 0] == 0
    assert shown[5, -1] >= 254


def test_small_bright_part_is_not_clipped() -> None:
    """A finger on a large plate: two per cent of the pixels keep their contrast."""
    pixels = np.full((1000, 1000), 100, np.uint16)
    pixels[:20] = np.linspace(1000, 4000, 1000).astype(np.uint16)
    assert len(np.unique(window(pixels)[0])) > 150


def test_counts_weigh_and_leave_out() -> None:
    values = np.array([0, 10, 20, 60_000])
    assert robust_limits(values, np.array([5, 5, 5, 0])) == (0.0, 20.0)
    assert robust_limits(values, np.zeros(4, np.int64)) == (0.0, 0.0)
    repeated = np.repeat(values, [3, 1, 4, 1])
    assert robust_limits(values, np.array([3, 1, 4, 1])) == robust_limits(repeated)


def test_nearly_constant_image_falls_back_on_its_range() -> None:
    pixels = np.full((100, 100), 500, np.uint16)
    pixels[0, 0] = 700
    assert window(pixels)[0, 0] == 255
    assert window(pixels)[1, 1] == 0


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_constant_image_is_black(dtype: type) -> None:
    assert not window(np.full((3, 4), 77, dtype)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint16])
def test_a_large_image_takes_little_more_memory_than_itself(dtype: type) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 60_000, (1500, 2000), dtype=np.uint16).astype(dtype)
    tracemalloc.start()
    try:
        shown = window(pixels)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A copy for the percentiles, a mask and the result beside it, and some blocks.
    assert peak < pixels.nbytes + 2 * pixels.size + 24_000_000
    low, high = np.percentile(pixels, [0.1, 99.9], method="inverted_cdf")
    expected = np.clip((pixels.astype(float) - low) / (high - low), 0, 1) * 255
    assert np.abs(shown - expected).max() <= 0.51


def test_blocks_join_without_a_seam() -> None:
    values = np.arange(700_001, dtype=np.float32)  # no multiple of a block
    assert np.array_equal(
        stretch(values, 0, 700_000), np.rint(values.astype(float) / 700_000 * 255)
    )
    levels = (np.arange(700_001) % 300).astype(np.uint16)
    assert np.array_equal(count_levels(levels, 310), np.bincount(levels, minlength=310))
    table = np.arange(300).astype(np.uint8)
    assert np.array_equal(look_up(table, levels), table[levels])


def test_tables_and_pixels_agree() -> None:
    pixels = np.random.default_rng(2).integers(0, 4096, (64, 48), dtype=np.uint16)
    assert np.array_equal(window(pixels), window(pixels.astype(np.int32)))


def test_stretch_ends_and_middle() -> None:
    values = np.array([-5.0, 0.0, 5.0, 10.0, 99.0, np.nan, np.inf, -np.inf])
    assert stretch(values, 0, 10).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


def test_luminance_weights() -> None:
    colour = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    assert luminance(colour)[0].tolist() == pytest.approx([76.245, 149.685, 29.07, 9.0])


@given(npst.arrays(np.float32, (7, 5), elements=st.floats(width=32)))
def test_any_floats_give_a_picture_that_keeps_their_order(values: np.ndarray) -> None:
    shown = window(values)
    assert shown.dtype == np.uint8
    finite = np.isfinite(values)
    order = np.argsort(values[finite])
    assert (np.diff(shown[finite][order].astype(int)) >= 0).all()
