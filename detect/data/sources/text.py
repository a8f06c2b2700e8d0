"""Text files of datasets: their bytes, and the letters that these stand for."""

from __future__ import annotations

import codecs
from pathlib import Path

from detect.errors import DataError, InputError

__all__ = ["read_text"]

_AGAIN = "save the file again with UTF-8 encoding"
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def read_text(path: Path, encoding: str | None = None, way_out: str = _AGAIN) -> str:
    """Return the text of a file, without its byte order mark.

    A byte order mark says what the encoding is (UTF-8, or UTF-16 as spreadsheets write it),
    whatever was given; without one, it is UTF-8 unless given.

    Args:
        path: the file.
        encoding: one that Python knows, such as cp1252.
        way_out: what to do about another encoding, for the message.

    Raises:
        DataError: the file is missing, may not be opened, or is of another encoding; the
            message names the line.
        InputError: there is no such encoding.
    """
    chosen = _known(encoding or "utf-8")
    content = _read_bytes(path)
    for mark, marked in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            content, chosen = content[len(mark) :], marked
            break
    try:
        return content.decode(chosen)
    except UnicodeError as error:
        # not every codec tells where it stopped
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content[:start].decode(chosen, errors="replace").count("\n") + 1 if start else 1
        name = {"utf-8": "UTF-8"}.get(chosen, chosen)
        raise DataError(f"{path}, line {line}: not {name}; {way_out}") from error


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)  # LookupError, too, for codecs that are not of text, such as hex
        return codecs.lookup(encoding).name
    except (LookupError, UnicodeError, ValueError) as error:
        message = f"--encoding {encoding}: no such encoding; give one such as cp1252 or utf-16"
        raise InputError(message) from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        message = f"{path}: no such file; the dataset is incomplete, copy it again"
        raise DataError(message) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check the path") from error
