"""not_written.csv: which records have no form in which format, and why."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from detect.write.atomic import naming_output, replacing_text
from detect.write.cells import Cell, guarded

__all__ = ["NOT_WRITTEN_NAME", "NotWritten", "save_not_written"]

NOT_WRITTEN_NAME = "not_written.csv"


@dataclass(frozen=True, slots=True)
class NotWritten:
    """One record that a format could not take."""

    format: str
    path: str  # of `Source`
    frame: int | None  # of `Source`
    message: str  # one line for a person, with the way out


_COLUMNS = [field.name for field in fields(NotWritten)]


def save_not_written(missed: Sequence[NotWritten], folder: Path, formats: Collection[str]) -> None:
    """Write the list, or remove an earlier one where there is nothing to list.

    What an earlier list says of other formats stays, since their files do.

    Args:
        missed: what `formats` could not take.
        folder: of the outputs.
        formats: names of those just written.

    Raises:
        OutputError: the file cannot be written, read or removed.
    """
    path = folder / NOT_WRITTEN_NAME
    new = [[guarded(cell) for cell in astuple(each)] for each in missed]
    rows: list[Sequence[Cell]] = [*_rows_of_others(path, formats), *new]
    if not rows:
        with naming_output(path):
            path.unlink(missing_ok=True)
        return
    with replacing_text(path) as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows(rows)


def _rows_of_others(path: Path, formats: Collection[str]) -> list[list[str]]:
    """Return the rows of an earlier list, but for `formats`; none of what is no such list."""
    with naming_output(path):
        try:
            with path.open(encoding="utf-8", newline="") as file:
                table = csv.reader(file)
                if next(table, None) != _COLUMNS:
                    return []
                return [row for row in table if len(row) == len(_COLUMNS) and row[0] not in formats]
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, csv.Error):
            return []
