"""Which files of a folder are pictures: one rule for reading and for datasets."""

from __future__ import annotations

from pathlib import Path

from detect.read.sniff import HEAD_BYTES, sniff
from detect.read.suffixes import IMAGE_SUFFIXES

__all__ = ["is_picture"]


def is_picture(path: Path) -> bool:
    """Tell whether the suffix or else the content of a file is that of a picture.

    So a damaged picture comes up as a failure, DICOM files without a suffix are found, and a
    text beside the pictures is not taken for one. Only a file without such a suffix is opened.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        if not path.is_file():
            return False  # opening a pipe would wait for ever
        with path.open("rb") as stream:
            return sniff(stream.read(HEAD_BYTES)) is not None
    except OSError:
        return False  # without a picture's suffix there is no sign that it is one
