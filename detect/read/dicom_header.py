"""The header of a DICOM object: parsed without its pixels, and the few values that are of use."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from detect.read.dicom_kind import check_kind
from detect.read.guard import guard
from detect.read.inflated import BoundedStream

__all__ = [
    "CODE",
    "UID",
    "DicomHeader",
    "ends_in_header",
    "keep_quiet",
    "parse",
    "read_header",
    "side_stated",
    "stated",
]

# Forms of CS, UI and LO (PS3.5 table 6.2-1), CS with what is met in practice beyond it.
CODE = re.compile(r"[A-Za-z0-9_ ./()-]{1,32}")
UID = re.compile(r"[0-9.]{1,64}")
_TEXT = re.compile(r"[^\\\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What a header says; None where it is not said, or not in the form of its attribute."""

    sop_instance_uid: str | None  # (0008,0018)
    study_instance_uid: str | None  # (0020,000D)
    patient_id: str | None  # (0010,0020): tells who it is, so never to be written anywhere
    modality: str | None  # (0008,0060)
    body_part: str | None  # BodyPartExamined (0018,0015)
    laterality: str | None  # "L", "R", "B" or "U": ImageLaterality, else Laterality
    view: str | None  # ViewPosition (0018,5101)
    manufacturer: str | None  # (0008,0070)
    series_instance_uid: str | None  # (0020,000E)
    sop_class_uid: str | None  # (0008,0016)


def read_header(path: Path, name: str) -> DicomHeader:
    """Read the header of a radiograph; its pixels are not touched, and may be damaged.

    Args:
        path: the file.
        name: how the user knows it.

    Raises:
        ReadError: `unsupported` for an object that is no radiograph, else `corrupt`,
            `truncated` or `too_large`.
        OSError: the file cannot be opened.
    """
    keep_quiet()
    with path.open("rb") as stream, guard(name, lambda: ends_in_header(stream)):
        dataset = parse(stream, name, header_only=True)
        check_kind(dataset, name)
        return DicomHeader(
            sop_instance_uid=stated(dataset, "SOPInstanceUID", UID),
            study_instance_uid=stated(dataset, "StudyInstanceUID", UID),
            patient_id=stated(dataset, "PatientID", _TEXT),
            modality=stated(dataset, "Modality", CODE),
            body_part=stated(dataset, "BodyPartExamined", CODE),
            laterality=side_stated(dataset),
            view=stated(dataset, "ViewPosition", CODE),
            manufacturer=stated(dataset, "Manufacturer", _TEXT),
            series_instance_uid=stated(dataset, "SeriesInstanceUID", UID),
            sop_class_uid=stated(dataset, "SOPClassUID", UID),
        )


def keep_quiet() -> None:
    """Silence pydicom.

    It warns of values that break the standard but have no bearing on the pixels, and quotes
    them, so that a patient's name could get into a log. A filter is set each time, and not a
    context, since contexts are not safe between threads; setting it again changes nothing.
    """
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom\.")


def parse(stream: BinaryIO, name: str, header_only: bool = False) -> FileDataset:
    """Parse a file, with its transfer syntax filled in where it has no meta information."""
    stream.seek(0)
    dataset = dcmread(BoundedStream(stream, name), stop_before_pixels=header_only, force=True)
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset


def ends_in_header(stream: BinaryIO) -> str | None:
    """Say that the parser, having failed, had run out of file; for `guard`."""
    return None if stream.read(1) else "within its header"


def side_stated(dataset: Dataset) -> str | None:
    """Return "L", "R", "B" or "U": ImageLaterality, else Laterality."""
    side = stated(dataset, "ImageLaterality", CODE) or stated(dataset, "Laterality", CODE)
    return side if side in ("L", "R", "B", "U") else None


def stated(dataset: Dataset, keyword: str, form: re.Pattern[str]) -> str | None:
    """Return a string attribute without padding; None where it is absent or not of its form.

    A value that breaks the form may come of a misread header and then hold anything.
    """
    value = str(dataset.get(keyword) or "").strip("\0 ")
    return value if form.fullmatch(value) else None
