"""A bound on what a deflated DICOM data set inflates to (PS3.5 section A.5)."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from detect.errors import ReadError
from detect.read.limits import MAX_INFLATED

__all__ = ["BoundedStream"]

_CHUNK = 1 << 16


class BoundedStream:
    """A DICOM file for pydicom, which inflates a deflated data set whole, to any size.

    Its parser asks for the rest of a file, without a size, only to inflate it. So the check
    stands there: whatever way the parser came to take the data set for a deflated one, and
    wherever it takes it to begin.

    Args:
        stream: the open file.
        name: how the user knows it.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        """Read as files do.

        Raises:
            ReadError: `too_large`: the rest of the file, asked for whole, would inflate beyond
                `MAX_INFLATED`.
            EOFError: that rest has no end.
            zlib.error: that rest is not deflated.
        """
        if size < 0:
            start = self._stream.tell()
            self._check_inflated()
            self._stream.seek(start)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as files do."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Tell as files do."""
        return self._stream.tell()

    def _check_inflated(self) -> None:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        total, pending = 0, b""
        while not inflater.eof:
            pending = pending or self._stream.read(_CHUNK)
            if not pending:
                raise EOFError("its deflated data set has no end")
            total += len(inflater.decompress(pending, 1 << 20))
            pending = inflater.unconsumed_tail
            if total > MAX_INFLATED:
                limit = MAX_INFLATED >> 20
                message = f"{self._name}: data set inflates beyond {limit} MiB"
                raise ReadError("too_large", f"{message}; export it uncompressed")
