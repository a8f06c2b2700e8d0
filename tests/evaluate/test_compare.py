"""Two systems on the same images, against figures worked out on their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.compare import compare_cases
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.record import Box, Failure, Reading

FIRST = Settings({"screening": 0.3, "balanced": 0.5}, n_resamples=100)
SECOND = Settings({"balanced": 0.4, "confirm": 0.8}, n_resamples=100)
Records = list[Reading | Failure]


@pytest.fixture
def two(box_set: Callable[..., Any], reading: Any) -> tuple[list[Truth], Records, Records]:
    """Eighty images read by two systems, the second of which sees less."""
    rng = np.random.default_rng(2)
    truths: list[Truth] = []
    first: Records = []
    second: Records = []
    boxes_of = zip(*box_set(1, 80), box_set(7, 80)[1], strict=True)
    for number, (truth, boxes, scores, strange) in enumerate(boxes_of):
        fractured = len(truth) > 0
        drawn = tuple(Box(*row) for row in truth.tolist())
        truths.append(Truth(f"{number}.png", f"p{number // 2}", fractured, drawn))
        seen = rng.normal()
        for records, shift, places in ((first, 2.0, boxes), (second, 0.8, strange)):
            probability = 1 / (1 + np.exp(-(seen + rng.normal() + shift * fractured)))
            values = np.resize(scores, len(places)) if len(scores) else np.full(len(places), 0.3)
            rows = np.column_stack([places, values]).tolist()
            records.append(reading(f"{number}.png", float(probability), tuple(map(tuple, rows))))
    return truths, first, second


def compared(
    truths: Sequence[Truth],
    first: Records,
    second: Records,
    settings: tuple[Settings, Settings] = (FIRST, SECOND),
) -> dict[str, Any]:
    return compare_cases(
        ("ours", pair_cases(truths, first), settings[0]),
        ("theirs", pair_cases(truths, second), settings[1]),
    )


def probabilities(records: Records) -> np.ndarray:
    return np.array([r.verdict.probability for r in records if isinstance(r, Reading)])


def test_differences_are_those_of_the_figures(two: tuple[list[Truth], Records, Records]) -> None:
    truths, first, second = two
    found = compared(truths, first, second)
    assert (found["first"], found["second"], found["n"]) == ("ours", "theirs", 80)
    labels = np.array([bool(truth.fractured) for truth in truths])
    scores = probabilities(first), probabilities(second)
    for key, figure in (
        ("auroc", roc_auc_score),
        ("auroc_bootstrap", roc_auc_score),
        ("average_precision", average_precision_score),
        ("brier", brier_score_loss),
    ):
        expected = figure(labels, scores[0]) - figure(labels, scores[1])
        assert found[key]["value"] == pytest.approx(expected), key
        assert found[key]["interval"][0] < expected < found[key]["interval"][1]
    assert found["auroc"]["test"] == "DeLong, paired"
    assert found["brier"]["test"] == "paired bootstrap of groups, 100 resamples, two-sided"
    alone = [
        evaluate_records(truths, records, settings)["subsets"]["all"]["boxes"]
        for records, settings in ((first, FIRST), (second, SECOND))
    ]
    map50 = found["boxes"]["map50"]
    assert map50["value"] == pytest.approx(alone[0]["map50"]["value"] - alone[1]["map50"]["value"])
    assert map50["value"] > 0.2
    assert map50["p_value"] == pytest.approx(2 / 101)
    for number, point in enumerate(found["boxes"]["froc"]):
        both = [one["froc"]["iou"]["all"]["points"][number] for one in alone]
        assert point["false_positives_per_image"] == both[0]["false_positives_per_image"]
        expected = both[0]["sensitivity"]["value"] - both[1]["sensitivity"]["value"]
        assert point["sensitivity"]["value"] == pytest.approx(expected)


def test_verdicts_are_compared_at_points_of_one_name(
    two: tuple[list[Truth], Records, Records],
) -> None:
    truths, first, second = two
    verdicts = compared(truths, first, second)["verdicts"]
    assert list(verdicts) == ["balanced"]
    labels = np.array([bool(truth.fractured) for truth in truths])
    right = (probabilities(first) >= 0.5) == labels, (probabilities(second) >= 0.4) == labels
    for group, inside in (
        ("all", labels | True),
        ("fractured", labels),
        ("not_fractured", ~labels),
    ):
        only = (
            int((right[0] & ~right[1] & inside).sum()),
            int((right[1] & ~right[0] & inside).sum()),
        )
        test = verdicts["balanced"][group]
        assert (test["n"], test["first_right_only"], test["second_right_only"]) == (
            int(inside.sum()),
            *only,
        )
        assert test["p_value"] == pytest.approx(binomtest(only[0], sum(only)).pvalue)
        difference = test["difference"]
        expected = right[0][inside].mean() - right[1][inside].mean()
        assert difference["value"] == pytest.approx(expected)
        assert difference["interval"][0] < expected < difference["interval"][1]
        assert difference["test"] == "paired bootstrap of groups, 100 resamples, two-sided"


def test_patients_with_many_images_alike_prove_less_than_mcnemar_takes_them_for(
    reading: Any,
) -> None:
    """Six patients of twenty images: the first system is right of four, the second of two."""
    truths = [Truth(f"{n}", f"p{n // 20}", False, ()) for n in range(120)]
    first: Records = [reading(f"{n}", 0.1 if n < 80 else 0.9) for n in range(120)]
    second: Records = [reading(f"{n}", 0.9 if n < 80 else 0.1) for n in range(120)]
    settings = Settings({"balanced": 0.5}, n_resamples=1000)
    found = compared(truths, first, second, (settings, settings))["verdicts"]["balanced"]
    specificity = found["not_fractured"]
    assert specificity["p_value"] < 0.001
    by_group = specificity["difference"]
    assert by_group["value"] == pytest.approx(4 / 6 - 2 / 6)
    low, high = by_group["interval"]
    # the binomial distribution of 6 draws at 4/6 holds 95 % from 2 to 6: (2 - 4) / 6 to (6 - 0) / 6
    assert (low, high) == (pytest.approx(-2 / 6), 1)
    assert by_group["p_value"] > 0.3
    sensitivity = found["fractured"]
    assert (sensitivity["n"], sensitivity["difference"]["value"]) == (0, None)
    assert sensitivity["difference"]["reason"] == "no image of this kind that both models read"


def test_only_images_that_both_read_are_compared(
    two: tuple[list[Truth], Records, Records], failure: Any
) -> None:
    truths, first, second = two
    lost = {0: (True, False), 1: (False, True), 2: (False, True), 3: (True, True)}
    broken: tuple[Records, Records] = (list(first), list(second))
    for number, which in lost.items():
        for records, gone in zip(broken, which, strict=True):
            if gone:
                records[number] = failure(f"{number}.png")
    found = compared(truths, *broken)
    counted = [found[key] for key in ("n", "n_only_first_failed", "n_only_second_failed")]
    assert (*counted, found["n_both_failed"]) == (76, 1, 2, 1)
    rest = compared(truths[4:], first[4:], second[4:])
    for key in ("auroc", "auroc_bootstrap", "brier", "verdicts", "boxes"):
        assert found[key] == rest[key]


def test_a_system_does_not_differ_from_itself(
    two: tuple[list[Truth], Records, Records],
) -> None:
    truths, first, _ = two
    found = compared(truths, first, first, (FIRST, FIRST))
    assert (found["auroc"]["value"], found["auroc"]["p_value"]) == (0, None)
    for one in (found["auroc_bootstrap"], found["brier"], found["boxes"]["map50"]):
        assert (one["value"], one["interval"], one["p_value"]) == (0, None, None)
    assert found["verdicts"]["screening"]["all"]["p_value"] is None


def test_whoever_is_first_has_the_other_sign(two: tuple[list[Truth], Records, Records]) -> None:
    truths, first, second = two
    there, back = compared(truths, first, second), compared(truths, second, first)
    for key in ("auroc", "brier"):
        assert there[key]["value"] == pytest.approx(-back[key]["value"])
    assert there["auroc"]["p_value"] == pytest.approx(back["auroc"]["p_value"])


BOX = (Box(0, 0, 9, 9),)
HIT = ((0, 0, 9, 9, 0.5),)


@pytest.mark.parametrize(
    "truths",
    [
        [],
        [Truth("0", None, None, None)],
        [Truth("0", None, True, BOX)],
        [Truth("0", None, False, ())],
        [Truth("0", None, True, BOX), Truth("1", None, True, BOX), Truth("2", None, True, None)],
        [Truth("0", "a", False, ()), Truth("1", "b", False, ()), Truth("2", None, False, None)],
        [Truth("0", "a", True, None), Truth("1", "a", False, None)],
        [Truth("0", "a", True, BOX), Truth("1", "a", False, ())],
    ],
    ids=["none", "unknown", "one", "one-normal", "fractured", "normal", "no-boxes", "one-group"],
)
@pytest.mark.parametrize("what", ["boxes", "silent", "failed"])
def test_every_edge_has_an_answer_in_words(
    truths: list[Truth], what: str, reading: Any, failure: Any
) -> None:
    make = {
        "boxes": lambda path: reading(path, 0.7, HIT),
        "silent": lambda path: reading(path, 0.2),
        "failed": failure,
    }[what]
    second: Records = [make(truth.path) for truth in truths]
    first: Records = [reading(truth.path, 0.4, HIT) for truth in truths]
    found = compared(truths, first, second)
    json.dumps(found, allow_nan=False)
    differences = [
        *(found[key] for key in ("auroc", "auroc_bootstrap", "average_precision", "brier")),
        found["boxes"]["map50"],
        *(point["sensitivity"] for point in found["boxes"]["froc"]),
    ]
    for one in differences:
        assert one["reason"] or (one["value"] is not None and one["interval"] is not None)
        assert one["value"] is not None or one["p_value"] is None
    assert found["n"] + found["n_only_second_failed"] == len(truths)
    for group in found["verdicts"]["balanced"].values():
        assert group["p_value"] is not None or group["reason"]
        assert group["difference"]["interval"] is not None or group["difference"]["reason"]


def test_cases_of_other_images_are_refused(reading: Any) -> None:
    def cases(*paths: str) -> tuple[Case, ...]:
        records: Records = [reading(path, 0.5) for path in paths]
        return pair_cases([Truth(path, None, True, None) for path in paths], records)

    with pytest.raises(ValueError, match="same images"):
        compare_cases(("a", cases("1", "2"), FIRST), ("b", cases("2", "1"), SECOND))
    with pytest.raises(ValueError, match="zip"):
        compare_cases(("a", cases("1", "2"), FIRST), ("b", cases("1"), SECOND))


def test_without_failures_nothing_is_said_of_them(
    two: tuple[list[Truth], Records, Records],
) -> None:
    assert compared(*two)["with_failures_as_errors"] is None


def test_a_failure_of_one_counts_against_it(reading: Any, failure: Any) -> None:
    """Ten images: five fractured, read rightly by both but for those that failed."""
    truths = [Truth(f"{n}", None, n < 5, BOX if n < 5 else ()) for n in range(10)]

    def records(*failed: int) -> Records:
        return [
            failure(f"{n}")
            if n in failed
            else reading(f"{n}", 0.9 if n < 5 else 0.1, HIT if n < 5 else ())
            for n in range(10)
        ]

    # 0 failed in both, 1, 2 and 7 in the second alone, 8 in the first alone
    found = compared(truths, records(0, 8), records(0, 1, 2, 7))
    assert (found["n"], found["n_only_second_failed"], found["n_only_first_failed"]) == (5, 3, 1)
    alone = found["verdicts"]["balanced"]["all"]
    assert (alone["first_right_only"], alone["second_right_only"]) == (0, 0)
    wrong = found["with_failures_as_errors"]
    assert wrong["n"] == 10
    expected = {"all": (10, 3, 1), "fractured": (5, 2, 0), "not_fractured": (5, 1, 1)}
    for group, (n, first_only, second_only) in expected.items():
        test = wrong["verdicts"]["balanced"][group]
        assert (test["n"], test["first_right_only"]) == (n, first_only)
        assert test["second_right_only"] == second_only
        by_scipy = binomtest(first_only, first_only + second_only).pvalue
        assert test["p_value"] == pytest.approx(by_scipy)
    # all boxes are right: four of five fractures are found by the first, two by the second
    assert found["boxes"]["map50"]["value"] == 0
    assert wrong["boxes"]["n_images"] == 10
    # COCO reads precision at 101 recalls, of which 0 .. 0.8 and 0 .. 0.4 are reached
    assert wrong["boxes"]["map50"]["value"] == pytest.approx((81 - 41) / 101)
    for point in wrong["boxes"]["froc"]:
        assert point["sensitivity"]["value"] == pytest.approx(4 / 5 - 2 / 5)


def test_a_failed_normal_image_lowers_nobodys_false_positives(reading: Any, failure: Any) -> None:
    truths = [Truth("0", None, True, BOX), *(Truth(f"{n}", None, False, ()) for n in (1, 2, 3, 4))]
    false = ((50, 50, 90, 90, 0.9),)

    def records(*failed: int) -> Records:
        # a false box of high score on 1, the right one of lower score on 0
        made = [reading("0", 0.9, HIT), reading("1", 0.1, false)]
        made += [reading(f"{n}", 0.1) for n in (2, 3, 4)]
        return [failure(f"{n}") if n in failed else one for n, one in enumerate(made)]

    settings = Settings({"balanced": 0.5}, fp_rates=(0.2, 0.25), n_resamples=20)
    found = compared(truths, records(), records(4), (settings, settings))
    at_fifth, at_quarter = found["with_failures_as_errors"]["boxes"]["froc"]
    # one false box on five images is 0.2 each for the first; on the four that the second read, 0.25
    assert at_fifth["sensitivity"]["value"] == 1
    assert at_quarter["sensitivity"]["value"] == 0
