"""What the command line says, and what it needs to know of the terminal and the install."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect.write.not_written import NotWritten

__all__ = [
    "default_out",
    "not_written_lines",
    "reading_lines",
    "set_up_logging",
    "shows_progress",
    "typed_command",
]

_MOST_LINES = 20  # a larger run has results.csv


def default_out(given: str) -> Path:
    """Return results/NAME; a pattern's name is that of the folder before its wildcards."""
    path = Path(given)
    if not os.path.lexists(path):
        while set("*?[") & set(str(path)):
            path = path.parent
    return Path("results") / (path.resolve().stem or "run")


def reading_lines(folder: Path) -> Iterator[str]:
    """Yield a line per image of a small run; a large one has results.csv."""
    from detect.record import Failure
    from detect.write.json_lines import RESULTS_NAME
    from detect.write.results import read_results

    records = read_results(folder / RESULTS_NAME)
    for index, record in enumerate(islice(records, _MOST_LINES + 1)):
        if index == _MOST_LINES:
            yield f"… and more in {folder / 'results.csv'}"
        elif isinstance(record, Failure):
            yield f"{record.source.path}: FAILED ({record.reason}): {record.message}"
        else:
            verdict = record.verdict
            shown = sum(finding.certainty != "none" for finding in record.findings)
            label = "FRACTURED" if verdict.label == "fractured" else "not fractured"
            doubt = ", doubtful" if verdict.certainty == "doubtful" else ""
            frame = "" if record.source.frame is None else f", frame {record.source.frame}"
            yield (
                f"{record.source.path}{frame}: {label}{doubt}, "
                f"P(fracture) {verdict.probability:.3f}, {shown} place{'s' * (shown != 1)} marked"
            )


def not_written_lines(missed: Sequence[NotWritten]) -> Iterator[str]:
    """Yield which records have no form in a format, a line each; of many, the first."""
    for each in missed[:_MOST_LINES]:
        yield f"--format {each.format}: {each.message}"
    if len(missed) > _MOST_LINES:
        yield f"… and {len(missed) - _MOST_LINES} more in not_written.csv"


def set_up_logging(quiet: bool, verbose: bool) -> None:
    """Log to stderr: errors, or how the work goes, or details."""
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("detect").setLevel(level)


def shows_progress(quiet: bool) -> bool:
    """Whether somebody sits before a terminal and wants to see a bar."""
    return sys.stderr.isatty() and not quiet


def typed_command(without: tuple[str, ...] = ()) -> str:
    """Return the command as typed, without the options that a fresh run would not have."""
    return shlex.join(["python", "cli.py", *(a for a in sys.argv[1:] if a not in without)])
