"""Annotated truth beside what was recorded of the same image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detect.errors import DataError
from detect.evaluate.matching import Boxes
from detect.record import Box, Failure, Finding, Reading, VerdictLabel

__all__ = ["MISSING", "Case", "Truth", "is_fractured", "pair_cases"]

_UNKNOWN: Mapping[str, float] = {}
MISSING = "missing"  # why a case failed: the records hold nothing of this image


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one image.

    `boxes is None` means that nobody drew boxes; `boxes == ()` that there are none. An
    image known not to be fractured has none either way, and one with boxes is fractured.
    """

    path: str  # equals `Source.path` of its record
    group: str | None  # patient or nearest known grouping; None: a group of its own
    fractured: bool | None  # None: unknown
    boxes: tuple[Box, ...] | None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One image, ready for the metrics.

    Attributes:
        truth: as given.
        fractured: from the label or else from the boxes; None where neither tells.
        truth_boxes: shape (m, 4); None where boxes are unknown.
        verdict: label; None where the image failed.
        probability: of the verdict; None where the image failed.
        uncalibrated: what the model said before calibration, in [0, 1]; None where unknown.
        boxes: shape (k, 4), of the detector; (0, 4) where the image failed.
        scores: shape (k,).
        evidence_boxes: shape (e, 4), outlined from the evidence map.
        shown_boxes: shape (s, 4), of both kinds: those that a reader sees.
        size: (width, height) in pixels; None where unknown.
        failure: one of `record.FAILURE_REASONS` or `MISSING`; None where it was read.
    """

    truth: Truth
    fractured: bool | None
    truth_boxes: Boxes | None
    verdict: VerdictLabel | None
    probability: float | None
    uncalibrated: float | None
    boxes: Boxes
    scores: NDArray[np.float64]
    evidence_boxes: Boxes
    shown_boxes: Boxes
    size: tuple[int, int] | None
    failure: str | None


def pair_cases(
    truths: Sequence[Truth],
    records: Sequence[Reading | Failure],
    uncalibrated: Mapping[str, float] = _UNKNOWN,
) -> tuple[Case, ...]:
    """Return one case per truth, in their order; records of no truth are left out.

    A truth without a record becomes a case that failed as `MISSING`.

    Args:
        truths: each image once.
        records: matched by `Source.path`.
        uncalibrated: what the model said before calibration, in [0, 1], by path, where known.

    Raises:
        DataError: a path occurs twice among truths or records (as a multi-frame file's
            does), no path occurs in both, or an image labelled as not fractured has boxes.
    """
    for kind, paths in (
        ("images", [truth.path for truth in truths]),
        ("records", [record.source.path for record in records]),
    ):
        for path, count in Counter(paths).items():
            if count > 1:
                raise DataError(f"{path}: {count} {kind} of this path; keep one of them")
    by_path = {record.source.path: record for record in records}
    if truths and not any(truth.path in by_path for truth in truths):
        example = f"; the first image is {truths[0].path}"
        example += f", the first record {records[0].source.path}" if records else ""
        raise DataError(f"no record is of an annotated image{example}: give paths alike")
    return tuple(
        _case(truth, by_path.get(truth.path), uncalibrated.get(truth.path)) for truth in truths
    )


def is_fractured(truth: Truth) -> bool | None:
    """Return what the label tells, or else the boxes; None where neither does."""
    if truth.fractured is None and truth.boxes is not None:
        return bool(truth.boxes)
    return truth.fractured


def _case(truth: Truth, record: Reading | Failure | None, uncalibrated: float | None) -> Case:
    if truth.fractured is False and truth.boxes:
        raise DataError(
            f"{truth.path}: labelled as not fractured, but boxes are drawn in it; "
            "correct the label or remove the boxes"
        )
    fractured = is_fractured(truth)
    truth_boxes = None
    if truth.boxes is not None or fractured is False:
        truth_boxes = _array(truth.boxes or ())
    findings: tuple[Finding, ...] = record.findings if isinstance(record, Reading) else ()
    detected = [finding for finding in findings if finding.origin == "detector"]
    width = record.source.width if record else None
    height = record.source.height if record else None
    return Case(
        truth=truth,
        fractured=fractured,
        truth_boxes=truth_boxes,
        verdict=record.verdict.label if isinstance(record, Reading) else None,
        probability=record.verdict.probability if isinstance(record, Reading) else None,
        uncalibrated=uncalibrated if isinstance(record, Reading) else None,
        boxes=_array([finding.box for finding in detected]),
        scores=np.array([finding.score for finding in detected], dtype=np.float64),
        evidence_boxes=_array([f.box for f in findings if f.origin == "evidence"]),
        shown_boxes=_array([f.box for f in findings if f.certainty != "none"]),
        size=None if width is None or height is None else (width, height),
        failure=_failure(record),
    )


def _failure(record: Reading | Failure | None) -> str | None:
    if record is None:
        return MISSING
    return record.reason if isinstance(record, Failure) else None


def _array(boxes: Sequence[Box]) -> Boxes:
    rows = [(box.x1, box.y1, box.x2, box.y2) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
