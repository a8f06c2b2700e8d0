"""Which images a system fails on worst: pure, on cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from detect.evaluate.cases import Case
from detect.evaluate.reasons import touches_truth

__all__ = ["KINDS", "Kind", "mistakes_block", "worst_cases"]

_RECORDED = 20  # of each kind: enough to look at, and no burden where thousands are wrong


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mistake.

    Attributes:
        name: short, for anchors.
        title: for people.
        order: in words, which come first.
        mistaken: whether a case that was read is such a mistake.
        most_probable_first: which of them are the worst.
    """

    name: str
    title: str
    order: str
    mistaken: Callable[[Case], bool]
    most_probable_first: bool


def _missed(case: Case) -> bool:
    return case.fractured is True and case.verdict == "not_fractured"


def _false_alarm(case: Case) -> bool:
    return case.fractured is False and case.verdict == "fractured"


def _wrong_reason(case: Case) -> bool:
    if case.fractured is not True or case.verdict != "fractured":
        return False
    drawn = case.truth_boxes is not None and len(case.truth_boxes) > 0
    return drawn and not touches_truth(case)


KINDS = (
    Kind(
        "missed",
        "Missed: fractured, but called not fractured",
        "lowest probability first",
        _missed,
        most_probable_first=False,
    ),
    Kind(
        "false-alarms",
        "False alarms: not fractured, but called so",
        "highest probability first",
        _false_alarm,
        most_probable_first=True,
    ),
    Kind(
        "wrong-reason",
        "Right for the wrong reason: called fractured, but nothing shown touches a fracture",
        "highest probability first",
        _wrong_reason,
        most_probable_first=True,
    ),
)


def worst_cases(cases: Sequence[Case], kind: Kind, most: int) -> tuple[tuple[Case, ...], int]:
    """Return the worst mistakes of a kind, and how many there are in all.

    Verdicts are those of the records, at their operating point; of equal probability, by path.

    Args:
        cases: any; failed ones are no mistake of the verdict.
        kind: one of `KINDS`.
        most: so many are returned at most.
    """
    found = [case for case in cases if case.probability is not None and kind.mistaken(case)]
    sign = -1 if kind.most_probable_first else 1
    found.sort(key=lambda case: (sign * (case.probability or 0.0), case.truth.path))
    return tuple(found[:most]), len(found)


def mistakes_block(cases: Sequence[Case]) -> dict[str, Any]:
    """Return `mistakes` of `metrics.json`: of each kind how many, and the worst by path."""
    found = {kind.name: worst_cases(cases, kind, _RECORDED) for kind in KINDS}
    return {
        name: {
            "n": n,
            "worst": [{"path": c.truth.path, "probability": c.probability} for c in worst],
        }
        for name, (worst, n) in found.items()
    }
