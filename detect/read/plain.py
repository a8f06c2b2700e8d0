"""Which files every browser and annotation tool shows just as our reader does."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from detect.errors import ReadError
from detect.read.guard import guard
from detect.read.sniff import HEAD_BYTES, Kind, sniff

__all__ = ["PLAIN_SUFFIXES", "is_plain"]

_SUFFIXES: dict[Kind, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".JPG", ".JPEG"),
    "PNG": (".png", ".PNG"),
    "BMP": (".bmp", ".BMP"),
    "WEBP": (".webp", ".WEBP"),
}
PLAIN_SUFFIXES = tuple(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
"""The only suffixes of plain files: tools go by them."""

_MODES = frozenset({"1", "L", "P", "RGB"})  # of Pillow: 8 bits a channel at most, opaque
_ORIENTATION = 0x0112  # EXIF tag
_DEPTH = 24  # offset of the bit depth in a PNG (PNG specification, section 11.2.1)


def is_plain(path: Path) -> bool:
    """Tell whether tools show a file with the pixels and in the frame of `detect.read.read`.

    So is an opaque JPEG, PNG, BMP or WebP of one picture, of 8 bits a channel, with the suffix
    of its kind. Of those that EXIF turns, only JPEG is turned by all tools. Deeper pictures are
    not: browsers show the upper 8 bits of 16, of which 12-bit radiographs use few.

    The header alone is read; one that is damaged is not plain.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return False
    kind = sniff(head)
    if kind is None or path.suffix not in _SUFFIXES.get(kind, ()):
        return False
    if kind == "PNG" and head[_DEPTH : _DEPTH + 1] == b"\x10":
        return False
    try:
        with guard(path.name, lambda: None), warnings.catch_warnings():
            # that a picture is huge was judged when it was read
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=(kind,)) as image:
                turned = image.getexif().get(_ORIENTATION, 1) != 1 if image.info else False
                return (
                    image.mode in _MODES
                    and not image.has_transparency_data
                    and getattr(image, "n_frames", 1) == 1
                    and (kind == "JPEG" or not turned)
                )
    except ReadError:
        return False
