"""What has come of a download so far, kept on disk so that a later run can go on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from detect.write.atomic import naming_output, replacing_text

__all__ = ["Part"]

LOGGER = logging.getLogger(__name__)


class Part:
    """The beginning of a file, in two hidden files beside its place: bytes, and whose they are.

    Attributes:
        path: of the bytes.
        size: their number.
        validator: what the server called the edition that they are of, or None.
    """

    def __init__(self, target: Path, md5: str, on_bytes: Callable[[int], object]) -> None:
        self.path = target.with_name(f".{target.name}.part")
        self.size = 0
        self.validator: str | None = None
        self._target, self._md5, self._on_bytes = target, md5, on_bytes
        self._notes = target.with_name(f".{target.name}.part.json")

    @classmethod
    def beside(cls, target: Path, md5: str, most: int, on_bytes: Callable[[int], object]) -> Self:
        """Take up what an earlier run has left of `target`, or begin with nothing.

        Args:
            target: where the complete file will be; its folder is made where it is missing.
            md5: of the complete file; what is of another is dropped, which is logged.
            most: bytes of the complete file; what is longer is dropped as well.
            on_bytes: called with the number of bytes that are new, or were there; negative where
                they are dropped.

        Raises:
            OutputError: the folder cannot be read or written.
        """
        part = cls(target, md5, on_bytes)
        with naming_output(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if part.path.is_file():
                part._take_up(most)
        return part

    def _take_up(self, most: int) -> None:
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            md5, validator = notes["md5"], notes["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            md5, validator = None, None  # cut short by a power cut, or none of ours
        size = self.path.stat().st_size
        if md5 == self._md5 and size <= most and isinstance(validator, str | None):
            self.size, self.validator = size, validator
            self._on_bytes(size)
        else:
            LOGGER.warning("%s: what an earlier run fetched does not fit; dropped", self._target)
            self.discard()

    def start(self, validator: str | None) -> None:
        """Drop what is here; what comes next is of the edition called `validator`.

        Raises:
            OutputError: the files cannot be written.
        """
        self._drop(validator)
        with replacing_text(self._notes) as file:
            json.dump({"md5": self._md5, "validator": validator}, file)
        with naming_output(self._target):
            self.path.write_bytes(b"")

    @contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Yield a function that appends bytes; they are with the system at once.

        Raises:
            OutputError: the file cannot be opened; from the function: cannot be written.
        """
        with naming_output(self._target):
            stream = self.path.open("ab", buffering=0)

        def add(chunk: bytes) -> None:
            left = memoryview(chunk)
            with naming_output(self._target):
                while left:
                    written = stream.write(left)
                    self.size += written
                    self._on_bytes(written)
                    left = left[written:]

        with stream:
            yield add

    def finish(self) -> None:
        """Put the complete file in its place.

        Raises:
            OutputError: that cannot be done.
        """
        with naming_output(self._target):
            self.path.replace(self._target)
            self._notes.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what is here.

        Raises:
            OutputError: that cannot be done.
        """
        self._drop(None)
        with naming_output(self._target):
            self.path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)

    def _drop(self, validator: str | None) -> None:
        if self.size:
            self._on_bytes(-self.size)
        self.size, self.validator = 0, validator
