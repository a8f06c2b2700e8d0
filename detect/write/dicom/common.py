"""What every object made of a reading carries: patient, study, series, times, maker.

DICOM PS3.3: Patient (C.7.1.1), General Study (C.7.2.1), General Series (C.7.3.1; alike in SR
Document Series, C.17.1, and Presentation Series, C.11.9), equipment (C.7.5), SOP Common (C.12.1).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from detect.write.dicom.equipment import add_equipment
from detect.write.dicom.source import WRAPPED, DicomSource

__all__ = ["complete", "instance_number", "local_time", "series_number"]

_SERIES_NUMBERS = {
    WRAPPED: 9800,
    "dicom-sc": 9801,
    "dicom-gsps": 9802,
    "dicom-sr": 9803,
}
_SERIES_DESCRIPTIONS = {
    WRAPPED: "Images that were no DICOM objects",
    "dicom-sc": "Fracture Locator, pictures (research use only)",
    "dicom-gsps": "Fracture Locator, outlines (research use only)",
    "dicom-sr": "Fracture Locator, report (research use only)",
}
_LARGEST = 2**31 - 1  # of VR IS (PS3.5 table 6.2-1)
_IN_A_SERIES = 10_000
_OFFSET = re.compile(r"([+-])(\d\d)([0-5]\d)")
_MADE = ("InstanceCreation", "Content", "PresentationCreation")  # dates and times


def complete(dataset: Dataset, source: DicomSource, kind: str, created: datetime) -> None:
    """Fill in, or put right, all modules that objects of every kind share.

    Patient, study and SpecificCharacterSet as `source` has them; a series of this study, kind
    and bundle; SeriesNumber by kind; see `instance_number` and `local_time`. The file meta
    information is made anew, Explicit VR Little Endian where the dataset does not say.
    ContentDate, or PresentationCreationDate, and its time are set where the dataset has them.
    SOPClassUID and Modality must be there.

    Args:
        dataset: an object with all that is of its own kind.
        source: what it stands on.
        kind: name of the format; or `WRAPPED`, for which the maker is left as it is, since
            no bundle has a part in the image.
        created: with time zone: when the run began.
    """
    for element in source.patient_and_study:
        dataset.add(element)
    if "SpecificCharacterSet" not in source.patient_and_study:
        dataset.pop("SpecificCharacterSet", None)
    dataset.SeriesInstanceUID = source.series_uid(kind)
    dataset.SeriesNumber = series_number(kind)
    dataset.SeriesDescription = _SERIES_DESCRIPTIONS[kind]
    dataset.SOPInstanceUID = source.instance_uid(kind)
    dataset.InstanceNumber = instance_number(source)
    moment = local_time(source, created)
    for made in _MADE:
        if made == "InstanceCreation" or f"{made}Date" in dataset:
            setattr(dataset, f"{made}Date", moment.strftime("%Y%m%d"))
            setattr(dataset, f"{made}Time", moment.strftime("%H%M%S"))
    if _offset(source.header) or not (dataset.StudyDate or dataset.StudyTime):
        dataset.TimezoneOffsetFromUTC = moment.strftime("%z")
    if kind != WRAPPED:
        add_equipment(dataset, source.reading.model, moment)
    _add_meta(dataset)


def series_number(kind: str) -> int:
    """Return the SeriesNumber of a format: high, so that viewers list it after the images."""
    return _SERIES_NUMBERS[kind]


def instance_number(source: DicomSource) -> int:
    """Return an InstanceNumber that orders objects as their images are.

    10,000 times the SeriesNumber of the image plus its InstanceNumber, or frame number. For a
    raster image: the page, or 1.
    """
    frame = source.reading.source.frame
    if source.is_raster:
        return frame or 1
    series = _whole(source.header, "SeriesNumber")
    instance = frame or _whole(source.header, "InstanceNumber") or 1
    number = series * _IN_A_SERIES + instance
    return number if number <= _LARGEST else 1


def local_time(source: DicomSource, created: datetime) -> datetime:
    """Return the time in the zone that the source states, else in UTC.

    TimezoneOffsetFromUTC (0008,0201) holds for all dates and times of an object, also for those
    copied from the study. So `complete` writes it where the source states it, or where the study
    has no date and time; elsewhere it would claim a zone for the study's times that
    nobody knows. Times of VR DT always carry their own offset.
    """
    return created.astimezone(_offset(source.header) or UTC)


def _offset(header: FileDataset) -> timezone | None:
    match = _OFFSET.fullmatch(str(header.get("TimezoneOffsetFromUTC") or "").strip("\0 "))
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset) if offset < timedelta(1) else None


def _whole(header: FileDataset, keyword: str) -> int:
    """Return a whole number, 0 where there is none."""
    text = str(header.get(keyword) or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _add_meta(dataset: Dataset) -> None:
    meta: FileMetaDataset = getattr(dataset, "file_meta", FileMetaDataset())
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = meta.get("TransferSyntaxUID") or ExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
