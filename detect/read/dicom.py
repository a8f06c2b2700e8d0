"""DICOM radiographs: CR, DX, RF, XA and Secondary Capture, in any transfer syntax.

With and without preamble and file meta information, single- and multi-frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from pydicom.dataset import Dataset

from detect.errors import ReadError
from detect.read.dicom_grey import show_colour, show_grey
from detect.read.dicom_header import (
    CODE,
    UID,
    ends_in_header,
    keep_quiet,
    parse,
    side_stated,
    stated,
)
from detect.read.dicom_kind import check_kind
from detect.read.guard import guard
from detect.read.limits import check_size
from detect.read.pixel_data import check_pixel_data, decode_frames
from detect.read.radiograph import Radiograph
from detect.record import Source

__all__ = ["read_dicom"]


def read_dicom(stream: BinaryIO, source: Source) -> Iterator[Radiograph]:
    """Yield the frames of a DICOM object, decoded one at a time.

    Args:
        stream: the open file.
        source: path and sha256; the rest is filled in.

    Raises:
        ReadError: `truncated`, `corrupt`, `unsupported` or `too_large`.
    """
    keep_quiet()
    name = source.path
    with guard(name, lambda: ends_in_header(stream)):
        # The header first: what is refused for it costs no memory, and pydicom drops the
        # whole header of a file that ends within compressed pixel data.
        header = parse(stream, name, header_only=True)
        check_kind(header, name)
        _check_header(header, name)
        frames = int(header.get("NumberOfFrames") or 1)
        check_size(name, int(header.Columns), int(header.Rows), frames)
    with guard(name, lambda: None):
        dataset = parse(stream, name)
        check_pixel_data(dataset, name, frames)
        source = _described(source, dataset)
        decoded = decode_frames(dataset)
    for index in range(frames):
        with guard(name, lambda: None):
            stored = next(decoded, None)
            if stored is None:
                raise EOFError(f"{index} of {frames} frames")
            if str(dataset.PhotometricInterpretation).startswith("MONOCHROME"):
                pixels = show_grey(stored, dataset, index)
            else:
                pixels = show_colour(stored, dataset)
            pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape
        frame = index + 1 if frames > 1 else None
        yield Radiograph(pixels, replace(source, width=width, height=height, frame=frame))


def _check_header(header: Dataset, name: str) -> None:
    """Refuse an object that ends before the attributes of its image."""
    wanted = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PhotometricInterpretation")
    absent = [keyword for keyword in wanted if header.get(keyword) in (None, "")]
    if absent:
        message = f"{name}: file is truncated: ends before its image, without {absent[0]}"
        raise ReadError("truncated", f"{message}; copy it again from its source")


def _described(source: Source, dataset: Dataset) -> Source:
    """Copy the few attributes that `Source` has, and nothing that tells who the patient is."""
    return replace(
        source,
        modality=stated(dataset, "Modality", CODE),
        sop_instance_uid=stated(dataset, "SOPInstanceUID", UID),
        study_instance_uid=stated(dataset, "StudyInstanceUID", UID),
        laterality=side_stated(dataset),
        body_part=stated(dataset, "BodyPartExamined", CODE),
    )
