"""Decodes frames with GDCM in a process of its own.

GDCM alone reads JPEG Lossless, the commonest compression of archives, but a damaged
frame can make it abort or overrun its memory, which would end the whole run. Here it
ends a child process, and one file.
"""

from __future__ import annotations

import atexit
import io
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

__all__ = ["decode_isolated"]

_WORKER = Path(__file__).with_name("isolated_worker.py")
_PATIENCE = 120.0  # seconds for one frame; the largest takes about five
_PIXEL_MODULE = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def decode_isolated(dataset: Dataset, frame: bytes) -> NDArray[Any]:
    """Decode one compressed frame; one at a time, whatever the number of threads.

    Args:
        dataset: with its file meta information; only what describes pixels is passed on.
        frame: the frame's codestream.

    Returns:
        Stored values, shape (rows, columns) or (rows, columns, 3), colour as RGB.

    Raises:
        ValueError: the frame cannot be decoded.
    """
    answer = _worker.ask(_request(dataset, frame))
    if not answer:
        raise ValueError("GDCM cannot decode the frame")
    decoded: NDArray[Any] = np.load(io.BytesIO(answer), allow_pickle=False)
    return decoded


def _request(dataset: Dataset, frame: bytes) -> bytes:
    """Write a DICOM stream of the one frame, with nothing about the patient."""
    small = Dataset()
    small.file_meta = FileMetaDataset()
    small.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    for keyword in _PIXEL_MODULE:
        if keyword in dataset:
            small[keyword] = dataset[keyword]
    small.PixelData = encapsulate([frame])
    small["PixelData"].VR = "OB"
    small["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    small.save_as(buffer, enforce_file_format=False)
    return buffer.getvalue()


class _Worker:
    """The child process: started when first asked, and again after a crash."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: bytes) -> bytes:
        """Return the reply; b"" where the child failed, crashed or took too long."""
        with self._lock:
            process = self._running()
            timer = threading.Timer(_PATIENCE, process.kill)
            timer.start()
            try:
                return _exchange(process, request)
            except (BrokenPipeError, EOFError):
                self._stop()
                return b""
            finally:
                timer.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():  # a fork may not share pipes
            self._process = subprocess.Popen(
                [sys.executable, "-P", _WORKER],  # -P: our modules are no top-level names
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # GDCM writes its complaints there
            )
            self._owner = os.getpid()
        return self._process

    def close(self) -> None:
        """End the child, if this process has one."""
        with self._lock:
            if self._owner == os.getpid():
                self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Send a request and wait for its reply."""
    assert process.stdin is not None and process.stdout is not None  # both are pipes
    process.stdin.write(struct.pack("<Q", len(request)) + request)
    process.stdin.flush()
    head = process.stdout.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    answer = process.stdout.read(length)
    if len(answer) < length:
        raise EOFError
    return answer


_worker = _Worker()
atexit.register(_worker.close)
