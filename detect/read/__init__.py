"""Reading radiographs: raster images and DICOM, chosen by content."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from detect.errors import ReadError
from detect.read.limits import MAX_BYTES, MAX_PIXELS
from detect.read.radiograph import Radiograph
from detect.read.raster import read_raster
from detect.read.sniff import HEAD_BYTES, describe, sniff
from detect.record import Source

__all__ = ["MAX_PIXELS", "Radiograph", "read", "sha256_of"]


def read(path: Path, name: str) -> Iterator[Radiograph]:
    """Yield a file's image, or each of its frames, decoding one at a time.

    The kind is told from the content; the suffix is never asked. The file is open
    until the iterator ends or is closed.

    Args:
        path: the file.
        name: how the user knows it; becomes `Source.path` and begins every message.

    Yields:
        One `Radiograph` per frame of a DICOM object or page of a TIFF.

    Raises:
        ReadError: with a reason of `record.FAILURE_REASONS`, at the first step or,
            for a frame that is damaged, when its turn comes.
    """
    with _explained(name):
        stream = _open(path, name)
    with stream:
        with _explained(name):
            head = stream.read(HEAD_BYTES)
            kind = sniff(head)
            if kind is None:
                message = (
                    f"{name}: is {describe(head)}, not a radiograph; "
                    "give DICOM, JPEG, PNG, TIFF, BMP or WebP"
                )
                raise ReadError("unsupported", message)
            source = Source(path=name, sha256=_digest(stream))
        if kind == "DICOM":
            # pydicom takes a good part of a second to import: only where it is needed.
            from detect.read.dicom import read_dicom

            yield from read_dicom(stream, source)
        else:
            yield from read_raster(stream, kind, source)


def sha256_of(path: Path) -> str | None:
    """Return the hex sha256 of a file's bytes; None where it cannot be opened or is too big.

    For the record of a file that `read` refused.
    """
    try:
        with _explained(str(path)), _open(path, str(path)) as stream:
            return _digest(stream)
    except ReadError as error:
        return hashlib.sha256().hexdigest() if error.reason == "empty" else None


def _digest(stream: BufferedReader) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _open(path: Path, name: str) -> BufferedReader:
    """Open a regular file that is neither empty nor beyond `MAX_BYTES`."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise ReadError("unsupported", f"{name}: is {kind}; give an image file")
    if status.st_size == 0:
        raise ReadError("empty", f"{name}: file is empty (0 bytes); copy it again")
    if status.st_size > MAX_BYTES:
        message = f"{name}: file exceeds the limit of {MAX_BYTES >> 30} GiB; split or shrink it"
        raise ReadError("too_large", message)
    return path.open("rb")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what the operating system says about a file into a `ReadError`."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReadError("not_found", f"{name}: no such file; check the path") from error
    except PermissionError as error:
        message = f"{name}: may not be opened; change its permissions or owner"
        raise ReadError("no_permission", message) from error
    except OSError as error:
        message = f"{name}: cannot be read ({error.strerror}); check the disk or mount"
        raise ReadError("corrupt", message) from error
