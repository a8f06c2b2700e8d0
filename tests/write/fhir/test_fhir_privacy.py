"""A DICOM object full of identity, through the command line: none of it is in any Bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import Call
from fhir_json import bundles_in, walk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

SECRETS = {
    "PatientName": "Secretova^Sophie",
    "PatientID": "PID-4711-SECRET",
    "PatientBirthDate": "19500102",
    "PatientAddress": "Secret Street 5",
    "OtherPatientIDs": "OTHER-SECRET",
    "AccessionNumber": "ACC-SECRET-9",
    "StudyID": "STUDY-SECRET",
    "StudyDate": "20190807",
    "ContentDate": "20190806",
    "ReferringPhysicianName": "Referrer^Secret",
    "OperatorsName": "Operator^Secret",
    "InstitutionName": "Secret Hospital",
    "StationName": "SECRETSTATION",
    "StudyDescription": "Secret study",
    "ImageComments": "Secret comment",
}
FRAMES = 2


@pytest.fixture
def images(tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]) -> Path:
    """A folder with one multi-frame radiograph."""
    pixels = np.stack([(phantom_pixels[0] >> 4).astype(np.uint16)] * FRAMES)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = "1.2.840.1.3", "1.2.840.1.2"
    dataset.StudyInstanceUID = "1.2.840.1.1"
    dataset.Modality, dataset.BodyPartExamined, dataset.ImageLaterality = "DX", "WRIST", "R"
    dataset.BurnedInAnnotation = "YES"
    for keyword, value in SECRETS.items():
        setattr(dataset, keyword, value)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()
    folder = tmp_path / "images"
    folder.mkdir()
    dataset.save_as(folder / "i.dcm", enforce_file_format=True)
    return folder


def test_no_identity_is_copied(
    images: Path, tmp_path: Path, call: Call, make_bundle: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    formats = ("--format", "fhir-r4", "--format", "fhir-r5")
    bundle = make_bundle(balanced=0.1, screening=0.1, confirm=0.1)
    ended = call("detect", images, "--out", out, "--weights", bundle, "--no-images", *formats)
    assert ended.code == 0, ended.err
    for release in ("fhir-r4", "fhir-r5"):
        bundles = bundles_in(out / release)
        assert set(bundles) == {f"i.dcm.frame{number}.json" for number in (1, 2)}
        for path in (out / release).rglob("*.json"):
            text = path.read_text(encoding="utf-8").lower()
            assert "secret" not in text
            assert not [v for v in SECRETS.values() if v.lower() in text]
            assert "i.dcm" not in text  # file names are often made of names
        for number, each in enumerate(bundles.values(), start=1):
            uids = {str(value) for _, value in walk(each)}
            assert "urn:oid:1.2.840.1.1" in uids
            assert "1.2.840.1.2" in uids  # the series, from the header
            if release == "fhir-r5":
                classes = {str(v["code"]) for name, v in walk(each) if name == "sopClass"}
                assert classes == {f"urn:oid:{DigitalXRayImageStorageForPresentation}"}
                frames = [value for name, value in walk(each) if name == "subset"]
                assert frames
                assert all(frame == [str(number)] for frame in frames)


def test_without_the_images_only_the_series_is_missing(
    images: Path, tmp_path: Path, call: Call, make_bundle: Callable[..., Path]
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    call("detect", images, "--out", out, "--weights", make_bundle(), "--no-images")
    (images / "i.dcm").unlink()
    ended = call("report", out, "--format", "fhir-r5", "--out", again)
    assert ended.code == 0, ended.err
    bundles = bundles_in(again / "fhir-r5")
    assert len(bundles) == FRAMES
    for each in bundles.values():
        names = {name for name, _ in walk(each)}
        assert "studyUid" in names
        assert "seriesUid" not in names
