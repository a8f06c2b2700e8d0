"""The suffixes that files of radiographs commonly have: for picking them out of a folder."""

from __future__ import annotations

__all__ = ["IMAGE_SUFFIXES"]

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom", ".dic"}
)
"""Lower case. Reading itself goes by content (`detect.read.sniff`), never by these."""
