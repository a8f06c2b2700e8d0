"""What the page is told of a record: plain JSON types, nothing that identifies but the path."""

from __future__ import annotations

from typing import Any

from detect.draw.banner import percent
from detect.record import Attribute, Failure, Finding, Reading
from detect.write.wording import (
    attribute_words,
    failure_words,
    is_out_of_scope,
    region_of,
    shown,
)

__all__ = ["failure_row", "reading_row"]


def reading_row(reading: Reading, pictures: dict[str, str]) -> dict[str, Any]:
    """Return the row of one image.

    Args:
        reading: the record.
        pictures: as `Pictures.of` returns them.
    """
    source, verdict = reading.source, reading.verdict
    width, height = _size(reading)
    return {
        "path": shown(source.path),
        "frame": source.frame,
        "width": width,
        "height": height,
        "about": [shown(text) for text in (source.modality, source.body_part) if text],
        "side": {"L": "left", "R": "right", "B": "both sides"}.get(source.laterality or "", ""),
        "region": region_of(reading),
        "fractured": verdict.label == "fractured",
        "doubtful": verdict.certainty == "doubtful",
        "outOfScope": is_out_of_scope(reading),
        "probability": verdict.probability,
        "percent": percent(verdict.probability),
        "threshold": verdict.threshold,
        "thresholdPercent": percent(verdict.threshold),
        "point": shown(verdict.operating_point),
        "findings": [_finding(finding) for finding in reading.findings],
        "attributes": [
            [attribute_words(name), shown(value.label), _chance(value)]
            for name, value in reading.attributes.items()
        ],
        "warnings": [shown(text) for text in reading.warnings],
        "model": f"{shown(reading.model.name)} {shown(reading.model.version)}",
    } | {key: shown(text) if "missing" in key else text for key, text in pictures.items()}


def _chance(attribute: Attribute) -> str:
    """Return the probability, and of what it is where the label leaves that open."""
    of_yes = " for yes" if attribute.label in ("yes", "no") else ""
    return percent(attribute.probability) + of_yes


def _size(reading: Reading) -> tuple[float, float]:
    """Return the size of the image; where a record lacks it, what its boxes reach over."""
    if reading.source.width and reading.source.height:
        return reading.source.width, reading.source.height
    boxes = [finding.box for finding in reading.findings]
    return max([1.0, *(box.x2 for box in boxes)]), max([1.0, *(box.y2 for box in boxes)])


def _finding(finding: Finding) -> dict[str, Any]:
    box = finding.box
    return {
        "id": shown(finding.finding_id),
        "label": shown(finding.label),
        "certainty": finding.certainty,
        "evidence": finding.origin == "evidence",
        "score": f"{finding.score:.2f}",
        "box": [box.x1, box.y1, box.x2, box.y2],
    }


def failure_row(failure: Failure) -> dict[str, Any]:
    """Return the row of an input that could not be read."""
    reason, message = failure_words(failure)
    return {
        "path": shown(failure.source.path),
        "frame": failure.source.frame,
        "reason": reason,
        "message": message,
    }
