"""Accuracy of regions against what the truth tells of each image."""

from __future__ import annotations

import pytest

from detect.evaluate.attribute_block import attribute_block
from detect.evaluate.cases import Truth
from detect.record import Attribute, Box, Failure, ModelInfo, Reading, Source, Verdict


def _reading(path: str, attributes: dict[str, Attribute]) -> Reading:
    verdict = Verdict("not_fractured", "definite", 0.1, "balanced", 0.5)
    model = ModelInfo("tiny", "1", "0" * 64)
    return Reading(Source(path, "0" * 64, 4, 4), verdict, (), model, attributes)


def _said(hand: float) -> dict[str, Attribute]:
    return {
        "out_of_scope": Attribute("no", 0.1),
        "region_hand": Attribute("yes" if hand >= 0.5 else "no", hand),
    }


def test_accuracy_and_auroc_are_of_images_in_scope_whose_region_is_known() -> None:
    regions = ["hand", "hand", "leg", "leg", "mixed", "hand", "hand"]
    truths = [
        Truth(f"{n}.png", None, n == 5, None, {"region": region})
        for n, region in enumerate(regions)
    ]
    records = [
        *(_reading(f"{n}.png", _said(p)) for n, p in enumerate([0.9, 0.4, 0.3, 0.6, 0.9])),
        _reading("5.png", {"out_of_scope": Attribute("yes", 0.8)}),
        Failure(Source("6.png", None), "empty", "6.png: empty"),
        _reading("of no truth.png", _said(0.9)),
    ]

    block = attribute_block(truths, records)

    assert block is not None
    hand = block["regions"]["region_hand"]
    assert (hand["n"], hand["n_yes"]) == (4, 2)
    assert hand["accuracy"]["value"] == 0.5  # 0.9 and 0.3 are right
    assert hand["n_of_all"] == 6  # the stranger and the empty file, too; nobody knows of "mixed"
    assert hand["accuracy_of_all"]["value"] == pytest.approx(2 / 6)
    assert hand["auroc"]["value"] == pytest.approx(3 / 4)  # of four pairs, 0.4 < 0.6 is wrong
    scope = block["out_of_scope"]
    assert (scope["n"], scope["n_yes"], scope["share"]["value"]) == (6, 1, pytest.approx(1 / 6))
    assert (scope["n_yes_fractured"], scope["n_yes_not_fractured"]) == (1, 0)


def test_false_alarms_of_scope_are_counted_by_label_or_else_by_boxes() -> None:
    labels = [(True, None), (None, (Box(0, 0, 2, 2),)), (False, None), (None, ()), (None, None)]
    truths = [Truth(f"{n}.png", None, *label) for n, label in enumerate(labels)]
    stranger = {"out_of_scope": Attribute("yes", 0.8)}

    block = attribute_block(truths, [_reading(truth.path, stranger) for truth in truths])

    assert block is not None
    scope = block["out_of_scope"]
    assert (scope["n_yes"], scope["n_yes_fractured"], scope["n_yes_not_fractured"]) == (5, 2, 2)


def test_a_bundle_without_attributes_has_no_block() -> None:
    truths = [Truth("0.png", None, False, (), {"region": "hand"})]

    assert attribute_block(truths, [_reading("0.png", {})]) is None


def test_regions_that_no_image_tells_are_said_to_be_unknown() -> None:
    block = attribute_block([Truth("0.png", None, False, ())], [_reading("0.png", _said(0.9))])

    assert block is not None
    hand = block["regions"]["region_hand"]
    assert hand["n"] == 0
    assert hand["accuracy"]["value"] is None
    assert hand["accuracy"]["reason"] == hand["accuracy_of_all"]["reason"] is not None
    assert hand["auroc"]["value"] is None
