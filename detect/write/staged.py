"""What writers with several outputs share: all of them appear at the end, or none does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO, TypeVar

from detect.closing import Closing
from detect.write.atomic import naming_output

__all__ = ["StagedWriter", "side_file"]

_Opened = TypeVar("_Opened")


class _AbandonedError(Exception):
    """Thrown into open outputs, so that they are removed and not put in place."""


class StagedWriter(Closing):
    """A context manager over outputs of `detect.write.atomic` and whatever else is to be closed.

    A subclass opens them with `_open` and overrides `_finish` for what is written last.
    """

    def __init__(self) -> None:
        self._outputs = ExitStack()
        self._closed = False

    def _open(self, output: AbstractContextManager[_Opened]) -> _Opened:
        """Enter an output, which is put in place by `close`; where that fails, drop all."""
        try:
            return self._outputs.enter_context(output)
        except BaseException:
            self.abandon()
            raise

    def _finish(self) -> None:
        """Write what is only known at the end; called once, before the outputs are closed."""

    def close(self) -> None:
        """Put all outputs in their place; a second call does nothing.

        Raises:
            OutputError: one cannot be written; then earlier ones stay as they were.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._finish()
        except BaseException:
            self.abandon()
            raise
        self._outputs.close()

    def abandon(self) -> None:
        """Drop all outputs; what was in their place stays."""
        self._closed = True
        # not the error at hand: it may have nothing to do with these files
        with suppress(_AbandonedError), self._outputs:
            raise _AbandonedError


@contextmanager
def side_file(path: Path) -> Iterator[TextIO]:
    """Open an unnamed UTF-8 text file on the disk of `path`, for what goes into `path` later.

    It can be written and read, and is gone when the block ends, or the process.

    Args:
        path: the output, whose folder must be there; names the file in messages.

    Raises:
        OutputError: it cannot be made or closed.
    """
    with (
        naming_output(path),
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as file,
    ):
        yield file
