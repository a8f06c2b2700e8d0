"""The pictures that annotation tools show, in the folder of a format."""

from __future__ import annotations

import errno
from pathlib import Path, PurePosixPath

import cv2

from detect.errors import NotWrittenError
from detect.read.plain import PLAIN_SUFFIXES, is_plain
from detect.record import Source
from detect.write.atomic import naming_output
from detect.write.context import picture_name
from detect.write.originals import Originals
from detect.write.radiographs import Radiographs

__all__ = ["PlainPictures"]


class PlainPictures:
    """Puts a picture of each image into a folder, under the image's own relative path.

    What every tool shows as we do (`detect.read.plain`) is copied, name and bytes. Of all else
    (DICOM, a frame, a page, 16 bits, TIFF, transparency) the pixels as a viewer shows them are
    written as 8-bit grey PNG, without any header of the original: under its own name if that is
    a PNG's, else as `picture_name(path, frame, "png")`. Where the names are the same, what
    people correct fits the originals as well.

    YOLO and CVAT know images by the name up to the suffix: the second of two that share it is
    written as `picture_name`, too.

    Args:
        folder: to write into; of `replacing_folder`, so that it is empty at first.
        originals: finds the images.
    """

    def __init__(self, folder: Path, originals: Originals) -> None:
        self._folder = folder
        self._originals = originals
        self._radiographs = Radiographs(originals)

    def save(self, source: Source) -> str:
        """Write the picture of one image and return its name, relative to the folder.

        Raises:
            NotWrittenError: the image is gone or has changed, or no file can be called so.
            OutputError: the picture cannot be written.
        """
        original = self._originals.path_of(source)
        as_it_is = source.frame is None and is_plain(original)
        names = [picture_name(source.path, source.frame, "png")]
        if source.frame is None and (as_it_is or source.path.endswith((".png", ".PNG"))):
            names.insert(0, source.path)
        for name in names:
            place = self._place(name, source)
            if not self._taken(place):
                copied = as_it_is and name == source.path
                self._write(place, source, original if copied else None)
                return name
        raise NotWrittenError(
            f"{source.path}: other images have its name up to the suffix; rename one of them"
        )

    def close(self) -> None:
        """Let go of the image read last; a second call does nothing."""
        self._radiographs.close()

    def _place(self, name: str, source: Source) -> Path:
        parts = PurePosixPath(name).parts
        if not parts or parts[0].startswith("/") or ".." in parts:
            raise NotWrittenError(
                f"{source.path}: leads out of the folder of results; read the image again, "
                "naming its folder"
            )
        return self._folder.joinpath(*parts)

    def _taken(self, place: Path) -> bool:
        try:
            return any(place.with_suffix(suffix).exists() for suffix in PLAIN_SUFFIXES)
        except OSError:
            return False  # the name is too long, as writing will tell

    def _write(self, place: Path, source: Source, original: Path | None) -> None:
        """Copy the original, or render its pixels where it is None."""
        if original is None:
            pixels = self._radiographs.radiograph_of(source).pixels
            content = cv2.imencode(".png", pixels)[1].tobytes()
        else:
            try:
                content = original.read_bytes()
            except OSError as error:
                message = f"{source.path}: {original} cannot be read ({error.strerror})"
                raise NotWrittenError(f"{message}; check the disk or mount") from error
        with naming_output(place):
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                message = f"{source.path}: the name of its picture would be too long; rename it"
                raise NotWrittenError(message) from error
