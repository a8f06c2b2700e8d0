"""Readings put in the order of suspicion, on disk: a run may be larger than memory."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detect.record import Reading
from detect.write.atomic import naming_output

__all__ = ["Worklist", "suspicion"]


def suspicion(reading: Reading) -> float:
    """Return what worklists are ordered by: fractured first, then by probability."""
    verdict = reading.verdict
    return verdict.probability + (verdict.label == "fractured")


class Worklist:
    """Rows in a temporary file, given back in order; two numbers a row stay in memory.

    Args:
        folder: where the temporary file lies; made if missing.

    Raises:
        OutputError: the file cannot be written (also from `add`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with naming_output(folder):
            folder.mkdir(parents=True, exist_ok=True)
            # open until `close`, hence no `with`
            self._file = tempfile.TemporaryFile(dir=folder, prefix=".", suffix=".part")  # noqa: SIM115
        self._orders = array("d")
        self._offsets = array("q")

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, row: dict[str, Any], order: float = 0.0) -> None:
        """Add a row of plain JSON types; the greatest `order` comes first, then the earliest."""
        with naming_output(self._folder):
            self._offsets.append(self._file.tell())
            self._file.write(json.dumps(row, allow_nan=False).encode("ascii") + b"\n")
        self._orders.append(order)

    def lines(self) -> Iterator[bytes]:
        """Yield each row in order, as ASCII JSON with its line end."""
        with naming_output(self._folder):
            for index in sorted(range(len(self._orders)), key=lambda one: -self._orders[one]):
                self._file.seek(self._offsets[index])
                yield self._file.readline()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each row in order."""
        return map(json.loads, self.lines())

    def close(self) -> None:
        """Remove the file; a second call does nothing.

        Raises:
            OutputError: what is left to write, on the way out of another error, has no room.
        """
        with naming_output(self._folder):
            self._file.close()
