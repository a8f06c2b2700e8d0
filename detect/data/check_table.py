"""A full check as text for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from detect.data.check_guide import by_seriousness, severity_of
from detect.data.check_report import FullReport, Problem, count
from detect.data.check_text import printable
from detect.data.check_verdict import verdict_of

__all__ = ["cell_text", "check_lines", "fix_lines"]

_WIDTH = 100
_MARKS = {"leak": "LEAK", "error": "error", "caution": "caution"}
_MARK_WIDTH, _KIND_WIDTH = 9, 22
_CELL_WIDTH, _LEAST_WIDTH = 40, 12  # a longer text is cut: the page has it whole


def check_lines(report: FullReport) -> Iterator[str]:
    """Yield lines without line ends: balances, then problems, most serious first, then verdict.

    The verdict stands last, where a terminal leaves the eye. Balances of one row say nothing
    and are left to the page.
    """
    for balance in report.balances:
        if len(balance.rows) < 2:
            continue  # all images are alike in this
        yield printable(balance.title)
        yield from _aligned(balance.header, balance.rows)
        yield ""
    for problem in by_seriousness(report.problems):
        yield from _block(problem)
    if report.problems:
        yield ""
    checked = f"{printable(report.dataset.name)}: {report.quick.checked} images checked. "
    yield from textwrap.wrap(checked + verdict_of(report).text, _WIDTH)


def fix_lines(
    left_out: Sequence[str], fixed: FullReport, tied: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what a cleaned dataset lacks or has otherwise, line by line, and its own verdict.

    What leaving images out cannot mend, or has brought about, such as a split that is now empty,
    comes before the verdict; cautions stay as they were.

    Args:
        left_out: what it lacks or has otherwise, a line each.
        fixed: the check of it.
        tied: which groups it keeps though copies tied them to others, a line each.
    """
    yield ""
    yield "Left out or changed:" if left_out else "Nothing was left out or changed."
    for line in left_out:
        yield from textwrap.wrap(
            printable(line), _WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    for problem in by_seriousness(fixed.problems):
        if severity_of(problem.kind) != "caution":
            yield from _block(problem)
    for line in tied:
        yield from textwrap.wrap(
            printable(f"Tied, and no copies themselves: {line}"), _WIDTH, subsequent_indent="  "
        )
    checked = f"Checked again, {count(fixed.quick.checked, 'image')}: "
    yield from textwrap.wrap(checked + verdict_of(fixed).headline, _WIDTH)


def cell_text(cell: str | int | float | None) -> str:
    """Return a cell of a balance for a person: a share as percent, unknown as "-"."""
    if cell is None:
        return "-"
    if isinstance(cell, float):
        if not 0 <= cell <= 1:
            return f"{cell:.4g}"
        return f"{cell:.1%}" if cell >= 0.01 or cell == 0 else f"{cell:.2%}"
    return printable(str(cell))


def _block(problem: Problem) -> Iterator[str]:
    mark = _MARKS[severity_of(problem.kind)].ljust(_MARK_WIDTH)
    indent = " " * (_MARK_WIDTH + _KIND_WIDTH)
    wrapped = textwrap.wrap(printable(problem.line), _WIDTH - len(indent)) or [""]
    yield (mark + problem.kind.ljust(_KIND_WIDTH) + wrapped[0]).rstrip()
    yield from (indent + line for line in wrapped[1:])


def _aligned(
    header: Sequence[str], rows: Sequence[Sequence[str | int | float | None]]
) -> Iterator[str]:
    numeric = [all(not isinstance(row[place], str) for row in rows) for place in range(len(header))]
    texts = [[_cut(printable(name)) for name in header]]
    texts += [[_cut(cell_text(cell)) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in texts) for place in range(len(header))]
    if not numeric[0]:  # the value that is told of: its end gives way to the numbers
        room = _WIDTH - sum(widths[1:]) - len("  ") * len(widths)
        widths[0] = min(widths[0], max(room, _LEAST_WIDTH))
    for row in texts:
        row[0] = _cut(row[0], widths[0])
        cells = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(row, widths, numeric, strict=True)
        )
        line = "  " + "  ".join(cells).rstrip()
        yield _cut(line, _WIDTH)


def _cut(text: str, width: int = _CELL_WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
