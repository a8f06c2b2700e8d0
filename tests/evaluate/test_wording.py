"""Figures in words: nothing undefined stands without its reason, and names make no mark-up."""

from __future__ import annotations

import pytest

from detect.evaluate.estimate import Estimate
from detect.evaluate.wording import Footnotes, in_words, markdown_table, one_line

BOTH = Estimate(0.91234, (0.8, 0.95), "DeLong")
POINT = Estimate(0.5)
LONE = Estimate(1.0, reason="no interval: only one group")
NOTHING = Estimate(None, reason="no fractured image")


def test_a_figure_carries_its_interval_and_its_reason() -> None:
    assert in_words(BOTH.to_json()) == "0.912 [0.800, 0.950]"
    assert in_words(POINT.to_json()) == "0.500"
    assert in_words(LONE.to_json()) == "1.000 (no interval: only one group)"
    assert in_words(NOTHING.to_json()) == "undefined (no fractured image)"


def test_notes_are_numbered_by_reason_and_given_once() -> None:
    notes = Footnotes()
    cells = [notes.cell(e.to_json()) for e in (NOTHING, BOTH, LONE, NOTHING)]
    assert cells == [
        "undefined (note 1)",
        "0.912 [0.800, 0.950]",
        "1.000 (note 2)",
        "undefined (note 1)",
    ]
    assert notes.text().split("\n") == [
        "",
        "- note 1: no fractured image",
        "- note 2: no interval: only one group",
        "",
    ]
    assert Footnotes().text() == ""


def test_a_plain_table_says_once_why_an_interval_is_missing() -> None:
    notes = Footnotes()
    cells = [notes.plain(e.to_json()) for e in (LONE, BOTH, NOTHING, LONE, POINT)]
    assert cells == ["1.000", "0.912 [0.800, 0.950]", "- (1)", "1.000", "0.500"]
    assert notes.lines() == [
        "(1) no fractured image",
        "without brackets: no interval (only one group)",
    ]


def test_a_name_stays_in_its_cell_and_is_no_mark_up() -> None:
    assert one_line("a|b\n<script>\\") == "a\\|b &lt;script>\\\\"
    table = markdown_table(["x", "y"], [["a|b", "1"]])
    assert table == "| x | y |\n| --- | --- |\n| a\\|b | 1 |\n"
    with pytest.raises(ValueError, match="1 cells under 2 heads"):
        markdown_table(["x", "y"], [["1"]])
