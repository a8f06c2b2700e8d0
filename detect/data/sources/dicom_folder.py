"""Whether a folder's pictures are DICOM, told from the first few."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from detect.read.recognise import is_picture
from detect.read.sniff import HEAD_BYTES, sniff

__all__ = ["holds_dicom"]

_FILES = 1000  # looked at
_PICTURES = 8  # of which the kind decides


def holds_dicom(folder: Path) -> bool:
    """Tell whether the first pictures below a folder are DICOM, and none of another kind.

    Damaged ones count as nothing. The order is that of the names, folder by folder.
    """
    files = islice(_walk(folder), _FILES)
    kinds = [_kind(path) for path in islice(filter(is_picture, files), _PICTURES)]
    return {kind for kind in kinds if kind is not None} == {"DICOM"}


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _kind(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return sniff(stream.read(HEAD_BYTES))
    except OSError:
        return None
