"""DICOM radiographs to make results of, readings of them, and what others say of objects."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    XRayRadiofluoroscopicImageStorage,
)

from detect.read import read
from detect.record import Box, Finding, ModelInfo, Reading, Verdict

__all__ = [
    "MODEL",
    "ROOT",
    "errors_of",
    "findings_at",
    "points_of",
    "reading_of",
    "write_radiograph",
]

MODEL = ModelInfo("fracture-n", "1.0.0", "f" * 64)
ROOT = "1.2.826.0.1.3680043.8.498"


def write_radiograph(
    path: Path, pixels: NDArray[np.uint8] | None = None, **attributes: Any
) -> Path:
    """Write a valid CR image, or an RF object of several frames, (frames, rows, columns).

    Further keyword arguments are attributes; None leaves one out.
    """
    pixels = np.tile(np.arange(60, dtype=np.uint8) * 4, (80, 1)) if pixels is None else pixels
    frames = len(pixels) if pixels.ndim == 3 else None
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = (
        XRayRadiofluoroscopicImageStorage if frames else ComputedRadiographyImageStorage
    )
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.3"
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    plain: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": f"{ROOT}.1",
        "SeriesInstanceUID": f"{ROOT}.2",
        "PatientName": "Müller^Jürgen",
        "PatientID": "P-1",
        "PatientBirthDate": "19700102",
        "PatientSex": "M",
        "StudyDate": "20260102",
        "StudyTime": "101112.5",
        "StudyID": "S-1",
        "AccessionNumber": "A-1",
        "ReferringPhysicianName": "Arzt^Anna",
        "Modality": "RF" if frames else "CR",
        "SeriesNumber": 7,
        "InstanceNumber": 2,
        "BodyPartExamined": "HAND",
        "Laterality": "L",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    } | ({"NumberOfFrames": frames} if frames else {})
    for keyword, value in (plain | attributes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def reading_of(
    path: Path,
    findings: Sequence[Finding] = (),
    *,
    name: str | None = None,
    frame: int | None = None,
    model: ModelInfo = MODEL,
    **others: Any,
) -> Reading:
    """Return a reading of an image as the reader finds it; fractured if it has findings."""
    images = list(read(path, name or path.name))
    source = images[0 if frame is None else frame - 1].source
    fractured = bool(findings)
    verdict = Verdict(
        "fractured" if fractured else "not_fractured",
        "definite",
        0.875 if fractured else 0.125,
        "balanced",
        0.5,
    )
    return Reading(source, verdict, tuple(findings), model, **others)


def findings_at(*boxes: tuple[float, float, float, float]) -> tuple[Finding, ...]:
    """Return a definite finding and further suspicious ones."""
    return tuple(
        Finding(f"F{n}", "fracture", "suspicious" if n > 1 else "definite", 0.9 - n / 10, Box(*box))
        for n, box in enumerate(boxes, start=1)
    )


def points_of(dataset: Dataset) -> NDArray[np.float64]:
    """Return the corners of an SCOORD or graphic object, (column, row), shape (n, 2)."""
    return np.array(dataset.GraphicData, np.float64).reshape(-1, 2)


def errors_of(path: Path) -> list[str]:
    """Return what dciodvfy finds wrong with an object."""
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace")
    return [line for line in said.stderr.splitlines() if line.startswith("Error")]
