"""What a picture was made by: the window, tables and polarity that the reader chose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_images import write_radiograph

from detect.errors import ReadError
from detect.read.dicom_stages import read_stages

DEEP = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
RAMP = np.arange(3840, dtype=np.uint16).reshape(64, 60)


def test_what_the_object_states(tmp_path: Path) -> None:
    path = write_radiograph(
        tmp_path / "a.dcm",
        RAMP,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=900,
        WindowWidth=700,
        RescaleSlope=2,
        RescaleIntercept=-5,
        **DEEP,
    )
    stages = read_stages(path, "a", None)
    assert stages.modality is not None
    assert (stages.modality.RescaleSlope, stages.modality.RescaleIntercept) == (2, -5)
    assert stages.voi is not None
    assert (stages.voi.WindowCenter, stages.voi.WindowWidth) == (900, 700)
    assert stages.inverted


@pytest.mark.parametrize("useless", [{}, {"WindowCenter": 60000, "WindowWidth": 10}])
def test_limits_stand_in_for_a_window(tmp_path: Path, useless: dict[str, int]) -> None:
    stages = read_stages(write_radiograph(tmp_path / "a.dcm", RAMP, **DEEP, **useless), "a", None)
    assert stages.modality is None
    assert stages.voi is None
    assert stages.limits == (3, 3836)  # all but a thousandth at either end
    assert not stages.inverted


def test_each_frame_has_limits_of_its_own(tmp_path: Path) -> None:
    path = write_radiograph(tmp_path / "a.dcm", np.stack([RAMP, RAMP // 2]), **DEEP)
    highest = [read_stages(path, "a", frame).limits[1] for frame in (1, 2)]
    assert highest == [3836, 1918]


def test_colour_has_none(tmp_path: Path) -> None:
    colour = np.zeros((3, 4, 5), np.uint8)
    path = write_radiograph(
        tmp_path / "a.dcm",
        colour,
        NumberOfFrames=1,
        SamplesPerPixel=3,
        PlanarConfiguration=1,
        PhotometricInterpretation="RGB",
    )
    with pytest.raises(ReadError, match="in colour"):
        read_stages(path, "a", None)
