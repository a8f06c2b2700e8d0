"""DICOM full of identity, through every format: only DICOM objects name the patient."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars
import pydicom
import pytest
from dicom_images import write_radiograph
from pydicom.datadict import DicomDictionary
from pypdf import PdfReader

from detect.write.registry import FORMATS

ROOT = Path(__file__).parents[1]
MARK = "Zq7"  # begins every text that tells who it is
YEAR = "1931"  # of every date, which is none of any UID or figure
ALLOWED = {  # PS3.3 C.7.1.1 and C.7.2.1: types 1 and 2 of the Patient and Study modules
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
}
READ_FROM = {  # what the reader or the results are allowed to know
    *("SpecificCharacterSet", "BodyPartExamined", "Laterality", "ImageLaterality"),
    *("PhotometricInterpretation", "Modality", "PatientSex", "ImageType"),
    "PatientSpeciesDescription",  # what makes an animal of the patient, of which more is required
}
TEXTS = {"PN", "LO", "SH", "ST", "LT", "UT", "UC"}
DATES = {"DA": f"{YEAR}0203", "DT": f"{YEAR}0203040506", "TM": "040506"}


def _identity() -> dict[str, str]:
    """Return a value of every text, date and time attribute that the standard knows."""
    values = {}
    for index, (tag, (vr, multiplicity, _, _, keyword)) in enumerate(DicomDictionary.items()):
        group = tag >> 16
        if not keyword or keyword in READ_FROM or not 0x0008 <= group <= 0x0040:
            continue
        if vr in TEXTS and multiplicity in ("1", "1-n"):
            values[keyword] = f"{MARK}{index}^Anna" if vr == "PN" else f"{MARK}{index}"
        elif vr in DATES:
            values[keyword] = DATES[vr]
    return values


@pytest.fixture
def images(tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]) -> Path:
    """A sound radiograph, one that ends too early, and an object that is none."""
    folder = tmp_path / "in"
    pixels = (phantom_pixels[0] >> 8).astype(np.uint8)
    identity = _identity() | {"BurnedInAnnotation": "YES"}
    sound = write_radiograph(folder / "sound.dcm", pixels, **identity)
    (folder / "broken.dcm").write_bytes(sound.read_bytes()[:-9000])
    write_radiograph(folder / "film.dcm", np.stack([pixels] * 2), **identity)
    report = pydicom.dcmread(sound)
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.Modality = "SR"
    report.save_as(folder / "report.dcm")
    return folder


def _texts_of(path: Path) -> Iterator[str]:
    """Yield all that can be read in a file, compressed parts included."""
    raw = path.read_bytes()
    for encoding in ("utf-8", "utf-16-le", "latin-1"):
        yield raw.decode(encoding, errors="replace")
    if path.suffix == ".pdf":
        reader = PdfReader(path)
        yield str(reader.metadata)
        yield from (page.extract_text() for page in reader.pages)
    elif path.suffix == ".parquet":
        yield str(polars.read_parquet(path).to_dicts())
        yield str(polars.read_parquet_metadata(path))
    elif path.suffix == ".png":
        yield from (
            zlib.decompress(part[1]).decode("latin-1")
            for part in re.finditer(rb"(?:zTXt|iTXt).{5,}?\0\0(x.+?)IEND", raw, re.DOTALL)
        )


def test_identity_stays_in_the_objects_that_need_it(images: Path, tmp_path: Path) -> None:
    source = pydicom.dcmread(images / "sound.dcm")
    assert str(source.PatientName).startswith(MARK)
    assert source.PatientBirthDate.startswith(YEAR)
    out = tmp_path / "out"
    formats = [text for name in FORMATS if name != "json" for text in ("--format", name)]
    command = ["detect", str(images), "--out", str(out), "--heatmap", "--verbose", *formats]
    done = subprocess.run(
        [sys.executable, "cli.py", *command], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 3, done.stderr  # two files could not be read
    said = done.stdout + done.stderr
    assert MARK not in said
    assert YEAR not in said
    written = [path for path in out.rglob("*") if path.is_file()]
    objects = [path for path in written if path.suffix == ".dcm"]
    assert len(objects) == 3 * 3  # SR, SC, GSPS of three images
    for name, format_ in FORMATS.items():
        for output in format_.outputs:
            assert (out / output).exists(), name
    for path in written:
        assert MARK not in str(path.relative_to(out))
        if path not in objects:
            for text in _texts_of(path):
                assert MARK not in text, path
                assert f"{YEAR}-02-03" not in text, path
                assert f"{YEAR}0203" not in text, path


def test_objects_name_the_patient_and_no_more(images: Path, tmp_path: Path) -> None:
    formats = [
        text for name in ("dicom-sr", "dicom-sc", "dicom-gsps") for text in ("--format", name)
    ]
    command = ["detect", str(images), "--out", str(tmp_path / "out"), "--no-images", *formats]
    subprocess.run([sys.executable, "cli.py", *command], capture_output=True, cwd=ROOT)
    objects = sorted((tmp_path / "out").rglob("*.dcm"))
    assert objects
    source = pydicom.dcmread(images / "sound.dcm")
    for path in objects:
        copied = set()
        for element in pydicom.dcmread(path).iterall():
            text = str(element.value)
            if element.VR != "SQ" and (MARK in text or text.startswith(YEAR)):
                copied.add(element.keyword)
                assert element.value == source[element.keyword].value
        assert copied == ALLOWED - {"PatientSex", "StudyTime"}, path
