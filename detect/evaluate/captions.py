"""What stands below a picture of the gallery."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.draw.banner import percent
from detect.evaluate.cases import Case
from detect.record import Finding, Reading

__all__ = ["caption_facts"]

_MOST_LISTED = 3  # boxes of either kind
_NOTHING_SAID = frozenset(
    {"", "0", "no", "false", "none"}
)  # values of attributes that need no words


def caption_facts(case: Case, reading: Reading) -> tuple[str, ...]:
    """Return what the model said and showed, the truth, and what else is known, in words.

    Scores and places let a reader find the boxes in the full picture: pixels, in the frame of
    `detect.record`.

    Args:
        case: of an image that was read.
        reading: its record.
    """
    attributes = [
        f"{key.replace('_', ' ')} {value}"
        for key, value in sorted(case.truth.attributes.items())
        if value.strip().lower() not in _NOTHING_SAID
    ]
    return (
        f"probability {percent(reading.verdict.probability)}",
        f"model: {_shown(reading)}",
        f"truth: {_truth(case)}",
        *((printable(", ".join(attributes)),) if attributes else ()),
    )


def _shown(reading: Reading) -> str:
    """Return the boxes that the picture shows, by falling score, with their places in pixels."""
    label = "fractured" if reading.verdict.label == "fractured" else "not fractured"
    shown = [finding for finding in reading.findings if finding.certainty != "none"]
    if not shown and reading.findings:
        best = reading.findings[0]
        return f"{label}, no box shown; best one below both thresholds: {_place(best)}"
    listed = [f"{finding.certainty} {_place(finding)}" for finding in shown[:_MOST_LISTED]]
    if len(shown) > _MOST_LISTED:
        listed.append(f"{len(shown) - _MOST_LISTED} more")
    return ", ".join([label, *(listed or ["no box"])])


def _place(finding: Finding) -> str:
    box = finding.box
    what = "region" if finding.origin == "evidence" else "box"
    ends = f"x {box.x1:.0f}–{box.x2:.0f}, y {box.y1:.0f}–{box.y2:.0f}"
    return f"{what} {finding.score:.2f} ({ends})"


def _truth(case: Case) -> str:
    label = "fractured" if case.fractured else "not fractured"
    drawn = case.truth_boxes
    if drawn is None:
        return f"{label}, boxes never drawn"
    if not case.fractured:
        return label
    places = [f"(x {x1:.0f}–{x2:.0f}, y {y1:.0f}–{y2:.0f})" for x1, y1, x2, y2 in drawn]
    if len(places) > _MOST_LISTED:
        places = [*places[:_MOST_LISTED], f"{len(places) - _MOST_LISTED} more"]
    count = f"{len(drawn)} annotated box{'es' * (len(drawn) != 1)}"
    return f"{label}, {count}" + f" {', '.join(places)}" * bool(places)
