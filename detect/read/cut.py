"""Finds out, after a raster decoder has failed, whether the file was cut short."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from detect.read.sniff import Kind

__all__ = ["ends_early"]


def ends_early(stream: BinaryIO, kind: Kind) -> str | None:
    """Say how a raster file is cut short, in words that follow "ends", or None if it is not.

    Only the container is looked at, so that a file with damaged pixels is not called cut.

    Args:
        stream: the open file; it is left at any position.
        kind: what `sniff` says it is.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if kind == "PNG":
        return _png(stream, size)
    if kind == "JPEG":
        stream.seek(max(0, size - 4096))
        return None if b"\xff\xd9" in stream.read() else "without an end-of-image marker"
    head = stream.read(16).ljust(16, b"\0")
    if kind == "TIFF":
        return _tiff(head, size)
    # Both headers state the length of the whole file.
    (stated,) = struct.unpack_from("<I", head, 4 if kind == "WEBP" else 2)
    missing = stated + (8 if kind == "WEBP" else 0) - size
    return f"{missing} bytes early" if missing > 0 else None


def _png(stream: BinaryIO, size: int) -> str | None:
    """Walk the chunks (PNG specification, section 5.3) to the end."""
    position = 8
    while position < size:
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            break
        length, name = struct.unpack(">I4s", head)
        position += 12 + length
        if position > size:
            return f"{position - size} bytes early"
        if name == b"IEND":
            return None
    return "without an end chunk"


def _tiff(head: bytes, size: int) -> str | None:
    """Compare the offset of the first directory (TIFF 6.0, section 2) with the file's size."""
    order = "<" if head[:2] == b"II" else ">"
    big = 43 in head[2:4]
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    return "before its directory of contents" if directory + 2 > size else None
