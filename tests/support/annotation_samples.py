"""Images of every kind that annotation tools treat differently, and readings of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from detect.read import read
from detect.record import Box, Failure, Finding, ModelInfo, Reading, Source, Verdict

__all__ = [
    "BROKEN",
    "DEEP",
    "ODD",
    "PATIENT",
    "SHARED_STEM",
    "readings_of",
    "shown_of",
    "write_images",
]

DEEP = "x/images/deep.png"  # 16 bits
ODD = 'Hände & <b>/l\'os "x" #1?%20+.png'
SHARED_STEM = ("a/plain.jpg", "a/plain.png")
BROKEN = "zz broken.jpg"
PATIENT = "Secret^Sophie"
_MODEL = ModelInfo("bundle", "1.0.0", "f" * 64)


def write_images(folder: Path) -> None:
    """Write JPEG, PNG of 8 and 16 bits, one that EXIF turns, TIFF of two pages, and DICOM."""
    rng = np.random.default_rng(5)

    def grey(height: int, width: int) -> NDArray[np.uint8]:
        return rng.integers(0, 255, (height, width), np.uint8)

    for name in (*SHARED_STEM, ODD):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey(80, 121)).save(path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grey(40, 61)).save(folder / "turned.jpg", exif=exif)  # shown 40 wide
    (folder / DEEP).parent.mkdir(parents=True)
    Image.fromarray(grey(50, 70).astype(np.uint16) * 16).save(folder / DEEP)
    pages = [Image.fromarray(grey(33, 44)) for _ in range(2)]
    pages[0].save(folder / "pages.tif", save_all=True, append_images=pages[1:])
    write_dicom(folder / "hand.dcm", grey(90, 60))
    write_dicom(folder / "multi", np.stack([grey(30, 40) for _ in range(3)]))
    (folder / BROKEN).write_bytes(b"\xff\xd8\xff\xe0 no picture")


def write_dicom(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a radiograph of one frame, (rows, columns), or of several."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{pixels.size}"
    dataset.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.2"
    dataset.PatientName = PATIENT
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)


def readings_of(folder: Path) -> tuple[Reading | Failure, ...]:
    """Return records of the images of `write_images`, in the order of their names.

    Every other image is fractured: with a definite and a suspicious box, one below the
    thresholds, and an outline of evidence on the last.
    """
    records: list[Reading | Failure] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name == BROKEN:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            records.append(Failure(Source(name, digest), "corrupt", f"{name}: no picture"))
            continue
        for radiograph in read(path, name):
            records.append(_reading(radiograph.source, len(records)))
    return tuple(records)


def _reading(source: Source, number: int) -> Reading:
    if number % 2:
        verdict = Verdict("not_fractured", "doubtful", 0.2, "balanced", 0.25)
        box = Finding("F1", "fracture", "none", 0.04, Box(1, 1, 9, 9))
        return Reading(source, verdict, (box,), _MODEL)
    assert source.width is not None
    assert source.height is not None
    width, height = float(source.width), float(source.height)
    findings = (
        Finding("F1", "fracture", "definite", 0.83, Box(1.01, 2.5, width / 3, height / 2)),
        Finding("F2", "metal & <b>", "suspicious", 0.3333, Box(width / 2, 0.0, width, height)),
        Finding("F3", "fracture", "none", 0.01, Box(0.0, 0.0, 5.0, 1.0)),
    )
    if number > 6:
        evidence = Box(0.0, 1.0, 12.34, 13.0)
        findings = (Finding("F1", "fracture", "suspicious", 0.7, evidence, "evidence"), findings[2])
    verdict = Verdict("fractured", "definite", 0.9 - number / 100, "balanced", 0.25)
    return Reading(source, verdict, findings, _MODEL, warnings=("small image",))


def shown_of(record: Reading | Failure) -> list[tuple[str, float, float, float, float]]:
    """Return label and corners of the definite and suspicious findings, sorted."""
    findings = record.findings if isinstance(record, Reading) else ()
    return sorted(
        (f.label, f.box.x1, f.box.y1, f.box.x2, f.box.y2) for f in findings if f.certainty != "none"
    )
