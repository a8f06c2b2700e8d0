"""Markers and collimation edges are drawn, and never on a box."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.config import AugmentConfig
from detect.train.artefacts import add_artefacts

BOXES = np.array([[60, 70, 120, 150], [200, 40, 240, 90]], np.float32)
NONE = np.zeros((0, 4), np.float32)


def _view() -> NDArray[np.uint8]:
    return np.full((256, 256), 100, np.uint8)


@pytest.mark.parametrize("kind", ["marker", "collimation"])
def test_most_views_change_and_boxes_never_do(kind: str) -> None:
    recipe = AugmentConfig.model_validate({kind: 1.0})
    changed = 0
    for seed in range(200):
        view = _view()
        drawn = add_artefacts(view, BOXES, recipe, np.random.default_rng(seed))
        assert (view == 100).all()  # the source stays
        assert drawn.shape == view.shape
        assert drawn.dtype == np.uint8
        changed += bool((drawn != 100).any())
        for x1, y1, x2, y2 in BOXES.astype(int):
            inner = drawn[y1 + 6 : y2 - 6, x1 + 6 : x2 - 6]  # an edge is soft over a few pixels
            assert (inner == 100).all()
    assert changed > 120


def test_markers_are_bright_and_edges_dark() -> None:
    for kind, brighter in (("marker", True), ("collimation", False)):
        recipe = AugmentConfig.model_validate({kind: 1.0})
        for seed in range(50):
            drawn = add_artefacts(_view(), NONE, recipe, np.random.default_rng(seed))
            others = drawn[drawn != 100]
            assert ((others > 100) == brighter).all()


def test_a_view_full_of_boxes_gets_no_marker() -> None:
    recipe = AugmentConfig.model_validate({"marker": 1.0})
    whole = np.array([[0, 0, 256, 256]], np.float32)
    for seed in range(20):
        drawn = add_artefacts(_view(), whole, recipe, np.random.default_rng(seed))
        assert (drawn == 100).all()


def test_what_the_recipe_leaves_out_draws_no_random_number() -> None:
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    add_artefacts(_view(), BOXES, AugmentConfig(), one)
    assert one.random() == other.random()
