"""Truncated, damaged and hostile files: a ReadError, quickly, without harm."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

import detect.read
from detect.errors import ReadError
from detect.read import read

NOISE = np.random.default_rng(7).integers(0, 256, (40, 56), dtype=np.uint8)
FORMS = ["JPEG", "PNG", "TIFF", "BMP", "WEBP"]


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, form, **({"lossless": True} if form == "WEBP" else {}))
    return buffer.getvalue()


def reason_for(path: Path, content: bytes | None = None) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        list(read(path, "x"))
    assert "\n" not in str(caught.value)
    return caught.value.reason


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG of one grey channel with the given header and compressed rows."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    chunks += [(b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_cut_raster_is_truncated(tmp_path: Path, form: str, share: float) -> None:
    whole = encoded(form)
    assert reason_for(tmp_path / "x", whole[: int(len(whole) * share)]) == "truncated"


@pytest.mark.parametrize("form", FORMS)
def test_no_cut_gives_other_pixels(tmp_path: Path, form: str) -> None:
    """A file cut anywhere is refused, or (its tail being idle) reads as the whole one."""
    path, whole = tmp_path / "x", encoded(form)
    path.write_bytes(whole)
    (complete,) = read(path, "x")
    for end in range(16, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:end])
        try:
            (cut,) = read(path, "x")
        except ReadError:
            continue
        assert np.array_equal(cut.pixels, complete.pixels), end


def test_cut_16_bit_colour_is_truncated(tmp_path: Path) -> None:
    import cv2

    deep = NOISE.astype(np.uint16) * 257
    whole = cv2.imencode(".png", cv2.merge([deep] * 3))[1].tobytes()
    assert reason_for(tmp_path / "x", whole[: len(whole) // 2]) == "truncated"


def test_message_counts_the_missing_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(encoded("PNG")[:-500])
    with pytest.raises(ReadError, match=r"x: file is truncated: ends \d+ bytes early; copy"):
        list(read(tmp_path / "x", "x"))


def test_damaged_but_whole_png_is_corrupt(tmp_path: Path) -> None:
    whole = bytearray(encoded("PNG"))
    whole[60:70] = b"\xff" * 10
    assert reason_for(tmp_path / "x", bytes(whole)) == "corrupt"


def test_limit_is_on_the_header(tmp_path: Path) -> None:
    """50,000 × 50,000 pixels are refused in 512 MiB of address space beyond the start's."""
    path = tmp_path / "x.png"
    path.write_bytes(png(50_000, 50_000, zlib.compress(bytes(1000))))
    code = (
        "import resource, sys, time, pathlib\n"
        "from detect.read import read\n"
        "from detect.errors import ReadError\n"
        "import PIL.PngImagePlugin\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**29,) * 2)\n"
        "start = time.perf_counter()\n"
        "try:\n"
        "    list(read(pathlib.Path(sys.argv[1]), 'x'))\n"
        "except ReadError as error:\n"
        "    print(error.reason, time.perf_counter() - start < 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(path)],
        capture_output=True,
        text=True,
        cwd=Path(detect.read.__file__).parents[2],
        check=False,
    )
    assert done.stdout.split() == ["too_large", "True"], done.stderr


@pytest.mark.parametrize(
    ("width", "height"), [(10_000, 12_001), (12_000, 15_000), (1, 120_000_001)]
)
def test_just_beyond_the_limit_without_a_warning(tmp_path: Path, width: int, height: int) -> None:
    assert reason_for(tmp_path / "x", png(width, height)) == "too_large"


def test_image_within_the_limit_that_pillow_would_warn_of(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(png(10_000, 9_500, zlib.compress(bytes(10_001 * 9_500), 1)))
    (radiograph,) = read(tmp_path / "x", "x")
    assert radiograph.pixels.shape == (9_500, 10_000)


def test_text_chunk_bomb(tmp_path: Path) -> None:
    bomb = b"a\0\0" + zlib.compress(bytes(200_000_000), 9)
    chunk = (
        struct.pack(">I", len(bomb))
        + b"zTXt"
        + bomb
        + struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    )
    whole = encoded("PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = tmp_path / "x"
    path.write_bytes(whole[:33] + chunk + whole[33:])
    try:
        (radiograph,) = read(path, "x")
        assert np.array_equal(radiograph.pixels, NOISE)
    except ReadError as error:
        assert error.reason == "corrupt"
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100_000  # KiB; the text alone would be 195,000


def test_later_page_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    pages = [Image.fromarray(NOISE), Image.fromarray(NOISE[:7, :9])]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    # the second page's width of 9 becomes 60,000 and its height 60,000
    whole = path.read_bytes()
    for tag, size in ((256, 9), (257, 7)):
        old = next(
            entry for kind in (3, 4) if (entry := struct.pack("<HHII", tag, kind, 1, size)) in whole
        )
        whole = whole.replace(old, struct.pack("<HHII", tag, 4, 1, 60_000))
    path.write_bytes(whole)
    pages_read = read(path, "x")
    assert np.array_equal(next(pages_read).pixels, NOISE)
    with pytest.raises(ReadError) as caught:
        next(pages_read)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless]
)
@pytest.mark.parametrize("missing", [10, 500, 1500])
def test_cut_dicom_is_truncated(make_dicom, syntax: str, missing: int) -> None:
    path = make_dicom(NOISE, syntax=syntax)
    assert reason_for(path, path.read_bytes()[:-missing]) == "truncated"


def test_cut_deflated_dicom_is_truncated(make_dicom) -> None:
    path = make_dicom(NOISE, syntax=DeflatedExplicitVRLittleEndian)
    assert reason_for(path, path.read_bytes()[:-500]) == "truncated"


def test_short_and_missing_pixel_data(make_dicom) -> None:
    assert reason_for(make_dicom(NOISE, PixelData=NOISE.tobytes()[:-2])) == "truncated"
    assert reason_for(make_dicom(NOISE, PixelData=None)) == "truncated"
    assert reason_for(make_dicom(NOISE, NumberOfFrames=2)) == "truncated"


def test_compressed_frames_fewer_than_stated(make_dicom) -> None:
    path = make_dicom(np.stack([NOISE, NOISE]), syntax=JPEGLSLossless)
    dataset = dcmread(path)
    dataset.NumberOfFrames = 3
    dataset.save_as(path)
    assert reason_for(path) in ("truncated", "corrupt")


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_codestream_that_claims_another_size(make_dicom, syntax: str) -> None:
    """A tiny frame may not make the decoder allocate what its own header claims."""
    path = make_dicom(NOISE, syntax=syntax)
    whole = path.read_bytes()
    old = struct.pack(">HH", 40, 56) if syntax == JPEGLSLossless else struct.pack(">II", 56, 40)
    new = struct.pack(">HH" if syntax == JPEGLSLossless else ">II", 65_000, 65_000)
    at = whole.index(old, whole.index(b"\xe0\x7f\x10\x00"))
    start = time.perf_counter()
    assert reason_for(path, whole[:at] + new + whole[at + len(old) :]) == "corrupt"
    assert time.perf_counter() - start < 2


def test_dicom_beyond_the_limits(make_dicom) -> None:
    assert reason_for(make_dicom(NOISE, Rows=50_000, Columns=50_000)) == "too_large"
    assert reason_for(make_dicom(NOISE, NumberOfFrames=2_000_000_000)) == "too_large"
    assert reason_for(make_dicom(NOISE, Rows=0)) == "corrupt"


@pytest.mark.parametrize("left_out", [(0, 0), (0, 132), (132, 144)])
def test_deflate_bomb(make_dicom, left_out: tuple[int, int]) -> None:
    """Also without preamble, or without the group length of its meta information."""
    path = make_dicom(NOISE, syntax=DeflatedExplicitVRLittleEndian)
    whole = path.read_bytes()
    start = 144 + struct.unpack_from("<I", whole, 140)[0]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = bytes(1 << 24)
    bomb = b"".join(deflater.compress(block) for _ in range(40)) + deflater.flush()
    first, last = left_out
    path.write_bytes(whole[:first] + whole[last:])
    assert len(list(read(path, "x"))) == 1  # such a file is read where it is no bomb
    assert reason_for(path, whole[:first] + whole[last:start] + bomb) == "too_large"


def test_garbage_for_a_compressed_frame(make_dicom) -> None:
    path = make_dicom(NOISE, syntax=JPEG2000Lossless)
    dataset = dcmread(path)
    dataset.PixelData = encapsulate([b"\x00\x01garbage!"])
    dataset.save_as(path)
    assert reason_for(path) == "corrupt"
