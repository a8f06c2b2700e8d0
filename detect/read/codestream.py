"""Reads what a compressed frame itself states, before it is decoded.

A decoder allocates what the codestream says, not what the DICOM header says, so a
hostile frame of some bytes could ask for gigabytes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

__all__ = ["Codestream", "inspect"]

_JPEG2000 = re.compile(rb"\xff\x4f\xff\x51.{4}(.{16})", re.DOTALL)  # SOC, SIZ (T.800 A.5.1)
# SOF0 to SOF15 without DHT, JPG and DAC (T.81 B.1.1.3), and SOF55 of JPEG-LS (T.87 C.1.1).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF, 0xF7})
_WRAPPER = 4096  # bytes within which a JP2 wrapper must give way to its codestream


@dataclass(frozen=True, slots=True)
class Codestream:
    """What a compressed frame says of itself."""

    width: int  # pixels
    height: int  # pixels
    deep_lossy_jpeg: bool = False  # JPEG by cosine transform with more than 8 bits


def inspect(frame: bytes) -> Codestream | None:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 codestream; None for anything else."""
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    found = _JPEG2000.search(frame, 0, _WRAPPER)
    if found is None:
        return None
    right, bottom, left, top = struct.unpack(">4I", found[1])
    return Codestream(right - left, bottom - top)


def _jpeg(frame: bytes) -> Codestream | None:
    """Walk the marker segments up to the start of frame."""
    position = 2
    while position + 9 <= len(frame):
        fill, marker, length = struct.unpack_from(">BBH", frame, position)
        if fill != 0xFF:
            return None
        if marker == 0xFF:  # a fill byte (T.81 B.1.1.2)
            position += 1
        elif marker in _START_OF_FRAME:
            bits, height, width = struct.unpack_from(">BHH", frame, position + 4)
            return Codestream(width, height, bits > 8 and marker not in _LOSSLESS)
        else:
            position += 2 + length
    return None
