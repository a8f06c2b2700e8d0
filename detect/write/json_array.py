"""A JSON array that is written an entry at a time, so that memory stays flat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from detect.write.atomic import naming_output

__all__ = ["JsonArray"]


class JsonArray:
    """Writes `[`, an entry a line, and `]`.

    Pure ASCII: some tools open JSON with the encoding of their machine, and bytes of a file name
    that are no text have a form in JSON's escapes alone.

    Args:
        file: to write to; its closing is the caller's.
        path: names the file in messages.
    """

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.count = 0
        self._put("[")

    def add(self, entry: object) -> None:
        """Write one entry of plain JSON types.

        Raises:
            OutputError: it cannot be written.
            ValueError: it holds a number that is not finite.
        """
        text = json.dumps(entry, allow_nan=False)
        self._put(f"{',' if self.count else ''}\n{text}")
        self.count += 1

    def end(self) -> None:
        """Write what ends the array; once.

        Raises:
            OutputError: it cannot be written.
        """
        self._put("\n]\n" if self.count else "]\n")

    def _put(self, text: str) -> None:
        with naming_output(self._path):
            self._file.write(text)
