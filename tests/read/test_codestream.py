"""The size that a compressed frame states, against encoders of other hands."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from detect.read.codestream import codestream_size


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
    assert codestream_size(buffer.getvalue()) == (57, 23)


def test_reads_jpeg_ls_with_fill_bytes() -> None:
    import jpeg_ls

    frame = bytes(jpeg_ls.encode_array(np.zeros((23, 57), np.uint16)))
    assert codestream_size(frame) == (57, 23)
    assert codestream_size(frame[:2] + b"\xff\xff" + frame[2:]) == (57, 23)


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8\x00" * 9, struct.pack("<16I", 1, *[0] * 15)]
)
def test_anything_else_is_none(frame: bytes) -> None:
    assert codestream_size(frame) is None
