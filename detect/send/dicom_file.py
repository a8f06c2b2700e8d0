"""DICOM files as sending needs them: their header, whole or decompressed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from detect.read.dicom_header import keep_quiet
from detect.send.failures import NotFitError

__all__ = ["DicomHeader", "read_header", "read_uncompressed", "read_whole"]

_TAGS = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
_NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What the protocols ask of an object."""

    sop_class: UID
    uid: str  # SOP Instance UID
    study: str
    series: str
    syntax: UID  # as stored


def read_header(path: Path) -> DicomHeader:
    """Return the identifiers of an object.

    Raises:
        NotFitError: it is no DICOM file, or lacks what storing it takes (PS3.10 section 7.1).
    """
    with _telling():
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=[*_TAGS])
        meta = dataset.file_meta
        values = [str(dataset.get(name, "")) for name in _TAGS]
        stored = str(meta.get("TransferSyntaxUID", ""))
        named = str(meta.get("MediaStorageSOPInstanceUID", ""))
    if not all(values) or not stored:
        raise NotFitError("lacks one of the UIDs that every DICOM object has; write it again")
    if named != values[1]:
        raise NotFitError("has another SOP Instance UID in its file header; write it again")
    return DicomHeader(UID(values[0]), values[1], values[2], values[3], UID(stored))


def read_whole(path: Path) -> FileDataset:
    """Return an object, with every element as it is in the file.

    Raises:
        NotFitError: it cannot be read, or ends too early.
    """
    with _telling():
        dataset = dcmread(path)
        last = dataset.get_item(max(dataset.keys())) if len(dataset) else None
    # pydicom takes what is there of a last element that is cut short
    if isinstance(last, RawDataElement) and last.length != 0xFFFFFFFF:
        present = len(last.value) if last.value is not None else 0
        if present != last.length:
            raise NotFitError("ends too early; write it again")
    return dataset


def read_uncompressed(path: Path) -> FileDataset:
    """Return an object with its pixels native, little endian, under the same UIDs.

    Raises:
        NotFitError: its pixels cannot be decoded, or it is big endian.
    """
    dataset = read_whole(path)
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_little_endian:
        raise NotFitError("is big endian, which the peer does not take; write it again")
    if syntax.is_encapsulated:
        with _telling():
            # decoding is exact for what results hold, so the object stays the same one
            dataset.decompress(as_rgb=False, generate_instance_uid=False)
    if syntax not in _NATIVE:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


@contextmanager
def _telling() -> Iterator[None]:
    """Turn what pydicom raises into a line that quotes no value."""
    keep_quiet()
    try:
        yield
    except InvalidDicomError as error:
        raise NotFitError("is not a DICOM file") from error
    except MemoryError:
        raise
    except Exception as error:  # of hostile files: many kinds, and their texts quote values
        raise NotFitError(f"cannot be read as DICOM ({type(error).__name__})") from error
