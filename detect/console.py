"""What the command line says, and what it needs to know of the terminal and the install."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect.record import Failure, Reading
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


def reading_lines(folder: Path, failures: int) -> Iterator[str]:
    """Yield a line per image of a small run; of a large one the first, and what failed.

    Args:
        folder: of the run.
        failures: how many of its records are failures.
    """
    from detect.record import Failure
    from detect.write.json_lines import RESULTS_NAME
    from detect.write.results import read_results

    told = 0  # failures
    left_out = False
    for index, record in enumerate(read_results(folder / RESULTS_NAME)):
        failed = isinstance(record, Failure)
        if index >= _MOST_LINES and not (failed and told < _MOST_LINES):
            left_out = True
            if told == min(failures, _MOST_LINES):
                break
            continue
        told += failed
        yield _record_line(record)
    if left_out:
        yield f"… and more in {folder / 'results.csv'}"


def _record_line(record: Reading | Failure) -> str:
    from detect.record import Failure
    from detect.write.wording import failure_words, shown_name

    name = shown_name(record.source)
    if isinstance(record, Failure):
        return f"{name}: FAILED ({record.reason}): {failure_words(record)[1]}"
    verdict = record.verdict
    marked = sum(finding.certainty != "none" for finding in record.findings)
    label = "FRACTURED" if verdict.label == "fractured" else "not fractured"
    doubt = ", doubtful" if verdict.certainty == "doubtful" else ""
    return (
        f"{name}: {label}{doubt}, "
        f"P(fracture) {verdict.probability:.3f}, {marked} place{'s' * (marked != 1)} marked"
    )


def not_written_lines(missed: Sequence[NotWritten]) -> Iterator[str]:
    """Yield which records have no form in a format, a line each; of many, the first.

    What several formats say of a record in the same words is one line.
    """
    from detect.write.wording import shown

    told = 0  # records and formats
    alike = groupby(missed, key=lambda each: (each.path, each.frame, each.message))
    for (_, _, message), group in islice(alike, _MOST_LINES):
        formats = [each.format for each in group]
        told += len(formats)
        yield f"--format {', '.join(formats)}: {shown(message)}"
    if told < len(missed):
        yield f"… and {len(missed) - told} more in not_written.csv"


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
