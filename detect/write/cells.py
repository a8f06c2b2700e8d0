"""Texts in CSV cells, such that a spreadsheet shows them and runs none."""

from __future__ import annotations

__all__ = ["Cell", "guarded"]

Cell = str | float | None


def guarded(cell: Cell) -> Cell:
    """Keep a spreadsheet from running a text as a formula.

    OWASP, "CSV Injection": texts that begin so are led by an apostrophe. Numbers are
    written as they are.
    """
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return "'" + cell
    return cell
