"""Tells what a file is from its first bytes; its suffix is never asked."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["HEAD_BYTES", "Kind", "describe", "sniff"]

Kind = Literal["DICOM", "JPEG", "PNG", "TIFF", "BMP", "WEBP"]

HEAD_BYTES = 512

_RASTER: tuple[tuple[re.Pattern[bytes], Kind], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), "BMP"),
)

# A data set without preamble and file meta information (PS3.10 section 7 asks for both, old
# archives write neither) begins with group 0002 or 0008: a tag, then a VR or a short length.
_BARE_DICOM = re.compile(rb"[\x02\x08]\0.\0(?:[A-Z]{2}|..\0\0)|\0[\x02\x08]\0.[A-Z]{2}", re.DOTALL)

# What people give by mistake, so that the message can name it.
_OTHERS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"GIF8[79]a"), "a GIF picture"),
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or office document"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "a bare JPEG 2000 picture"),
    (re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), "a JPEG XL picture"),
    (re.compile(rb".{4}ftyp(?:hei|hev|mif|avif)", re.DOTALL), "a HEIC or AVIF picture"),
    (re.compile(rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", re.DOTALL), "a video"),
    (re.compile(rb"8BPS"), "a Photoshop document"),
    (re.compile(rb".{344}(?:n\+1|ni1)\0", re.DOTALL), "a NIfTI volume"),
)


def sniff(head: bytes) -> Kind | None:
    """Return the kind of file that begins with `head` (`HEAD_BYTES` of it), or None."""
    # First, since the preamble of a DICOM file may itself be a TIFF header (PS3.10 7.1).
    if head[128:132] == b"DICM":
        return "DICOM"
    for magic, kind in _RASTER:
        if magic.match(head):
            return kind
    return "DICOM" if _BARE_DICOM.match(head) else None


def describe(head: bytes) -> str:
    """Name, for a message, a file that `sniff` does not know."""
    for magic, words in _OTHERS:
        if magic.match(head):
            return words
    if not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head):
        return "text"
    return "of an unknown kind"
