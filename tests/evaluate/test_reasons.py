"""Right for the right reason, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from detect.evaluate.cases import Truth, pair_cases
from detect.evaluate.reasons import incoherences, reason_block
from detect.record import Box, Failure, Finding, Reading, Source

TRUTH = Box(10, 10, 30, 30)


def shown(reading: Reading, *boxes: Box, certainty: str = "definite") -> Reading:
    findings = tuple(
        Finding(f"F{n}", "fracture", certainty, 0.5, box)  # type: ignore[arg-type]
        for n, box in enumerate(boxes, start=1)
    )
    label = "fractured" if reading.verdict.probability >= 0.5 else "not_fractured"
    verdict = replace(reading.verdict, label=label, threshold=0.5)
    return replace(reading, findings=findings, verdict=verdict)


def test_only_shown_boxes_of_true_positives_count(reading: Callable[..., Reading]) -> None:
    inside, beside, touching = Box(15, 15, 25, 25), Box(60, 60, 80, 80), Box(29, 29, 60, 60)
    records = [
        shown(reading("inside", 0.9), beside, inside),
        shown(reading("touching", 0.9), touching),
        shown(reading("beside", 0.9), beside),
        shown(reading("hidden", 0.9), inside, certainty="none"),
        shown(reading("missed", 0.1), inside, certainty="none"),
        shown(reading("unboxed", 0.9), inside),
        shown(reading("normal", 0.9), inside),
        Failure(Source("failed", None), "truncated", "failed"),
    ]
    truths = [
        *(
            Truth(name, None, True, (TRUTH,))
            for name in ("inside", "touching", "beside", "hidden", "missed", "failed")
        ),
        Truth("unboxed", None, True, None),
        Truth("normal", None, False, ()),
    ]
    block = reason_block(pair_cases(truths, records))
    assert (block["n_true_positive"], block["n_with_annotated_boxes"]) == (5, 4)
    assert block["touching"]["value"] == 2 / 4
    assert block["centre_in_fracture"]["value"] == 1 / 4
    assert block["incoherent"] == [
        {"path": "hidden", "why": "called fractured, but nothing is shown"}
    ]


def test_a_box_under_a_negative_verdict_is_incoherent(reading: Callable[..., Reading]) -> None:
    record = shown(reading("a", 0.1), TRUTH)
    (found,) = incoherences(pair_cases([Truth("a", None, False, ())], [record]))
    assert found["why"] == "called not fractured, but a box is shown"


def test_without_a_true_positive_there_is_a_reason(reading: Callable[..., Reading]) -> None:
    block = reason_block(pair_cases([Truth("a", None, False, ())], [reading("a", 0.1)]))
    assert block["touching"]["value"] is None
    assert "was called fractured" in block["touching"]["reason"]
