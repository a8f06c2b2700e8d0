"""DICOM radiographs: CR, DX, RF, XA and Secondary Capture, in any transfer syntax.

With and without preamble and file meta information, single- and multi-frame.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from detect.errors import ReadError
from detect.read.dicom_grey import show_colour, show_grey
from detect.read.dicom_kind import check_kind
from detect.read.guard import guard
from detect.read.inflated import BoundedStream
from detect.read.limits import check_size
from detect.read.pixel_data import check_pixel_data, decode_frames
from detect.read.radiograph import Radiograph
from detect.record import Source

__all__ = ["read_dicom"]

# Forms of CS and UI (PS3.5 table 6.2-1), CS with what is met in practice beyond it.
_CODE = re.compile(r"[A-Za-z0-9_ ./()-]{1,32}")
_UID = re.compile(r"[0-9.]{1,64}")


def read_dicom(stream: BinaryIO, source: Source) -> Iterator[Radiograph]:
    """Yield the frames of a DICOM object, decoded one at a time.

    Args:
        stream: the open file.
        source: path and sha256; the rest is filled in.

    Raises:
        ReadError: `truncated`, `corrupt`, `unsupported` or `too_large`.
    """
    # pydicom warns of values that break the standard but have no bearing on the pixels, and
    # quotes them, so that a patient's name could get into a log. A filter is set each time,
    # and not a context, since contexts are not safe between threads; setting it again
    # changes nothing.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    name = source.path
    with guard(name, lambda: _at_end(stream)):
        # The header first: what is refused for it costs no memory, and pydicom drops the
        # whole header of a file that ends within compressed pixel data.
        header = _parse(stream, name, header_only=True)
        check_kind(header, name)
        _check_header(header, name)
        frames = int(header.get("NumberOfFrames") or 1)
        check_size(name, int(header.Columns), int(header.Rows), frames)
    with guard(name, lambda: None):
        dataset = _parse(stream, name)
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


def _parse(stream: BinaryIO, name: str, header_only: bool = False) -> FileDataset:
    """Parse the file, with its transfer syntax filled in where it has no meta information."""
    stream.seek(0)
    dataset = dcmread(BoundedStream(stream, name), stop_before_pixels=header_only, force=True)
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset


def _at_end(stream: BinaryIO) -> str | None:
    """Say that the parser, having failed, had run out of file."""
    return None if stream.read(1) else "within its header"


def _check_header(header: Dataset, name: str) -> None:
    """Refuse an object that ends before the attributes of its image."""
    wanted = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PhotometricInterpretation")
    absent = [keyword for keyword in wanted if header.get(keyword) in (None, "")]
    if absent:
        message = f"{name}: file is truncated: ends before its image, without {absent[0]}"
        raise ReadError("truncated", f"{message}; copy it again from its source")


def _described(source: Source, dataset: Dataset) -> Source:
    """Copy the few attributes that `Source` has, and nothing that tells who the patient is."""
    side = _text(dataset, "ImageLaterality", _CODE) or _text(dataset, "Laterality", _CODE)
    return replace(
        source,
        modality=_text(dataset, "Modality", _CODE),
        sop_instance_uid=_text(dataset, "SOPInstanceUID", _UID),
        study_instance_uid=_text(dataset, "StudyInstanceUID", _UID),
        laterality=side if side in ("L", "R", "B", "U") else None,
        body_part=_text(dataset, "BodyPartExamined", _CODE),
    )


def _text(dataset: Dataset, keyword: str, form: re.Pattern[str]) -> str | None:
    """Return a string attribute without padding; None where it is absent or not of its form.

    A value that breaks the form may come of a misread header and then hold anything.
    """
    value = str(dataset.get(keyword) or "").strip("\0 ")
    return value if form.fullmatch(value) else None
