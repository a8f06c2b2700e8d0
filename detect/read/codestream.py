"""Reads the picture size that a compressed frame itself states, before it is decoded.

A decoder allocates what the codestream says, not what the DICOM header says, so a
hostile frame of some bytes could ask for gigabytes.
"""

from __future__ import annotations

import re
import struct

__all__ = ["codestream_size"]

_JPEG2000 = re.compile(rb"\xff\x4f\xff\x51.{4}(.{16})", re.DOTALL)  # SOC, SIZ (T.800 A.5.1)
# SOF0 to SOF15 without DHT, JPG and DAC (T.81 B.1.1.3), and SOF55 of JPEG-LS (T.87 C.1.1).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_WRAPPER = 4096  # bytes within which a JP2 wrapper must give way to its codestream


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels that a compressed frame states, or None.

    Args:
        frame: a JPEG, JPEG-LS or JPEG 2000 codestream; anything else gives None.
    """
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    found = _JPEG2000.search(frame, 0, _WRAPPER)
    if found is None:
        return None
    right, bottom, left, top = struct.unpack(">4I", found[1])
    return right - left, bottom - top


def _jpeg(frame: bytes) -> tuple[int, int] | None:
    """Walk the marker segments up to the start of frame."""
    position = 2
    while position + 9 <= len(frame):
        fill, marker, length = struct.unpack_from(">BBH", frame, position)
        if fill != 0xFF:
            return None
        if marker == 0xFF:  # a fill byte (T.81 B.1.1.2)
            position += 1
        elif marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", frame, position + 5)
            return width, height
        else:
            position += 2 + length
    return None
