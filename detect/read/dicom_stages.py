"""How a DICOM image becomes its picture, for objects that tell viewers to show it so."""

from __future__ import annotations

from pathlib import Path

from detect.errors import ReadError
from detect.read.dicom_grey import GreyStages, grey_stages
from detect.read.dicom_header import ends_in_header, keep_quiet, parse
from detect.read.guard import guard
from detect.read.pixel_data import check_pixel_data, decode_frames

__all__ = ["read_stages"]


def read_stages(path: Path, name: str, frame: int | None) -> GreyStages:
    """Return the grey stages that `detect.read.read` applies to an image that it can read.

    The pixels are decoded, since they decide whether the object's own window is of use.

    Args:
        path: the file.
        name: how the user knows it.
        frame: from 1; None for an object of one frame.

    Raises:
        ReadError: `unsupported` where the image is in colour, else as `read`.
        OSError: the file cannot be opened.
    """
    keep_quiet()
    with path.open("rb") as stream, guard(name, lambda: ends_in_header(stream)):
        dataset = parse(stream, name)
        if not str(dataset.PhotometricInterpretation).startswith("MONOCHROME"):
            raise ReadError("unsupported", f"{name}: is in colour and has no grey stages")
        check_pixel_data(dataset, name, int(dataset.get("NumberOfFrames") or 1))
        index = (frame or 1) - 1
        return grey_stages(next(decode_frames(dataset, index)), dataset, index)
