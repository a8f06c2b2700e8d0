"""The figures that steer a run, on predictions whose figures are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from detect.train.infer import RawPredictions
from detect.train.measure import METRIC_KEYS, measure
from detect.train.prepared import Prepared

NOTHING = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


def _predict(prepared: Prepared, logits: list[float]) -> RawPredictions:
    """Predict exactly the annotated boxes."""
    entries = prepared.splits["val"]
    return RawPredictions(
        [np.asarray(entry.boxes, np.float32).reshape(-1, 4) for entry in entries],
        [np.full(len(entry.boxes), 0.9, np.float32) for entry in entries],
        np.array(logits, np.float32),
    )


def test_a_perfect_prediction_scores_one(prepared: Prepared) -> None:
    # val: two fractured images with a box each, two normal ones
    found = measure(_predict(prepared, [2, 1, -1, -2]), prepared, "val")

    assert [found[key] for key in METRIC_KEYS] == pytest.approx([1, 1, 1])
    assert found["fitness"] == pytest.approx(1)


def test_an_auroc_of_zero_is_a_figure_and_not_unmeasured(prepared: Prepared) -> None:
    raw = _predict(prepared, [-2, -1, 1, 2])
    nothing = replace(raw, boxes=[NOTHING[0]] * 4, scores=[NOTHING[1]] * 4)

    found = measure(nothing, prepared, "val")

    assert [found[key] for key in METRIC_KEYS] == [0, 0, 0]
    assert found["fitness"] == 0


def test_normals_count_against_boxes_and_unboxed_images_do_not(prepared: Prepared) -> None:
    raw = _predict(prepared, [2, 1, -1, -2])
    alarm = (np.array([[5, 5, 30, 30]], np.float32), np.array([0.95], np.float32))

    def with_alarm_in(index: int) -> float:
        boxes, scores = list(raw.boxes), list(raw.scores)
        boxes[index], scores[index] = alarm
        return measure(replace(raw, boxes=boxes, scores=scores), prepared, "val")[METRIC_KEYS[0]]

    assert with_alarm_in(2) < 0.7  # annotated, and nothing is there
    assert with_alarm_in(3) == pytest.approx(1)  # nobody drew boxes


def test_images_of_unknown_label_are_no_part_of_auroc(prepared: Prepared) -> None:
    val = prepared.splits["val"]
    unknown = replace(
        prepared,
        splits={**prepared.splits, "val": (*val[:2], replace(val[2], fractured=-1), val[3])},
    )

    # the unknown one has the highest logit; as a normal it would cost half of the area
    assert measure(_predict(unknown, [1, 1, 9, 0]), unknown, "val")[METRIC_KEYS[2]] == 1
    assert measure(_predict(prepared, [1, 1, 9, 0]), prepared, "val")[METRIC_KEYS[2]] == 0.5


def test_auroc_of_one_kind_alone_is_not_measured(prepared: Prepared) -> None:
    alone = replace(prepared, splits={**prepared.splits, "val": prepared.splits["val"][:2]})

    found = measure(_predict(alone, [1, 2]), alone, "val")

    assert math.isnan(found[METRIC_KEYS[2]])
    assert found["fitness"] == pytest.approx(0.5)
