"""not_written.csv: which records have no form in which format, and why."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from detect.write.atomic import naming_output, replacing_text

__all__ = ["NOT_WRITTEN_NAME", "NotWritten", "save_not_written"]

NOT_WRITTEN_NAME = "not_written.csv"


@dataclass(frozen=True, slots=True)
class NotWritten:
    """One record that a format could not take."""

    format: str
    path: str  # of `Source`
    frame: int | None  # of `Source`
    message: str  # one line for a person, with the way out


def save_not_written(missed: Sequence[NotWritten], folder: Path) -> None:
    """Write the list, or remove an earlier one where there is nothing to list.

    Raises:
        OutputError: the file cannot be written or removed.
    """
    path = folder / NOT_WRITTEN_NAME
    if not missed:
        with naming_output(path):
            path.unlink(missing_ok=True)
        return
    with replacing_text(path) as file:
        rows = csv.writer(file)
        rows.writerow([field.name for field in fields(NotWritten)])
        rows.writerows(astuple(each) for each in missed)
