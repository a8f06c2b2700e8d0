"""COCO's figures of resamples against faster-coco-eval, run anew on the repeated images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detect.evaluate.box_block import box_block
from detect.evaluate.box_metrics import BoxScores, coco_metrics
from detect.evaluate.cases import Truth, pair_cases
from detect.evaluate.coco_resampling import match_as_coco
from detect.evaluate.settings import Settings
from detect.record import Box

NONE = np.zeros((0, 4))


def values(scores: BoxScores) -> list[float | None]:
    return [getattr(scores, name).value for name in BoxScores.__slots__]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("distinct", [True, False])
def test_every_image_once_gives_cocos_figures(
    box_set: Callable[..., Any], seed: int, distinct: bool
) -> None:
    sample = box_set(seed, distinct=distinct)
    found = match_as_coco(*sample).figures(np.arange(len(sample[0])))
    assert found == pytest.approx(values(coco_metrics(*sample)), abs=1e-9)
    assert len({round(value or 0, 6) for value in found}) >= 5


@pytest.mark.parametrize("seed", range(4))
def test_a_resample_gives_cocos_figures_of_the_repeated_images(
    box_set: Callable[..., Any], seed: int
) -> None:
    sample = box_set(seed)
    drawn = np.sort(np.random.default_rng(seed).integers(0, 60, 60))
    repeated = [[part[index] for index in drawn] for part in sample]
    found = match_as_coco(*sample).figures(drawn)
    assert found == pytest.approx(values(coco_metrics(*repeated)), abs=1e-9)


def test_only_so_many_boxes_of_an_image_count() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    junk = np.tile([[50.0, 50, 60, 60]], (120, 1))
    boxes, scores = np.concatenate([junk, truth]), np.linspace(0.9, 0.1, 121)
    for first in (0, 20, 21, 111, 112, 120):
        sample = [truth, NONE], [boxes[first:], NONE], [scores[first:], np.zeros(0)]
        found = match_as_coco(*sample).figures(np.array([0, 1, 1]))
        assert found == pytest.approx(values(coco_metrics(*sample)), abs=1e-9)


def test_without_an_annotated_box_nothing_is_defined() -> None:
    box, score = np.array([[0.0, 0, 5, 5]]), np.array([0.5])
    matches = match_as_coco([box, NONE], [box, box], [score, score])
    assert matches.figures(np.array([1, 1])) == [None] * 6
    assert matches.figures(np.array([0, 1])) == pytest.approx([1] * 6)
    assert match_as_coco([], [], []).figures(np.zeros(0, dtype=np.intp)) == [None] * 6


def test_the_block_has_the_intervals_of_a_bootstrap_by_brute_force(
    box_set: Callable[..., Any], reading: Any
) -> None:
    truths, boxes, scores = box_set(3, 30)
    paths = [f"{number}.png" for number in range(30)]
    told = [
        Truth(path, None, len(truth) > 0, tuple(Box(*row) for row in truth.tolist()))
        for path, truth in zip(paths, truths, strict=True)
    ]
    rows = [np.column_stack(pair).tolist() for pair in zip(boxes, scores, strict=True)]
    records = [reading(path, 0.5, row) for path, row in zip(paths, rows, strict=True)]
    block = box_block(pair_cases(told, records), Settings({}, n_resamples=40), curves=False)

    fractured = np.array([len(truth) > 0 for truth in truths])
    strata = [np.flatnonzero(fractured), np.flatnonzero(~fractured)]
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(40):
        drawn = np.concatenate([some[rng.integers(len(some), size=len(some))] for some in strata])
        repeated = [[part[index] for index in drawn] for part in (truths, boxes, scores)]
        draws.append(values(coco_metrics(*repeated)))
    expected = np.quantile(np.array(draws, dtype=float), [0.025, 0.975], axis=0).T
    for name, interval in zip(BoxScores.__slots__, expected.tolist(), strict=True):
        assert block[name]["interval"] == pytest.approx(interval, abs=1e-9), name
        assert block[name]["method"] == "percentile bootstrap of images, 40 resamples"
