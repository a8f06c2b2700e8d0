"""Image files of a dataset: which there are, and how large."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from PIL import ExifTags, Image, TiffImagePlugin

from detect.cores import cores_allowed
from detect.data.sources.options import PLAIN, ImportOptions
from detect.errors import DataError, ReadError
from detect.in_order import in_order
from detect.progress import followed
from detect.read import read
from detect.read.guard import guard
from detect.read.recognise import is_picture
from detect.read.sniff import HEAD_BYTES, Kind, sniff
from detect.record import Box

__all__ = [
    "SIDEWAYS",
    "cut_dust",
    "displayed_size",
    "displayed_sizes",
    "list_images",
    "orientation",
    "walk_images",
]

_TIFF_WIDTH, _TIFF_LENGTH = 256, 257  # tags of TIFF 6.0, section 8
SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height


def list_images(folder: Path) -> list[Path]:
    """Return the files directly in `folder` that are pictures (see `is_picture`), by name.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if _is_image(entry))
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror}); check it") from error


def walk_images(folder: Path) -> list[Path]:
    """Return the files at any depth below `folder` that are pictures (see `is_picture`), by path.

    Links to folders are not followed, so that a link to a folder above cannot loop.

    Raises:
        DataError: a folder cannot be listed.
    """

    def refuse(error: OSError) -> None:
        message = f"{error.filename}: cannot be listed ({error.strerror}); check it"
        raise DataError(message) from error

    return sorted(
        path
        for place, _, names in os.walk(folder, onerror=refuse)
        for path in (Path(place) / name for name in names)
        if _is_image(path)
    )


def _is_image(path: Path) -> bool:
    return not path.name.startswith(".") and is_picture(path)


def displayed_size(path: Path) -> tuple[int, int] | None:
    """Return (width, height) in pixels as in `detect.record`: after a raster file's EXIF turn.

    Of a raster file only the header is read; DICOM goes through the reader, which alone knows
    its damages. None where the size cannot be read: the check will say why.
    """
    try:
        with path.open("rb") as stream:
            kind = sniff(stream.read(HEAD_BYTES))
    except OSError:
        return None
    try:
        if kind == "DICOM":
            return _decoded_size(path)
        return None if kind is None else _header_size(path, kind)
    except ReadError:
        return None


def displayed_sizes(
    images: Sequence[Path], options: ImportOptions = PLAIN
) -> list[tuple[int, int] | None]:
    """Return `displayed_size` of each image, read on all cores, with a bar if asked for."""
    sizes = in_order(displayed_size, images, cores_allowed())
    return list(followed("headers", sizes, len(images), bar=options.show_progress))


def _decoded_size(path: Path) -> tuple[int, int]:
    with closing(read(path, path.name)) as frames:  # type: ignore[type-var]
        height, width = next(frames).pixels.shape
    return width, height


def orientation(path: Path) -> int:
    """Return a file's EXIF orientation, 1 to 8; 1 (as stored) where it states none, as DICOM.

    Form: https://www.cipa.jp/std/documents/e/DC-X008-Translation-2019-E.pdf, 4.6.5.
    """
    try:
        with path.open("rb") as stream:
            kind = sniff(stream.read(HEAD_BYTES))
        turn = 1 if kind in (None, "DICOM") else _header(path, kind)[2]
    except (OSError, ReadError):
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _header_size(path: Path, kind: Kind) -> tuple[int, int]:
    width, height, turn = _header(path, kind)
    return (height, width) if turn in SIDEWAYS else (width, height)


def _header(path: Path, kind: Kind) -> tuple[int, int, object]:
    """Return width and height as stored, and the EXIF orientation."""
    with guard(path.name, lambda: None), warnings.catch_warnings():
        # a header of a huge picture is harmless; the reader judges its pixels
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path, formats=(kind,)) as image:
            return *_stored_size(image), _orientation(image)


def _stored_size(image: Image.Image) -> tuple[int, int]:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # Pillow's `size` of a TIFF is, depending on its version, the one after the turn
        return int(image.tag_v2[_TIFF_WIDTH]), int(image.tag_v2[_TIFF_LENGTH])
    return image.size


def _orientation(image: Image.Image) -> object:
    if image.format == "PNG" and "exif" not in image.info:
        return None  # Pillow would decode all pixels to look behind them
    return image.getexif().get(ExifTags.Base.Orientation)


def cut_dust(box: Box, width: float, height: float) -> Box:
    """Cut what sticks out of the image by less than a pixel: rounding of the file, no mistake.

    A box that sticks out further is returned as it is, for the check to report.

    Args:
        box: in pixels.
        width: of the image, in pixels.
        height: of the image, in pixels.
    """
    return Box(
        0.0 if -1 < box.x1 < 0 else box.x1,
        0.0 if -1 < box.y1 < 0 else box.y1,
        float(width) if width < box.x2 < width + 1 else box.x2,
        float(height) if height < box.y2 < height + 1 else box.y2,
    )
