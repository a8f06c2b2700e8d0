"""The text files that datasets consist of, read strictly.

Every function raises `DataError` with one line that names the file, and the line in it where
one is at fault, so that no source has to translate a parser's own errors.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from detect.errors import DataError

__all__ = [
    "count_note",
    "finite",
    "read_json",
    "read_table",
    "read_text",
    "read_xml",
    "read_yaml",
]


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Raises:
        DataError: the file is missing, may not be opened, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        message = f"{path}: no such file; the dataset is incomplete, copy it again"
        raise DataError(message) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check the path") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path}, line {line}: not UTF-8; save the file again with UTF-8 encoding"
        raise DataError(message) from error


def read_table(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number in the file, row) of a CSV file with a header.

    Raises:
        DataError: unreadable, a required column is missing or named twice, or a row has more
            or fewer fields than the header.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in required if name not in header]
        if missing:
            message = f"{path}, line 1: no column {', '.join(missing)}; found {', '.join(header)}"
            raise DataError(message)
        if len(set(header)) != len(header):
            raise DataError(f"{path}, line 1: a column name occurs twice; rename one of them")
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                message = f"{path}, line {reader.line_num}: {len(fields)} fields, not {len(header)}"
                raise DataError(f"{message} as in the header; correct this line")
            yield reader.line_num, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        message = f"{path}, line {reader.line_num}: not CSV ({error}); correct this line"
        raise DataError(message) from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        DataError: unreadable or malformed.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{path}, line {error.lineno}: not JSON ({error.msg}); export the file again"
        raise DataError(message) from error
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        message = f"{path}: not usable JSON ({error}); export the file again"
        raise DataError(message) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; only plain types are built.

    Raises:
        DataError: unreadable, malformed, or not a mapping with text keys.
    """
    text = read_text(path)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "syntax"
        raise DataError(f"{path}{where}: not YAML ({problem}); correct it") from error
    except (RecursionError, ValueError) as error:  # too deep; a date or number that is none
        raise DataError(f"{path}: not usable YAML ({error}); correct it") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise DataError(f"{path}: not a mapping of names to values; see the form's description")
    return content


def read_xml(path: Path) -> ElementTree.Element:
    """Return the root of an XML file.

    Raises:
        DataError: unreadable, malformed, or with a document type (annotations need none, and
            entities declared there can be made to fill the memory).
    """
    text = read_text(path)
    if "<!DOCTYPE" in text:
        raise DataError(f"{path}: has a document type declaration; remove it")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        line = error.position[0]
        raise DataError(f"{path}, line {line}: not XML ({error}); export the file again") from error


def finite(value: object, where: str) -> float:
    """Return `value` as a float.

    Args:
        value: a number, or the text of one.
        where: file and line, or file and entry, for the message.

    Raises:
        DataError: not a number, or not a finite one.
    """
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: {value!r} is not a number; correct it")
    return number


def count_note(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Return one line for a dataset's notes, or none where there is nothing to say.

    Example: `count_note(["b.png", "a.png"], "no label")` gives
    `("2 images: no label (a.png, b.png)",)`.
    """
    ordered = sorted(names)
    if not ordered:
        return ()
    shown = ", ".join(ordered[:5]) + (", …" if len(ordered) > 5 else "")
    return (f"{len(ordered)} image{'s' * (len(ordered) > 1)}: {what} ({shown})",)
