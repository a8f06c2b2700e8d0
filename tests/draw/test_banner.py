"""What the banner and the footer say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detect.draw.banner import (
    RESEARCH_USE_ONLY,
    banner_paragraphs,
    footer_paragraphs,
    percent,
)
from detect.draw.findings import finding_text
from detect.draw.style import scale_for
from detect.draw.text import Paragraph
from detect.record import Box, Finding, ModelInfo, Reading, Source, Verdict

SCALE = scale_for(373, 454, 640)
FINDING = Finding("F1", "fracture", "definite", 0.834, Box(0, 0, 1, 1))
READING = Reading(
    source=Source("a.png", "0" * 64, 373, 454),
    verdict=Verdict("fractured", "definite", 0.873, "screening", 0.2),
    findings=(FINDING,),
    model=ModelInfo("hairline", "1.2.3", "f" * 64),
    warnings=("small image",),
)


def _text(paragraphs: list[Paragraph]) -> str:
    lines = (" ".join(span.text for span in p.spans) for p in paragraphs)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0, "0.0 %"), (1e-9, "< 0.1 %"), (0.4567, "45.7 %"), (0.9999, "> 99.9 %"), (1, "100.0 %")],
)
def test_a_probability_is_never_shown_as_certain_when_it_is_not(
    probability: float, shown: str
) -> None:
    assert percent(probability).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_the_banner_says_all_that_is_asked_of_it() -> None:
    text = _text(banner_paragraphs(READING, SCALE))
    assert text.startswith("FRACTURED ")
    for part in ("87.3 %", "screening", "20.0 %", "hairline 1.2.3", "Warning: small image"):
        assert part in text
    assert "doubtful" not in text


@pytest.mark.parametrize(
    ("label", "certainty", "headline"),
    [
        ("fractured", "doubtful", "FRACTURED (doubtful)"),
        ("not_fractured", "definite", "NOT FRACTURED"),
        ("not_fractured", "doubtful", "NOT FRACTURED (doubtful)"),
    ],
)
def test_the_headline_is_the_verdict(label: str, certainty: str, headline: str) -> None:
    verdict = replace(READING.verdict, label=label, certainty=certainty)
    first = banner_paragraphs(replace(READING, verdict=verdict), SCALE)[0]
    assert first.spans[0].text == headline


def test_the_footer_explains_the_lines_in_use_only() -> None:
    text = _text(footer_paragraphs([FINDING], [], SCALE))
    assert "definite" in text
    assert "suspicious" not in text
    assert "not a probability" in text
    assert text.endswith(RESEARCH_USE_ONLY)
    assert _text(footer_paragraphs([], [], SCALE)).strip() == RESEARCH_USE_ONLY


def test_the_footer_names_what_has_no_label_and_counts_the_rest() -> None:
    text = _text(footer_paragraphs([FINDING], [f"F{n} 0.10" for n in range(1, 31)], SCALE))
    assert "no room for the labels F1 0.10, F2 0.10" in text
    assert "F12 0.10 and 18 more" in text
    assert "F13" not in text


def test_labels_of_findings() -> None:
    assert finding_text(FINDING) == "F1 0.83"
    assert finding_text(replace(FINDING, label="metal")) == "F1 metal 0.83"
    region = replace(FINDING, origin="evidence", certainty="suspicious")
    assert finding_text(region) == "F1 suspicious region (evidence map)"
