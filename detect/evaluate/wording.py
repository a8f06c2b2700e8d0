"""Figures in words, for people: no undefined one goes without its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Footnotes", "aligned_table", "in_words", "markdown_table", "one_line"]


class Footnotes:
    """The reasons that the cells of a table refer to, each given once under it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._unbounded: dict[str, None] = {}  # an ordered set

    def cell(self, estimate: dict[str, Any]) -> str:
        """Return an `Estimate` in JSON as `0.912 [0.874, 0.950]`, with the number of its note."""
        reason = estimate["reason"]
        if reason is None:
            return _figure(estimate)
        return f"{_figure(estimate)} (note {self._number(reason)})"

    def plain(self, estimate: dict[str, Any]) -> str:
        """Return an `Estimate` in JSON for a plain table; an undefined one as `dash`.

        Why one has no interval is told once below the table.
        """
        if estimate["value"] is None:
            return self.dash(estimate["reason"])
        self.unbounded(estimate)
        return _figure(estimate)

    def unbounded(self, estimate: dict[str, Any]) -> None:
        """Note why a figure of a plain table has no interval, if it has none."""
        if estimate["interval"] is None and estimate["reason"]:
            self._unbounded.setdefault(estimate["reason"].removeprefix("no interval: "))

    def dash(self, reason: str) -> str:
        """Return "- (2)" for an undefined figure in a plain table; `lines` tells the reasons."""
        return f"- ({self._number(reason)})"

    def lines(self) -> list[str]:
        """Return the notes as lines of plain text, to stand below the table."""
        lines = [f"({number}) {' '.join(why.split())}" for why, number in self._numbers.items()]
        if self._unbounded:
            lines.append(f"without brackets: no interval ({'; '.join(self._unbounded)})")
        return lines

    def text(self) -> str:
        """Return the notes as lines of Markdown, to stand below the table."""
        if not self._numbers:
            return ""
        lines = [f"- note {number}: {one_line(why)}" for why, number in self._numbers.items()]
        return "\n".join(["", *lines, ""])

    def _number(self, reason: str) -> int:
        return self._numbers.setdefault(reason, len(self._numbers) + 1)


def aligned_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of as many cells each as plain text, a line each, without a final newline."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def in_words(estimate: dict[str, Any]) -> str:
    """Return an `Estimate` in JSON as `0.912 [0.874, 0.950]`, its reason in brackets."""
    reason = estimate["reason"]
    return _figure(estimate) if reason is None else f"{_figure(estimate)} ({one_line(reason)})"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown (GitHub's), with a final newline.

    Raises:
        ValueError: a row is longer or shorter than `head`.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells under {len(head)} heads: {row}")
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(one_line, line))} |\n" for line in lines)


def one_line(text: str) -> str:
    """Return text that stays in one cell and is no mark-up: names come from the user's data."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _figure(estimate: dict[str, Any]) -> str:
    value, interval = estimate["value"], estimate["interval"]
    if value is None:
        return "undefined"
    if interval is None:
        return f"{value:.3f}"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"
