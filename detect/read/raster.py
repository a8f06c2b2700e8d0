"""Raster images: JPEG, PNG, TIFF, BMP and WebP, of 1 to 32 bits, grey or colour."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from detect.errors import ReadError
from detect.read.cut import ends_early
from detect.read.guard import guard
from detect.read.limits import check_size
from detect.read.radiograph import Radiograph
from detect.read.sniff import Kind
from detect.read.window import luminance, window
from detect.record import Source

__all__ = ["read_raster"]

_ORIENTATION = 0x0112  # EXIF and TIFF tag (TIFF 6.0, page 36)
_SUBFILE = 254  # TIFF NewSubfileType: bit 0 a reduced copy, bit 2 a mask
_PHOTOMETRIC = 262  # TIFF PhotometricInterpretation: 0 is WhiteIsZero
_BITS = 258  # TIFF BitsPerSample, one per channel
_NO_PAGE = 0b101  # a page with one of these bits of _SUBFILE is no image of its own

# EXIF orientation → how to turn the stored matrix into the one to be shown.
_TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def read_raster(stream: BinaryIO, kind: Kind, source: Source) -> Iterator[Radiograph]:
    """Yield the image, or each page of a TIFF; of an animation the first picture only.

    Args:
        stream: the open file.
        kind: what `sniff` says it is.
        source: path and sha256; the rest is filled in.

    Raises:
        ReadError: `truncated`, `corrupt`, `unsupported` or `too_large`.
    """
    # Pillow warns of metadata that we do not use and of images that our own, stricter
    # limit handles. A filter is set each time, and not a context, since contexts are
    # not safe between threads; setting it again changes nothing.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    name = source.path

    def early() -> str | None:
        return ends_early(stream, kind)

    with guard(name, early):
        image = _open(stream, kind, name)
        pages = _pages(image, name) if kind == "TIFF" else [0]
    for page in pages:
        with guard(name, early):
            if page != image.tell():
                image.seek(page)
            check_size(name, *image.size)
            pixels = np.ascontiguousarray(_decode(image, page, stream, kind))
        height, width = pixels.shape
        frame = page + 1 if len(pages) > 1 else None
        yield Radiograph(pixels, replace(source, width=width, height=height, frame=frame))


def _open(stream: BinaryIO, kind: Kind, name: str) -> Image.Image:
    """Read the header alone, with the one plug-in that the content calls for."""
    stream.seek(0)
    try:
        image = Image.open(stream, formats=(kind,))
    except Image.DecompressionBombError as error:
        raise ReadError("too_large", f"{name}: {error}; export it smaller") from error
    except UnidentifiedImageError as error:
        if ends_early(stream, kind) is not None:
            raise
        message = f"{name}: is a {kind} that is damaged or of a rare kind; save it as PNG"
        raise ReadError("corrupt", message) from error
    check_size(name, *image.size)
    return image


def _pages(image: Image.Image, name: str) -> list[int]:
    """Number the pages of a TIFF from 0, without thumbnails, pyramid levels and masks."""
    count = getattr(image, "n_frames", 1)
    check_size(name, *image.size, frames=count)
    kept = []
    for page in range(count):
        image.seek(page)
        if not int(_tag(image, _SUBFILE, 0)) & _NO_PAGE:
            kept.append(page)
    return kept or [0]


def _tag(image: Image.Image, tag: int, default: Any) -> Any:
    """Return a tag of the TIFF page that `image` stands at."""
    return getattr(image, "tag_v2", {}).get(tag, default)


def _decode(image: Image.Image, page: int, stream: BinaryIO, kind: Kind) -> NDArray[np.uint8]:
    """Return the page as uint8, shape (height, width), turned as EXIF says."""
    turn = _TURNS.get(_orientation(image))
    inverted = kind == "TIFF" and _tag(image, _PHOTOMETRIC, 1) == 0
    if _is_deep_colour(image, stream, kind):
        image.load()  # OpenCV decodes what is left of a truncated file without a word
        pixels = _deep_colour(stream, page, kind)
    else:
        # An 8-bit colour JPEG holds its luminance as a plane: decode only that.
        image.draft("L", None)
        image.load()
        if image.mode.startswith(("I", "F")):
            grey = np.asarray(image)
            pixels = window(grey.astype(grey.dtype.newbyteorder("="), copy=False))
            # Pillow inverts WhiteIsZero for 1 and 8 bits, and not beyond.
            pixels = 255 - pixels if inverted else pixels
        else:
            pixels = np.array(_grey8(image))
        if kind == "TIFF":
            turn = None  # Pillow has turned it while loading
    return turn(pixels) if turn else pixels


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none."""
    if not image.info and not hasattr(image, "tag_v2"):
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error):
        return 1  # viewers show an image whose EXIF block is damaged as it is stored


def _grey8(image: Image.Image) -> Image.Image:
    """Return a loaded image of 8 bits or fewer per channel in mode L, alpha over black."""
    if image.has_transparency_data:
        shown = Image.new("RGBA", image.size, (0, 0, 0, 255))
        shown.alpha_composite(image.convert("RGBA"))
        return shown.convert("L")
    if image.mode == "L":
        return image
    if image.mode in ("1", "RGB"):
        return image.convert("L")
    return image.convert("RGB").convert("L")


def _is_deep_colour(image: Image.Image, stream: BinaryIO, kind: Kind) -> bool:
    """Whether the image has several channels of more than 8 bits, which Pillow would crush."""
    if kind == "TIFF":
        bits = _tag(image, _BITS, (1,))
        return len(bits) > 1 and max(bits) > 8
    if kind == "PNG":
        # Bit depth and colour type of IHDR (PNG specification, section 11.2.1).
        stream.seek(24)
        depth, colour = stream.read(2)
        return depth == 16 and colour != 0
    return False


def _deep_colour(stream: BinaryIO, page: int, kind: Kind) -> NDArray[np.uint8]:
    """Decode colour of more than 8 bits per channel and window its luminance."""
    import cv2

    stream.seek(0)
    coded = np.frombuffer(stream.read(), np.uint8)
    if kind == "TIFF":
        _, pages = cv2.imdecodemulti(coded, cv2.IMREAD_UNCHANGED, range=(page, page + 1))
        decoded = pages[0] if pages else None
    else:
        decoded = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ValueError("OpenCV does not know this kind of 16-bit colour")
    pixels = np.asarray(decoded)
    if pixels.ndim == 3:
        grey = luminance(pixels[..., 2::-1])  # OpenCV gives blue first
        if pixels.shape[2] == 4 and pixels.dtype == np.uint16:
            grey *= pixels[..., 3].astype(np.float32) / 65535
        pixels = np.rint(grey).astype(np.uint16) if pixels.dtype == np.uint16 else grey
    return window(pixels)
