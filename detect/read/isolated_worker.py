"""The child process of `isolated`: decodes with GDCM what comes in on standard input.

Run as a script, never imported. Each request and each reply is its length (8 bytes,
little-endian) and then its bytes: a one-frame DICOM stream in, a NumPy file out; a reply
of length 0 means that the frame cannot be decoded.
"""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
from pydicom import dcmread
from pydicom.pixels.utils import pixel_array


def _reply(request: bytes) -> bytes:
    try:
        frame = pixel_array(dcmread(io.BytesIO(request), force=True), decoding_plugin="gdcm")
    except Exception:  # any failure is one answer; the parent turns it into an error
        return b""
    buffer = io.BytesIO()
    np.save(buffer, frame, allow_pickle=False)
    return buffer.getvalue()


def _serve() -> None:
    while head := sys.stdin.buffer.read(8):
        answer = _reply(sys.stdin.buffer.read(struct.unpack("<Q", head)[0]))
        sys.stdout.buffer.write(struct.pack("<Q", len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
