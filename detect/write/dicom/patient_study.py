"""The patient and study of a source, for an object that goes into the same study.

DICOM PS3.3: Patient Module (C.7.1.1) and General Study Module (C.7.2.1). Only what is required
(types 1 and 2) is copied; further attributes of an animal only, since they are required there.
"""

from __future__ import annotations

import re
from datetime import date

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from detect.write.dicom.character_set import settle_character_set

__all__ = ["copied_patient_and_study"]

_REQUIRED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
)
_MARKS_OF_ANIMALS = ("PatientSpeciesDescription", "PatientSpeciesCodeSequence")  # type 1C
_REQUIRED_OF_ANIMALS = (  # type 2C
    *("PatientBreedDescription", "PatientBreedCodeSequence", "BreedRegistrationSequence"),
    *("ResponsiblePerson", "ResponsibleOrganization"),
)
_OF_ANIMALS = (*_MARKS_OF_ANIMALS, *_REQUIRED_OF_ANIMALS, "ResponsiblePersonRole")

_DATE = re.compile(r"(\d{4})[.-]?(\d\d)[.-]?(\d\d)")
_TIME = re.compile(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?)?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def copied_patient_and_study(header: FileDataset, study_instance_uid: str) -> Dataset:
    """Return the attributes that an object of the same study begins with.

    SpecificCharacterSet is that of the source (`settle_character_set`). What the source lacks
    is there and empty, as type 2 allows. Dates in the forms 1998.01.31 and 1998-01-31 and
    times as 09:30:00 are put into the form of today; a date, time or sex that is none is left
    empty. Names and numbers are copied as they are, also where they are too long, since a PACS
    knows the patient by them; of several values, the first; without control characters. A
    value that bears a wrong VR is read in the right one.

    Args:
        header: as parsed; its texts not read yet.
        study_instance_uid: of the study.
    """
    tags = [tag_for_keyword(keyword) or 0 for keyword in _REQUIRED + _OF_ANIMALS]
    terms = settle_character_set(header, tags)
    animal = any(header.get(keyword) for keyword in _MARKS_OF_ANIMALS)
    keywords = _REQUIRED + _OF_ANIMALS if animal else _REQUIRED
    copied = Dataset()
    if terms:
        copied.SpecificCharacterSet = terms if len(terms) > 1 else terms[0]
    for keyword in keywords:
        if keyword in _REQUIRED + _REQUIRED_OF_ANIMALS or keyword in header:
            _copy(header, keyword, copied)
    copied.StudyInstanceUID = study_instance_uid
    return copied


def _copy(header: FileDataset, keyword: str, copied: Dataset) -> None:
    tag, vr = tag_for_keyword(keyword) or 0, dictionary_VR(keyword)
    raw = header.get_item(tag) if tag in header else None
    if isinstance(raw, RawDataElement) and raw.VR not in (None, vr):
        header[tag] = raw._replace(VR=vr)  # of a wrong VR: the bytes are what they should be
    value = header.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    if vr == "SQ":
        copied.add(DataElement(tag, vr, value or []))
    elif vr == "PN":
        copied.add(DataElement(tag, vr, _name(value)))
    else:
        text = _CONTROL.sub("", _text(value)).strip()
        form = {"DA": _date, "TM": _time}.get(vr)
        if keyword == "PatientSex":
            form = _sex
        copied.add(DataElement(tag, vr, form(text) if form else text))


def _name(value: object) -> PersonName | str:
    """Return the name with the bytes it came in, unless they hold what a name may not."""
    if isinstance(value, PersonName):
        return value if not _CONTROL.search(str(value)) else _CONTROL.sub("", str(value))
    return _CONTROL.sub("", _text(value))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _date(text: str) -> str:
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.groups())).isoformat().replace("-", "") if match else ""
    except ValueError:  # 31 February
        return ""


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    return "".join(part or "" for part in match.groups()) if match else ""


def _sex(text: str) -> str:
    return text.upper() if text.upper() in ("M", "F", "O") else ""
