"""Sensitivity by size and by image, against counting by hand and by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detect.evaluate.matching import match_boxes
from detect.evaluate.sizes import BANDS, Band, band_sensitivity, image_sensitivity

NONE = np.zeros((0, 4))


def test_bands_lie_side_by_side_from_nothing_to_everything() -> None:
    assert BANDS[0].low == 0
    assert BANDS[-1].high == np.inf
    assert [band.high for band in BANDS[:-1]] == [band.low for band in BANDS[1:]]


def test_counted_by_hand() -> None:
    truths = [np.array([[0.0, 0, 10, 10], [50, 50, 90, 90]]), NONE, np.array([[0.0, 0, 4, 4]])]
    boxes = [np.array([[50.0, 50, 90, 90], [0, 0, 10, 9]]), np.array([[1.0, 1, 5, 5]]), NONE]
    scores = [np.array([0.9, 0.4]), np.array([0.8]), np.array([])]
    matches = match_boxes(truths, boxes, scores)
    shares = np.array([0.01, 0.16, 0.0016])
    big, small = Band("big", 0.1, 1), Band("small", 0.005, 0.1)
    assert band_sensitivity(matches, shares, big, 0.5).value == 1
    assert band_sensitivity(matches, shares, small, 0.5).value == 0
    assert band_sensitivity(matches, shares, small, 0.4).value == 1
    assert band_sensitivity(matches, shares, small, None).value == 0
    assert band_sensitivity(matches, shares, Band("none", 0.5, 1), 0.4).reason == (
        "no fracture of this size"
    )
    assert image_sensitivity(matches, 0.4).value == 0.5
    assert image_sensitivity(matches, 0.95).value == 0
    with pytest.raises(ValueError, match="1 shares for 3 boxes"):
        band_sensitivity(matches, shares[:1], big, 0.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bands_add_up_to_the_sensitivity_of_all(box_set: Callable[..., Any], seed: int) -> None:
    truths, boxes, scores = box_set(seed, 40)
    matches = match_boxes(truths, boxes, scores, least_iou=0.3)
    every = np.concatenate(truths)
    shares = (every[:, 2] - every[:, 0]) * (every[:, 3] - every[:, 1]) / 1e5
    cuts = [0.0, *np.quantile(shares, [0.3, 0.7]), np.inf]
    bands = [Band(str(low), low, high) for low, high in itertools.pairwise(cuts)]
    for threshold in (0.2, 0.6):
        alike = match_boxes(
            truths,
            [box[score >= threshold] for box, score in zip(boxes, scores, strict=True)],
            [score[score >= threshold] for score in scores],
            least_iou=0.3,
        )
        found = 0.0
        for band in bands:
            value = band_sensitivity(matches, shares, band, threshold).value
            found += (value or 0) * int(((shares >= band.low) & (shares < band.high)).sum())
        assert round(found) == int(alike.hits.sum())
        hit = {int(image) for image in alike.images[alike.hits]}
        with_truth = sum(len(truth) > 0 for truth in truths)
        assert image_sensitivity(matches, threshold).value == pytest.approx(len(hit) / with_truth)


def test_without_a_fracture_there_is_a_reason() -> None:
    matches = match_boxes([NONE], [np.array([[0.0, 0, 1, 1]])], [np.array([0.5])])
    assert image_sensitivity(matches, 0.1).reason == "no image with an annotated fracture"
    assert band_sensitivity(matches, np.array([]), BANDS[0], 0.1).value is None
