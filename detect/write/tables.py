"""results.csv, a row per image, and findings.csv, a row per box."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from detect.record import Failure, Reading, fields_of
from detect.write.atomic import naming_output, replacing_text
from detect.write.cells import Cell, guarded
from detect.write.context import WriteContext
from detect.write.staged import StagedWriter

__all__ = ["FINDING_COLUMNS", "RESULT_COLUMNS", "CsvWriter", "open_tables"]

# Times are left out: the same input and bundle give the same bytes.
RESULT_COLUMNS = (
    *("path", "frame", "status", "verdict", "certainty", "probability"),
    *("operating_point", "threshold", "n_definite", "n_suspicious", "max_score"),
    *("reason", "message", "warnings", "attributes", "width", "height", "modality"),
    *("body_part", "laterality", "sop_instance_uid", "study_instance_uid", "sha256"),
    *("model_name", "model_version", "model_sha256"),
)
FINDING_COLUMNS = (
    *("path", "frame", "finding_id", "label", "certainty", "origin", "score"),
    *("x1", "y1", "x2", "y2", "width", "height", "sop_instance_uid", "sha256"),
)


def _result_row(record: Reading | Failure) -> dict[str, Cell]:
    row: dict[str, Cell] = fields_of(record.source)
    if isinstance(record, Failure):
        return row | {"status": "failed", "reason": record.reason, "message": record.message}
    verdict, model, findings = record.verdict, record.model, record.findings
    attributes = {name: fields_of(value) for name, value in record.attributes.items()}
    return row | {
        "status": "ok",
        "verdict": verdict.label,
        "certainty": verdict.certainty,
        "probability": verdict.probability,
        "operating_point": verdict.operating_point,
        "threshold": verdict.threshold,
        "n_definite": sum(f.certainty == "definite" for f in findings),
        "n_suspicious": sum(f.certainty == "suspicious" for f in findings),
        "max_score": max((f.score for f in findings if f.origin == "detector"), default=None),
        "warnings": "; ".join(record.warnings),
        "attributes": json.dumps(attributes, ensure_ascii=False) if attributes else None,
        "model_name": model.name,
        "model_version": model.version,
        "model_sha256": model.sha256,
    }


def _finding_rows(reading: Reading) -> list[dict[str, Cell]]:
    source = fields_of(reading.source)
    shared = {name: source[name] for name in FINDING_COLUMNS if name in source}
    rows = []
    for finding in reading.findings:
        plain = fields_of(finding)
        rows.append(shared | fields_of(plain.pop("box")) | plain)
    return rows


class _Table:
    """Rows of one CSV file with a fixed header."""

    def __init__(self, file: TextIO, path: Path, columns: tuple[str, ...]) -> None:
        self._rows = csv.writer(file)
        self._path = path
        self._columns = columns
        self._write(columns)

    def add(self, row: Mapping[str, Cell]) -> None:
        self._write([guarded(row.get(name)) for name in self._columns])

    def _write(self, cells: Sequence[Cell]) -> None:
        with naming_output(self._path):
            self._rows.writerow(cells)


class CsvWriter(StagedWriter):
    """Writes `folder`/results.csv and `folder`/findings.csv, in the order of the records.

    Both appear when the block ends or `close` is called; if the block raises, earlier
    files stay as they were. UTF-8; commas, quotes and line ends as in RFC 4180. A text that
    a spreadsheet would run as a formula is led by an apostrophe.

    Args:
        folder: made if missing.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        tables = []
        for name, columns in (("results", RESULT_COLUMNS), ("findings", FINDING_COLUMNS)):
            path = folder / f"{name}.csv"
            tables.append(_Table(self._open(replacing_text(path)), path, columns))
        self._results, self._findings = tables

    def write(self, record: Reading | Failure) -> None:
        """Add the row of a record, and a row for each of its boxes."""
        self._results.add(_result_row(record))
        if isinstance(record, Reading):
            for row in _finding_rows(record):
                self._findings.add(row)


def open_tables(context: WriteContext) -> CsvWriter:
    """Return the writer of the format `csv`."""
    return CsvWriter(context.folder)
