"""Objects as the writers of results make them: SR, Secondary Capture, GSPS, FHIR Bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

__all__ = [
    "CLASSES",
    "PATIENT",
    "STUDY",
    "bundle",
    "events_in",
    "uid_of",
    "write_object",
    "write_results",
]

STUDY = "1.2.826.0.1.3680043.8.498.77"
PATIENT = "Geheim^Sophie"
CLASSES = {
    "dicom-sr": Comprehensive3DSRStorage,
    "dicom-sc": SecondaryCaptureImageStorage,
    "dicom-gsps": GrayscaleSoftcopyPresentationStateStorage,
}


def write_results(folder: Path, count: int, *kinds: str, side: int = 64) -> Path:
    """Write `count` objects of each kind below a folder, and return the folder."""
    for kind in kinds:
        for number in range(count):
            path = folder / kind / f"hand ü/{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind.startswith("fhir"):
                text = json.dumps(bundle(number))
                path.with_name(f"{path.name}.json").write_text(text, encoding="utf-8")
            else:
                write_object(path.with_name(f"{path.name}.dcm"), kind, number, side)
    return folder


def events_in(journal: Path) -> list[tuple[str, str]]:
    """The event and the path of each line of a journal."""
    lines = map(json.loads, journal.read_text(encoding="utf-8").splitlines()[1:])
    return [(line["event"], line["path"]) for line in lines]


def uid_of(kind: str, number: int) -> str:
    """The SOP Instance UID of an object."""
    return f"{STUDY}.{sorted(CLASSES).index(kind) + 1}.{number + 1}"


def write_object(path: Path, kind: str, number: int, side: int = 64, **others: Any) -> None:
    """Write a small object of a kind; `others` are attributes, None leaves one out."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CLASSES[kind]
    meta.MediaStorageSOPInstanceUID = uid_of(kind, number)
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = CLASSES[kind]
    dataset.SOPInstanceUID = uid_of(kind, number)
    dataset.StudyInstanceUID = STUDY
    dataset.SeriesInstanceUID = uid_of(kind, number).rpartition(".")[0]
    dataset.PatientName, dataset.PatientID = PATIENT, "GEHEIM-1"
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260314", "092653", ""
    dataset.ReferringPhysicianName, dataset.AccessionNumber = "", ""
    dataset.SeriesNumber, dataset.InstanceNumber = 1, number + 1
    dataset.ContentDate, dataset.ContentTime = "20260314", "092653"
    {"dicom-sr": _report, "dicom-sc": _picture, "dicom-gsps": _state}[kind](dataset, number, side)
    for keyword, value in others.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)


def _report(dataset: Dataset, number: int, _side: int) -> None:
    dataset.Modality, dataset.ValueType = "SR", "CONTAINER"
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ConceptNameCodeSequence = [_code(codes.DCM.ImagingMeasurementReport)]
    text = Dataset()
    text.RelationshipType, text.ValueType = "CONTAINS", "TEXT"
    text.ConceptNameCodeSequence = [_code(codes.DCM.Comment)]
    text.TextValue = f"Straße {number}"
    dataset.ContentSequence = Sequence([text])


def _picture(dataset: Dataset, number: int, side: int) -> None:
    dataset.Modality, dataset.ConversionType = "OT", "WSD"
    dataset.Rows = dataset.Columns = side
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
    dataset.PlanarConfiguration, dataset.PixelRepresentation = 0, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.compress(RLELossless, generate_instance_uid=False)


def _state(dataset: Dataset, number: int, _side: int) -> None:
    dataset.Modality, dataset.ContentLabel = "PR", "FRACTURES"
    dataset.ContentDescription, dataset.ContentCreatorName = f"boxes {number}", ""
    dataset.PresentationCreationDate, dataset.PresentationCreationTime = "20260314", "092653"
    dataset.PresentationLUTShape = "IDENTITY"


def _code(code: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def bundle(number: int) -> dict[str, Any]:
    """A transaction that can be repeated."""
    identity = f"00000000-0000-5000-8000-{number:012}"
    observation = {
        "resourceType": "Observation",
        "id": identity,
        "status": "preliminary",
        "code": {"text": "fracture"},
    }
    return {
        "resourceType": "Bundle",
        "id": f"b{number}",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{identity}",
                "resource": observation,
                "request": {"method": "PUT", "url": f"Observation/{identity}"},
            }
        ],
    }
