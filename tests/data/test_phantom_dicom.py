"""Phantoms as DICOM, read by pydicom, by our reader, and checked by dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from detect.data.phantom import REGIONS, render_phantom
from detect.data.phantom.dicom import dicom_bytes
from detect.read import read

SIZE = (160, 128)


@pytest.mark.parametrize("inverted", [False, True])
def test_pydicom_reads_what_was_meant(inverted: bool) -> None:
    phantom = render_phantom(12, fractured=True, region="forearm", size=SIZE)
    image = dcmread(BytesIO(dicom_bytes(phantom, inverted=inverted)))
    assert image.SOPClassUID.name == "Digital X-Ray Image Storage - For Presentation"
    assert image.PhotometricInterpretation == ("MONOCHROME1" if inverted else "MONOCHROME2")
    stored = image.pixel_array
    assert stored.shape == SIZE
    shown = 4095 - stored if inverted else stored
    assert np.array_equal(shown.astype(np.uint16) << 4, phantom.pixels)
    assert (image.BitsStored, image.HighBit, image.PixelRepresentation) == (12, 11, 0)
    assert (image.WindowCenter, image.WindowWidth) == (2048, 4096)
    assert image.BodyPartExamined == "FOREARM"
    assert image.ImageLaterality == phantom.laterality
    assert float(image.PixelSpacing[0]) == pytest.approx(phantom.pixel_spacing, abs=1e-4)
    assert image.AnatomicRegionSequence[0].CodeMeaning == "Forearm"


def test_nothing_in_it_looks_like_a_patient() -> None:
    image = dcmread(BytesIO(dicom_bytes(render_phantom(12, fractured=True, size=SIZE))))
    assert str(image.PatientName) == "PHANTOM^SYNTHETIC"
    assert image.PatientID == "PHANTOM-12"
    assert image.PatientBirthDate == ""
    assert image.ReferringPhysicianName == ""


def test_uids_follow_from_the_phantom_alone() -> None:
    def uids(seed: int, fractured: bool) -> list[str]:
        phantom = render_phantom(seed, fractured=fractured, size=SIZE)
        image = dcmread(BytesIO(dicom_bytes(phantom)))
        found = [image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID]
        assert all(uid.is_valid for uid in found)
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        return [str(uid) for uid in found]

    first = uids(1, True)
    assert first == uids(1, True)
    assert len({*first, *uids(2, True), *uids(1, False)}) == 9


def test_our_reader_shows_both_photometric_interpretations_alike(tmp_path: Path) -> None:
    phantom = render_phantom(5, fractured=True, size=SIZE)
    shown = []
    for inverted in (False, True):
        file = tmp_path / f"{inverted}.dcm"
        file.write_bytes(dicom_bytes(phantom, inverted=inverted))
        (radiograph,) = read(file, file.name)
        assert radiograph.source.laterality == phantom.laterality
        shown.append(radiograph.pixels.astype(int))
    assert np.abs(shown[0] - shown[1]).max() <= 1
    assert np.corrcoef(shown[0].ravel(), phantom.pixels.ravel())[0, 1] > 0.99


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) not installed")
@pytest.mark.parametrize("region", list(REGIONS))
@pytest.mark.parametrize("inverted", [False, True])
def test_dciodvfy_finds_no_error(tmp_path: Path, region: str, inverted: bool) -> None:
    file = tmp_path / "phantom.dcm"
    for seed in (1, 4_294_967_295):
        phantom = render_phantom(seed, fractured=True, region=region, size=SIZE)
        file.write_bytes(dicom_bytes(phantom, inverted=inverted))
        done = subprocess.run(
            ["dciodvfy", str(file)], capture_output=True, text=True, check=False, timeout=60
        )
        lines = (done.stdout + done.stderr).splitlines()
        assert "DXImageForPresentation" in lines
        # its list of body parts is older than the standard's (PS3.16 table L-1)
        lines = [line for line in lines if "<FOREARM>" not in line]
        assert [line for line in lines if line.startswith(("Error", "Warning", "Abort"))] == []
