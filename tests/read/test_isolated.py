"""JPEG Lossless by GDCM in a child process, and what happens when that process dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEGLosslessSV1

import detect.read.isolated as module
from detect.errors import ReadError
from detect.read import read

gdcm = pytest.importorskip("gdcm")

RAMP = (np.arange(30 * 44, dtype=np.uint16) * 3).reshape(30, 44)


@pytest.fixture
def lossless(make_dicom, tmp_path: Path) -> Path:
    """A JPEG Lossless file of two frames, written by GDCM."""
    plain = make_dicom(
        np.stack([RAMP, RAMP[::-1]]),
        BitsStored=12,
        HighBit=11,
        WindowCenter=2048,
        WindowWidth=4096,
        sop_class="1.2.840.10008.5.1.4.1.1.12.2",
    )
    reader, writer = gdcm.ImageReader(), gdcm.ImageWriter()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    path = tmp_path / "lossless.dcm"
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    return path


@pytest.fixture
def fresh_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker of the test's own, so that no other test meets what it does to it."""
    worker = module._Worker()
    monkeypatch.setattr(module, "_worker", worker)
    yield
    worker.close()


def test_jpeg_lossless_frames(lossless: Path) -> None:
    first, second = read(lossless, "x")
    assert np.abs(first.pixels - RAMP / 4095 * 255).max() <= 0.51
    assert np.array_equal(second.pixels, first.pixels[::-1])


@pytest.mark.usefixtures("fresh_worker")
def test_crash_costs_one_file_and_not_the_run(
    lossless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = tmp_path / "killer.py"
    killer.write_text("import os, sys; sys.stdin.buffer.read(8); os.abort()")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_WORKER", killer)
        with pytest.raises(ReadError) as caught:
            list(read(lossless, "x"))
        assert caught.value.reason == "corrupt"
    assert len(list(read(lossless, "x"))) == 2


@pytest.mark.usefixtures("fresh_worker")
def test_endless_decoding_is_ended(
    lossless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(module, "_WORKER", sleeper)
    monkeypatch.setattr(module, "_PATIENCE", 0.3)
    start = time.perf_counter()
    with pytest.raises(ReadError):
        list(read(lossless, "x"))
    assert time.perf_counter() - start < 20


def test_damaged_lossless_frame_is_an_error(lossless: Path) -> None:
    whole = lossless.read_bytes()
    tables = whole.index(b"\xff\xc4")  # the Huffman tables
    lossless.write_bytes(whole[: tables + 4] + b"\xff" * 20 + whole[tables + 24 :])
    with pytest.raises(ReadError) as caught:
        list(read(lossless, "x"))
    assert caught.value.reason == "corrupt"


def test_nothing_about_the_patient_reaches_the_worker(lossless: Path) -> None:
    request = module._request(dcmread(lossless), b"frame")
    assert b"Sophie" not in request
    assert b"frame" in request
