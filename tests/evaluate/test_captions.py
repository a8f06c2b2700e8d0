"""What stands below a picture: what was said and shown, and the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from detect.evaluate.captions import caption_facts
from detect.evaluate.cases import Truth, pair_cases
from detect.record import Box, Finding, Reading

BOX = Box(10, 20, 30.4, 40.6)
PERCENT = "\N{NO-BREAK SPACE}%"


def facts(reading: Any, truth: Truth, label: str, *findings: Finding) -> tuple[str, ...]:
    record: Reading = reading("a.png", 0.123)
    verdict = replace(record.verdict, label=label)  # type: ignore[arg-type]
    record = replace(record, verdict=verdict, findings=findings)
    (case,) = pair_cases([truth], [record])
    return caption_facts(case, record)


def finding(certainty: str, score: float, origin: str = "detector") -> Finding:
    return Finding("F1", "fracture", certainty, score, BOX, origin)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "findings", "says"),
    [
        ("not_fractured", [], "model: not fractured, no box"),
        (
            "not_fractured",
            [finding("none", 0.126), finding("none", 0.1)],
            "model: not fractured, no box shown; best one below both thresholds: box 0.13 "
            "(x 10–30, y 20–41)",
        ),
        (
            "fractured",
            [finding("definite", 0.7), finding("suspicious", 0.3), finding("none", 0.1)],
            "model: fractured, definite box 0.70 (x 10–30, y 20–41), suspicious box 0.30 "
            "(x 10–30, y 20–41)",
        ),
        (
            "fractured",
            [finding("suspicious", 0.04, "evidence")],
            "model: fractured, suspicious region 0.04 (x 10–30, y 20–41)",
        ),
        (
            "fractured",
            [finding("definite", 0.7)] * 5,
            "model: fractured, " + "definite box 0.70 (x 10–30, y 20–41), " * 3 + "2 more",
        ),
    ],
)
def test_what_is_shown_is_listed_with_its_place(
    label: str, findings: list[Finding], says: str, reading: Any
) -> None:
    found = facts(reading, Truth("a.png", None, False, ()), label, *findings)
    assert found == (f"probability 12.3{PERCENT}", says, "truth: not fractured")


@pytest.mark.parametrize(
    ("truth", "says"),
    [
        (Truth("a.png", None, False, None), "truth: not fractured"),
        (Truth("a.png", None, True, None), "truth: fractured, boxes never drawn"),
        (Truth("a.png", None, True, ()), "truth: fractured, 0 annotated boxes"),
        (
            Truth("a.png", None, True, (BOX,)),
            "truth: fractured, 1 annotated box (x 10–30, y 20–41)",
        ),
        (
            Truth("a.png", None, True, (BOX,) * 4),
            "truth: fractured, 4 annotated boxes " + "(x 10–30, y 20–41), " * 3 + "1 more",
        ),
    ],
)
def test_the_truth_is_stated(truth: Truth, says: str, reading: Any) -> None:
    assert facts(reading, truth, "fractured")[2:] == (says,)


def test_attributes_that_say_something_follow(reading: Any) -> None:
    attributes = {"view": "lateral", "body_part": "hand", "hardware": "0", "site": "a\x1b"}
    truth = Truth("a.png", None, False, (), attributes)
    assert facts(reading, truth, "fractured")[3:] == (r"body part hand, site a\x1b, view lateral",)
