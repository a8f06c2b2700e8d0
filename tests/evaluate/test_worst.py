"""Which mistakes are shown, and in what order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.worst import KINDS, mistakes_block, worst_cases
from detect.record import Box

_BOX = (Box(0, 0, 10, 10),)
MISSED, FALSE_ALARMS, WRONG_REASON = KINDS


def cases_of(reading: Any, failure: Any) -> tuple[Case, ...]:
    """Return cases by path: f… fractured, n… not, u… unknown; 'x' failed."""
    rows = {
        "f1": (True, 0.4, "not_fractured", ()),
        "f2": (True, 0.1, "not_fractured", ()),
        "f3": (True, 0.4, "not_fractured", ()),
        "f4": (True, 0.9, "fractured", (5, 5, 8, 8)),  # on the fracture
        "f5": (True, 0.8, "fractured", (10, 0, 20, 10)),  # beside it: an edge is no overlap
        "f6": (True, 0.95, "fractured", (50, 50, 60, 60)),
        "f7": (True, 0.9, "fractured", (50, 50, 60, 60)),  # boxes never drawn
        "n1": (False, 0.6, "fractured", (1, 1, 5, 5)),
        "n2": (False, 0.7, "fractured", (1, 1, 5, 5)),
        "n3": (False, 0.2, "not_fractured", ()),
        "u1": (None, 0.9, "fractured", (1, 1, 5, 5)),
    }
    truths, records = [], []
    for path, (fractured, probability, label, shown) in rows.items():
        boxes = _BOX if fractured and path != "f7" else None
        truths.append(Truth(path, None, fractured, boxes))
        record = reading(path, probability, evidence=shown or None)
        records.append(replace(record, verdict=replace(record.verdict, label=label)))
    truths.append(Truth("x", None, True, _BOX))
    return pair_cases(truths, [*records, failure("x")])


def chosen(cases: tuple[Case, ...], kind: Any, most: int = 9) -> tuple[list[str], int]:
    found, total = worst_cases(cases, kind, most)
    return [case.truth.path for case in found], total


def test_each_kind_has_its_own_and_the_worst_come_first(reading: Any, failure: Any) -> None:
    cases = cases_of(reading, failure)
    assert chosen(cases, MISSED) == (["f2", "f1", "f3"], 3)
    assert chosen(cases, FALSE_ALARMS) == (["n2", "n1"], 2)
    assert chosen(cases, WRONG_REASON) == (["f6", "f5"], 2)


def test_only_so_many_are_shown_and_all_are_counted(reading: Any, failure: Any) -> None:
    cases = cases_of(reading, failure)
    assert chosen(cases, MISSED, 1) == (["f2"], 3)
    assert chosen(cases[::-1], MISSED, 2) == (["f2", "f1"], 3)  # of equals by path
    assert chosen((), MISSED) == ([], 0)


def test_the_block_counts_all_and_names_the_worst(reading: Any, failure: Any) -> None:
    cases = cases_of(reading, failure)
    block = mistakes_block(cases)
    assert {name: kind["n"] for name, kind in block.items()} == {
        "missed": 3,
        "false-alarms": 2,
        "wrong-reason": 2,
    }
    assert block["missed"]["worst"][0] == {"path": "f2", "probability": 0.1}
    many = [replace(cases[1], truth=Truth(f"m{n:02}", None, True, _BOX)) for n in range(30)]
    missed = mistakes_block(many)["missed"]
    assert missed["n"] == 30
    assert [one["path"] for one in missed["worst"]] == [f"m{n:02}" for n in range(20)]
