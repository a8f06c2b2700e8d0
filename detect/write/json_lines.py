"""results.jsonl: one record a line, on disk as soon as it is known."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO

from detect.closing import Closing
from detect.record import Failure, Reading
from detect.write.atomic import naming_output
from detect.write.context import WriteContext

__all__ = ["RESULTS_NAME", "JsonLinesWriter", "open_json_lines"]

RESULTS_NAME = "results.jsonl"

_CHUNK = 1 << 16


def _cut_unfinished_line(file: BinaryIO) -> None:
    """Truncate after the last line end."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _CHUNK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    file.truncate(end)
    file.seek(end)


def _line(record: Reading | Failure) -> bytes:
    plain = record.to_json()
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        # bytes of a file name that are no text: JSON escapes hold them, UTF-8 cannot
        return json.dumps(plain, allow_nan=False).encode() + b"\n"


class JsonLinesWriter(Closing):
    """Writes `folder`/results.jsonl so that a kill at any time costs one line at most.

    Args:
        folder: made if missing.
        resume: keep what is there and go on after it; a last line that a kill left
            unfinished is cut off. Otherwise the file starts empty.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        self._path = folder / RESULTS_NAME
        with naming_output(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            # unbuffered, so that each line goes to the system in one piece at once
            if resume and self._path.exists():
                self._file: BinaryIO = self._path.open("r+b", buffering=0)
                _cut_unfinished_line(self._file)
            else:
                self._file = self._path.open("wb", buffering=0)

    def write(self, record: Reading | Failure) -> None:
        """Append a record.

        Raises:
            OutputError: it cannot be written.
        """
        rest = memoryview(_line(record))
        with naming_output(self._path):
            while rest:
                rest = rest[self._file.write(rest) :]

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with naming_output(self._path):
            self._file.close()


def open_json_lines(context: WriteContext) -> JsonLinesWriter:
    """Return the writer of the format `json`."""
    return JsonLinesWriter(context.folder)
