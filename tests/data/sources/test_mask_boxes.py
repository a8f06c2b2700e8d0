"""Boxes around COCO segmentations, against pycocotools."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from detect.data.sources.mask_boxes import box_of_segmentation
from detect.errors import DataError

masks = arrays(
    np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.sampled_from([0, 0, 1])
)


@settings(deadline=None)
@given(masks | st.just(np.zeros((5, 7), np.uint8)))
def test_run_lengths_packed_and_plain(mask: np.ndarray) -> None:
    packed = coco_mask.encode(np.asfortranarray(mask))
    x, y, width, height = coco_mask.toBbox(packed)
    expected = (x, y, x + width, y + height) if mask.any() else None
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    plain = {"size": list(mask.shape), "counts": [0, *runs] if flat[0] else runs}
    text = {"size": packed["size"], "counts": packed["counts"].decode()}
    for segmentation in (plain, text):
        box = box_of_segmentation(segmentation, "x.json, annotation 1")
        assert (None if box is None else astuple(box)) == expected


def test_large_runs_take_several_characters() -> None:
    mask = np.zeros((3000, 2000), np.uint8)
    mask[2100:2900, 1500:1600] = 1
    packed = coco_mask.encode(np.asfortranarray(mask))
    text = {"size": packed["size"], "counts": packed["counts"].decode()}
    box = box_of_segmentation(text, "")
    assert box is not None
    assert astuple(box) == (1500, 2100, 1600, 2900)


def test_polygons_are_united() -> None:
    polygons = [[1.5, 2, 6, 2.25, 6, 8], [0.5, 3, 1, 3, 1, 9.75]]
    box = box_of_segmentation(polygons, "")
    assert box is not None
    assert astuple(box) == (0.5, 2, 6, 9.75)
    assert box_of_segmentation(polygons[0], "") == box_of_segmentation(polygons[:1], "")
    assert box_of_segmentation([], "") is None


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        ("x", "neither polygons nor run lengths"),
        ([[1, 2, 3]], "no list of x, y, x, y"),
        ([[1, 2], "a"], "no list of x, y, x, y"),
        ([[1, float("nan")]], "nan is not a number"),
        ({"counts": [1]}, r"size, as \[height, width\]"),
        ({"size": [2, 2]}, "counts, as list or text"),
        ({"size": [2, 2], "counts": [1, 2]}, "do not add up to the size, 2 × 2"),
        ({"size": [2, 2], "counts": [5, -1]}, "-1 is no count of pixels"),
        ({"size": [2, 0.5], "counts": [1]}, "0.5 is no count of pixels"),
        ({"size": [2, 2], "counts": "11"}, "do not add up"),
        ({"size": [2, 2], "counts": "1 "}, "' ', no packed run"),
        ({"size": [2, 2], "counts": "oooo"}, "do not add up"),
        ({"size": [2, 2], "counts": "o" * 100_000}, "no packed run"),
    ],
)
def test_malformed_segmentations_are_named(segmentation: Any, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        box_of_segmentation(segmentation, "x.json, annotation 5")
    assert str(caught.value).startswith("x.json, annotation 5")
