"""The size that a compressed frame states, against encoders of other hands."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from detect.read.codestream import Codestream, inspect


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"c" * 900}),
        ("JPEG2000", {"no_jp2": True}),
        ("JPEG2000", {"no_jp2": False}),
    ],
)
def test_reads_what_pillow_writes(form: str, options: dict[str, object]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((23, 57), np.uint8)).save(buffer, form, **options)
    assert inspect(buffer.getvalue()) == Codestream(57, 23)


def test_reads_jpeg_ls_with_fill_bytes() -> None:
    import jpeg_ls

    frame = bytes(jpeg_ls.encode_array(np.zeros((23, 57), np.uint16)))
    assert inspect(frame) == Codestream(57, 23)
    assert inspect(frame[:2] + b"\xff\xff" + frame[2:]) == Codestream(57, 23)


def test_tells_12_bit_lossy_jpeg_from_lossless() -> None:
    """SOF1 with 12 bits is JPEG Extended, SOF3 with 12 bits JPEG Lossless."""
    for marker, deep in ((0xC1, True), (0xC3, False)):
        header = struct.pack(">2B2BHBHHB", 0xFF, 0xD8, 0xFF, marker, 11, 12, 23, 57, 1)
        assert inspect(header + b"\x01\x11\0") == Codestream(57, 23, deep)


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8\x00" * 9, struct.pack("<16I", 1, *[0] * 15)]
)
def test_anything_else_is_none(frame: bytes) -> None:
    assert inspect(frame) is None
