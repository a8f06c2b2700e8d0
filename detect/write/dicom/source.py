"""From a reading to the study and the image that DICOM objects made of it belong to.

A DICOM source: its own study, and the image instance (and frame) that was read.

A raster source has neither. With --as-secondary-capture-of FILE, patient and study are those
of FILE, and the image is a Secondary Capture of the raster image without annotations, which the
format dicom-sc writes beside the annotated one: structured report and presentation state refer
to its UIDs, which are known beforehand and do not depend on the bundle. So **send dicom-sc
together with them**; without, a viewer has nothing to show them on. That capture has the pixels
of the radiograph and nothing else, so that boxes need no conversion.

What a sloppy DICOM source lacks is made good by rule:

- SOPClassUID and SOPInstanceUID: from the file meta information; else the class by Modality
  (CR, DX, RF, XA; Secondary Capture for others), and a stable UID made of the file's hash.
- StudyInstanceUID, SeriesInstanceUID: a stable UID made of the file's hash. The objects then
  agree with each other, but a PACS that took the file in by some rule of its own shows them
  in another study, of which a warning tells.
- UIDs with leading zeros and the like are kept, since a PACS knows the image by them.
- patient, study, character set: see `patient_study` and `character_set`.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from detect.errors import InputError, NotWrittenError, ReadError
from detect.read.dicom_header import ends_in_header, keep_quiet, parse
from detect.read.guard import guard
from detect.read.sniff import HEAD_BYTES, sniff
from detect.record import Reading
from detect.write.context import WriteContext
from detect.write.dicom.identity import (
    instance_uid,
    series_uid,
    stand_in_uid,
    wrapped_instance_uid,
    wrapped_series_uid,
)
from detect.write.dicom.patient_study import copied_patient_and_study

__all__ = ["WRAPPED", "DicomSource", "DicomSources", "ImageReference"]

LOGGER = logging.getLogger(__name__)
WRAPPED = "image"  # kind of the Secondary Captures that stand for raster images
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_UID_LENGTH = 64
_CLASSES = {
    "CR": ComputedRadiographyImageStorage,
    "DX": DigitalXRayImageStorageForPresentation,
    "DR": DigitalXRayImageStorageForPresentation,
    "RF": XRayRadiofluoroscopicImageStorage,
    "XA": XRayAngiographicImageStorage,
}
_PLACE = ("StudyInstanceUID", "SeriesInstanceUID")  # where an archive files an image
_OPTION = "--as-secondary-capture-of"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image instance, or one frame of it."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None  # 1-based ReferencedFrameNumber of a multi-frame object, else None


@dataclass(frozen=True, slots=True)
class DicomSource:
    """What objects made of one reading stand on."""

    reading: Reading
    path: Path  # of the image file
    study_instance_uid: str
    image: ImageReference  # that objects refer to
    header: FileDataset  # of the image, or for a raster image that of the file of its study;
    # without pixels, decoded by the settled character set; never to be written as a whole
    patient_and_study: Dataset  # what the object begins with, SpecificCharacterSet included
    is_raster: bool  # the image is the Secondary Capture of kind `WRAPPED`

    def instance_uid(self, kind: str) -> str:
        """Return the SOPInstanceUID of the object of a format, or of the `WRAPPED` image."""
        if kind == WRAPPED:
            return self.image.sop_instance_uid
        return instance_uid(kind, self.reading, self.study_instance_uid)

    def series_uid(self, kind: str) -> str:
        """Return the SeriesInstanceUID of the objects of a format, or of `WRAPPED` images."""
        if kind == WRAPPED:
            return self.image.series_instance_uid
        return series_uid(kind, self.reading.model, self.study_instance_uid)


@dataclass(frozen=True, slots=True)
class _Study:
    """A parsed file, as far as it does not depend on the reading."""

    header: FileDataset
    uid: str
    patient_and_study: Dataset


class DicomSources:
    """Finds the `DicomSource` of readings; keeps the header of one file at a time.

    Raises:
        InputError: --as-secondary-capture-of names no DICOM file with a study.
    """

    def __init__(self, context: WriteContext) -> None:
        keep_quiet()
        self._originals = context.originals
        given = context.options.secondary_capture_of
        self._of_rasters = None if given is None else _study_of_option(given)
        self._last: tuple[Path, str | None, _Study | None] | None = None

    def of(self, reading: Reading) -> DicomSource:
        """Return what objects made of this reading stand on.

        Raises:
            NotWrittenError: the image is not found again or cannot be read, or is a raster
                image that no study was named for.
        """
        path = self._originals.path_of(reading.source)
        study = self._study(path, reading)
        if study is not None:
            image = _image(study.header, reading)
            return DicomSource(
                reading, path, study.uid, image, study.header, study.patient_and_study, False
            )
        study = self._of_rasters
        if study is None:
            raise NotWrittenError(
                f"{reading.source.path}: is no DICOM image and belongs to no study; name a DICOM "
                f"file of its patient and study with {_OPTION}, or wrap it as DICOM and read that"
            )
        image = ImageReference(
            wrapped_series_uid(study.uid),
            SecondaryCaptureImageStorage,
            wrapped_instance_uid(reading.source, study.uid),
            None,  # each page of a TIFF becomes a capture of its own
        )
        return DicomSource(
            reading, path, study.uid, image, study.header, study.patient_and_study, True
        )

    def _study(self, path: Path, reading: Reading) -> _Study | None:
        """Return what a DICOM file says, None for a raster image."""
        key = (path, reading.source.sha256)
        if self._last is None or self._last[:2] != key:
            self._last = (*key, _parsed(path, reading))
        return self._last[2]


def _parsed(path: Path, reading: Reading) -> _Study | None:
    name = reading.source.path
    try:
        with path.open("rb") as stream:
            if sniff(stream.read(HEAD_BYTES)) != "DICOM":
                return None
            with guard(name, lambda: ends_in_header(stream)):
                header = parse(stream, name, header_only=True)
                lacking = [keyword for keyword in _PLACE if _uid(header, keyword) is None]
                if lacking:
                    LOGGER.warning(
                        "%s: lacks %s; its objects get a UID made of the file in its place, and "
                        "an archive may show them apart from the image",
                        name,
                        " and ".join(lacking),
                    )
                uid = _uid(header, "StudyInstanceUID") or _stand_in("StudyInstanceUID", reading)
                return _Study(header, uid, copied_patient_and_study(header, uid))
    except ReadError as error:
        raise NotWrittenError(str(error)) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotWrittenError(f"{name}: cannot be read again: {why}; check the disk") from error


def _study_of_option(path: Path) -> _Study:
    way_out = "name a DICOM file of the study that the images belong to"
    try:
        with path.open("rb") as stream:
            if sniff(stream.read(HEAD_BYTES)) != "DICOM":
                raise InputError(f"{_OPTION} {path}: is no DICOM file; {way_out}")
            with guard(str(path), lambda: ends_in_header(stream)):
                header = parse(stream, str(path), header_only=True)
                uid = _uid(header, "StudyInstanceUID")
                copied = copied_patient_and_study(header, uid or "")
        if uid is None:
            raise InputError(f"{_OPTION} {path}: has no StudyInstanceUID; {way_out}")
        return _Study(header, uid, copied)
    except ReadError as error:
        raise InputError(f"{_OPTION} {error}") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"{_OPTION} {path}: cannot be read: {why}; {way_out}") from error


def _image(header: FileDataset, reading: Reading) -> ImageReference:
    meta = header.file_meta
    by_modality = _CLASSES.get(reading.source.modality or "", SecondaryCaptureImageStorage)
    return ImageReference(
        _uid(header, "SeriesInstanceUID") or _stand_in("SeriesInstanceUID", reading),
        _uid(header, "SOPClassUID") or _uid(meta, "MediaStorageSOPClassUID") or by_modality,
        _uid(header, "SOPInstanceUID")
        or _uid(meta, "MediaStorageSOPInstanceUID")
        or _stand_in("SOPInstanceUID", reading),
        reading.source.frame,
    )


def _uid(dataset: Dataset, keyword: str) -> str | None:
    value = str(dataset.get(keyword) or "").strip("\0 ")
    return value if _UID.fullmatch(value) and len(value) <= _UID_LENGTH else None


def _stand_in(keyword: str, reading: Reading) -> str:
    return stand_in_uid(keyword, reading.source.sha256 or "")
