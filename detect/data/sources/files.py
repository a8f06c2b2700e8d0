"""The text files that datasets consist of, read strictly.

Every function raises `DataError` with one line that names the file, and the line in it where
one is at fault, so that no source has to translate a parser's own errors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from detect.data.sources.tables import read_table
from detect.data.sources.text import read_text
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
