"""Tables of datasets: CSV files with a header, as programs and spreadsheets write them.

The delimiter is the one of comma, semicolon and tab that stands most often in the header, quoted
names apart; on a tie the earlier of these. Spreadsheets of countries with a decimal comma write
semicolons, and some begin with a line `sep=;`, which then decides. Guessing from the rows
(`csv.Sniffer`) goes wrong where cells hold lists or sentences.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.data.sources.text import read_text
from detect.errors import DataError

__all__ = ["Table", "open_table", "read_table", "table_header"]

_DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SAID = re.compile(r"sep=([,;|\t])(?:\r\n?|\n)", re.IGNORECASE)
_FIRST_LINE = re.compile(r"[^\r\n]+")
_LINE_BREAK = re.compile(r"\s*[\r\n]\s*")
_WAY_OUT = "save it as UTF-8, or, if that is what it is, pass --encoding cp1252"
_HEADER_BYTES = 1 << 14

Row = tuple[int, dict[str, str]]  # number of its last line in the file, cells by column


@dataclass(frozen=True, slots=True)
class Table:
    """The header of a CSV file, and its rows, which are parsed as they are asked for."""

    path: Path
    header: tuple[str, ...]  # a line each, stripped; may be empty or hold names twice
    delimiter: str
    lines: Iterator[tuple[int, list[str]]]  # number of a record's last line, its fields

    def rows(self) -> Iterator[Row]:
        """Yield the rows, once; an empty line is none.

        Raises:
            DataError: not CSV, or a row has more or fewer fields than the header; the message
                names the line.
        """
        for line, fields in self.lines:
            if not fields:
                continue
            if len(fields) != len(self.header):
                message = f"{self.path}, line {line}: {len(fields)} fields, not {len(self.header)}"
                raise DataError(f"{message} as in the header; correct this line")
            yield line, dict(zip(self.header, fields, strict=True))


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Return a CSV file as a table of whatever columns.

    Args:
        path: the file.
        encoding: as for `read_text`.

    Raises:
        DataError: missing, of another encoding, or its header is not CSV.
        InputError: there is no such encoding.
    """
    return _table(path, read_text(path, encoding, _WAY_OUT))


def read_table(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """Yield (line number in the file, row) of a CSV file whose columns a form lays down.

    Raises:
        DataError: unreadable, a required column is missing or any is named twice, or a row has
            more or fewer fields than the header.
    """
    table = _table(path, read_text(path))
    missing = [name for name in required if name not in table.header]
    if missing:
        message = f"{path}, line 1: no column {', '.join(missing)}; found {', '.join(table.header)}"
        raise DataError(message)
    if len(set(table.header)) != len(table.header):
        raise DataError(f"{path}, line 1: a column name occurs twice; rename one of them")
    yield from table.rows()


def table_header(path: Path) -> tuple[str, ...]:
    """Return the column names of what may be a CSV file; nothing where it is none.

    To recognise files by: only their beginning is read, and letters of another encoding than
    UTF-8 or UTF-16 come out wrong.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEADER_BYTES)
    except OSError:
        return ()
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    try:
        return _table(path, text).header
    except DataError:
        return ()


def _table(path: Path, text: str) -> Table:
    said = _SAID.match(text)
    body = text[said.end() :] if said else text
    delimiter = said[1] if said else _delimiter(body)
    lines = _records(path, body, delimiter, 1 if said else 0)
    header = next((fields for _, fields in lines if fields), [])
    return Table(path, tuple(map(_one_line, header)), delimiter, lines)


def _one_line(name: str) -> str:
    return _LINE_BREAK.sub(" ", name.strip())  # spreadsheets break long names


def _delimiter(text: str) -> str:
    first = _FIRST_LINE.search(text)
    bare = _QUOTED.sub("", first[0]) if first else ""
    return max(_DELIMITERS, key=bare.count)


def _records(path: Path, text: str, delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its last line, fields) of each record; `before` lines were cut off."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            yield reader.line_num + before, fields
    except csv.Error as error:
        message = f"{path}, line {reader.line_num + before}: not CSV ({error}); correct this line"
        raise DataError(message) from error
