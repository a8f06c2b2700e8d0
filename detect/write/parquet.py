"""results.parquet, a row per image, and findings.parquet, a row per box: for large runs.

The columns are those of results.csv and findings.csv (`detect.write.tables`), but typed: numbers
are numbers, what is not known is null, warnings are a list of texts, and attributes are a list of
{name, label, probability}. Each column says in its metadata what it is. Rows come in groups, so
that memory stays flat, and that a reader takes the columns and rows it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from detect.record import SCHEMA_VERSION, Failure, Reading, fields_of
from detect.write.atomic import naming_output, replacing_bytes
from detect.write.context import WriteContext
from detect.write.staged import StagedWriter

__all__ = ["FINDING_SCHEMA", "RESULT_SCHEMA", "ParquetTables", "open_parquet"]

_ROWS = 16_384  # of a group: a few megabytes

_ATTRIBUTE = pa.struct(
    [("name", pa.string()), ("label", pa.string()), ("probability", pa.float64())]
)


def _field(name: str, kind: pa.DataType, about: str, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable, {"description": about})


def _schema(*fields: pa.Field) -> pa.Schema:
    return pa.schema(fields, {"record_schema_version": SCHEMA_VERSION})


_PATH = _field("path", pa.string(), "of the image, below the folder that was read", nullable=False)
_FRAME = _field("frame", pa.int32(), "of a multi-frame object; the first is 1")
_WIDTH = _field("width", pa.int32(), "of the image as a viewer shows it, in pixels")
_HEIGHT = _field("height", pa.int32(), "of the image as a viewer shows it, in pixels")
_INSTANCE = _field("sop_instance_uid", pa.string(), "DICOM SOPInstanceUID (0008,0018)")
_SHA256 = _field("sha256", pa.string(), "of the file's bytes, hex; null: could not be opened")

RESULT_SCHEMA = _schema(
    _PATH,
    _FRAME,
    _field("status", pa.string(), "ok or failed", nullable=False),
    _field("verdict", pa.string(), "fractured or not_fractured"),
    _field("certainty", pa.string(), "definite; doubtful: points disagree, or out of scope"),
    _field("probability", pa.float64(), "calibrated P(fracture), 0 to 1"),
    _field("operating_point", pa.string(), "screening, balanced or confirm"),
    _field("threshold", pa.float64(), "fractured from this probability on"),
    _field("n_definite", pa.int32(), "definite findings"),
    _field("n_suspicious", pa.int32(), "suspicious findings"),
    _field("max_score", pa.float64(), "of the detector's boxes; null: it gave none"),
    _field("reason", pa.string(), "of a failure, a word"),
    _field("message", pa.string(), "of a failure, one line"),
    _field("warnings", pa.list_(pa.string()), "one line each"),
    _field("attributes", pa.list_(_ATTRIBUTE), "further labels of the image, such as its region"),
    _WIDTH,
    _HEIGHT,
    _field("modality", pa.string(), "DICOM Modality (0008,0060)"),
    _field("body_part", pa.string(), "DICOM BodyPartExamined (0018,0015)"),
    _field("laterality", pa.string(), "L, R, B or U: DICOM ImageLaterality, else Laterality"),
    _INSTANCE,
    _field("study_instance_uid", pa.string(), "DICOM StudyInstanceUID (0020,000D)"),
    _SHA256,
    _field("model_name", pa.string(), "of the weights bundle"),
    _field("model_version", pa.string(), "of the weights bundle"),
    _field("model_sha256", pa.string(), "of the bundle's manifest, hex"),
)

FINDING_SCHEMA = _schema(
    _PATH,
    _FRAME,
    _field("finding_id", pa.string(), "unique in its image; F1 has the highest score"),
    _field("label", pa.string(), "class name of the bundle"),
    _field("certainty", pa.string(), "definite, suspicious, or none (below suspicious)"),
    _field("origin", pa.string(), "detector, or evidence: outlined from the evidence map"),
    _field("score", pa.float64(), "0 to 1; no probability"),
    _field("x1", pa.float64(), "left edge in pixels, from the left edge of the image"),
    _field("y1", pa.float64(), "upper edge in pixels, from the upper edge of the image"),
    _field("x2", pa.float64(), "right edge in pixels, from the left edge of the image"),
    _field("y2", pa.float64(), "lower edge in pixels, from the upper edge of the image"),
    _WIDTH,
    _HEIGHT,
    _INSTANCE,
    _SHA256,
)

_Row = dict[str, Any]


def _result_row(record: Reading | Failure) -> _Row:
    row: _Row = fields_of(record.source)
    if isinstance(record, Failure):
        return row | {"status": "failed", "reason": record.reason, "message": record.message}
    findings, model = record.findings, record.model
    verdict = fields_of(record.verdict)
    scores = [finding.score for finding in findings if finding.origin == "detector"]
    return (
        row
        | {name: verdict[name] for name in verdict if name != "label"}
        | {
            "status": "ok",
            "verdict": record.verdict.label,
            "n_definite": sum(finding.certainty == "definite" for finding in findings),
            "n_suspicious": sum(finding.certainty == "suspicious" for finding in findings),
            "max_score": max(scores, default=None),
            "warnings": list(record.warnings),
            "attributes": [
                {"name": name} | fields_of(value) for name, value in record.attributes.items()
            ],
            "model_name": model.name,
            "model_version": model.version,
            "model_sha256": model.sha256,
        }
    )


def _finding_rows(record: Reading | Failure) -> Iterator[_Row]:
    if isinstance(record, Reading):
        source = fields_of(record.source)
        for finding in record.findings:
            plain = fields_of(finding)
            yield source | fields_of(plain.pop("box")) | plain


def _as_utf8(value: Any) -> Any:
    """Write what UTF-8 cannot hold (bytes of a file name that are no text) as escapes."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


class _Table:
    """Rows of one file, written a group at a time."""

    def __init__(self, writer: ParquetWriter, path: Path) -> None:
        self._writer = writer
        self._path = path
        self._rows: list[_Row] = []

    def add(self, row: _Row) -> None:
        names = self._writer.schema.names
        self._rows.append({name: _as_utf8(row.get(name)) for name in names})
        if len(self._rows) == _ROWS:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            batch = pa.RecordBatch.from_pylist(self._rows, self._writer.schema)
            self._rows.clear()
            with naming_output(self._path):
                self._writer.write_batch(batch)


@contextmanager
def _opened(path: Path, schema: pa.Schema) -> Iterator[_Table]:
    """Open a file that takes the place of `path` when the block ends well."""
    with (
        replacing_bytes(path) as file,
        naming_output(path),
        # closed in either case: left open, it would write its end into a closed file
        ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        yield _Table(writer, path)


class ParquetTables(StagedWriter):
    """Writes `folder`/results.parquet and `folder`/findings.parquet, in the order of the records.

    Both appear when the block ends or `close` is called; if the block raises, earlier files
    stay as they were. The same records give the same bytes.

    Args:
        folder: made if missing.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._results = self._open(_opened(folder / "results.parquet", RESULT_SCHEMA))
        self._findings = self._open(_opened(folder / "findings.parquet", FINDING_SCHEMA))

    def write(self, record: Reading | Failure) -> None:
        """Add the row of a record, and a row for each of its boxes."""
        self._results.add(_result_row(record))
        for row in _finding_rows(record):
            self._findings.add(row)

    def _finish(self) -> None:
        self._results.flush()
        self._findings.flush()


def open_parquet(context: WriteContext) -> ParquetTables:
    """Return the writer of the format `parquet`."""
    return ParquetTables(context.folder)
