"""The door of detect.read: what a file is, and what is said of one that is no radiograph."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

import detect.read
from detect.errors import ReadError
from detect.read import read, sha256_of
from detect.record import FAILURE_REASONS

GRADIENT = np.arange(35 * 20, dtype=np.uint16).reshape(20, 35).astype(np.uint8)


def refused(path: Path) -> ReadError:
    """The error of reading `path`, after the checks that every such error passes."""
    with pytest.raises(ReadError) as caught:
        list(read(path, "shelf/x"))
    assert caught.value.reason in FAILURE_REASONS
    text = str(caught.value)
    assert text.startswith("shelf/x: ")
    assert "\n" not in text
    return caught.value


def test_gives_pixels_name_hash_and_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(GRADIENT).save(path)
    (radiograph,) = read(path, "hand/a.png")
    assert np.array_equal(radiograph.pixels, GRADIENT)
    assert radiograph.pixels.dtype == np.uint8
    assert radiograph.pixels.flags.c_contiguous
    source = radiograph.source
    assert (source.path, source.width, source.height, source.frame) == ("hand/a.png", 35, 20, None)
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == sha256_of(path)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "JPEG", "WEBP"])
@pytest.mark.parametrize("suffix", ["dcm", "txt", ""])
def test_suffix_is_never_asked(tmp_path: Path, form: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(GRADIENT).save(path, format=form)
    (radiograph,) = read(path, "x")
    assert (
        np.abs(radiograph.pixels.astype(int) - np.asarray(Image.open(path).convert("L"))).max() < 2
    )


def test_dicom_under_the_name_of_a_picture(make_dicom) -> None:
    (radiograph,) = read(make_dicom(GRADIENT, name="x.jpg"), "x.jpg")
    assert np.array_equal(radiograph.pixels, GRADIENT)


def test_dicom_whose_preamble_is_a_tiff_header(make_dicom) -> None:
    path = make_dicom(GRADIENT)
    whole = path.read_bytes()
    path.write_bytes(b"II*\0\x10\0\0\0" + whole[8:])
    (radiograph,) = read(path, "x")
    assert radiograph.source.modality == "CR"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Fracture of the distal radius.\r\n", "is text"),
        ("Größe".encode(), "is text"),
        (b"%PDF-1.7\n", "PDF"),
        (b"GIF89a\x01\0\x01\0", "GIF"),
        (b"PK\x03\x04\x14\0\0\0", "ZIP"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic\0\0", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0", "video"),
        (bytes(range(200)), "unknown"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    error = refused(path)
    assert error.reason == "unsupported"
    assert words in str(error)


def test_empty_missing_and_folder(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert refused(empty).reason == "empty"
    assert sha256_of(empty) == hashlib.sha256(b"").hexdigest()
    assert refused(tmp_path / "absent.jpg").reason == "not_found"
    assert refused(empty / "below.jpg").reason == "not_found"
    assert sha256_of(tmp_path / "absent.jpg") is None
    assert refused(tmp_path).reason == "unsupported"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe").reason == "unsupported"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(GRADIENT).save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read anything: let the system say what it would

        def deny(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", deny)
    assert refused(path).reason == "no_permission"
    assert sha256_of(path) is None


def test_failing_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(GRADIENT).save(path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    error = refused(path)
    assert error.reason == "corrupt"
    assert "Input/output error" in str(error)


def test_file_beyond_the_byte_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(GRADIENT).save(path)
    monkeypatch.setattr(detect.read, "MAX_BYTES", path.stat().st_size - 1)
    assert refused(path).reason == "too_large"


def test_memory_shortage_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(GRADIENT).save(path)

    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", exhaust)
    with pytest.raises(MemoryError):
        list(read(path, "x"))


def test_pydicom_is_imported_only_for_dicom(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(GRADIENT).save(path)
    code = (
        "import sys, pathlib; from detect.read import read; "
        "list(read(pathlib.Path(sys.argv[1]), 'x')); print('pydicom' in sys.modules)"
    )
    root = Path(detect.read.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    )
    assert done.stdout.strip() == "False"
