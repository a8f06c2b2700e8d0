"""The grey of presentation states: dcmtk shows an image by it as it was read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dicom_images import errors_of, reading_of, write_radiograph
from pydicom import Dataset, dcmread
from pydicom.uid import (
    EnhancedXAImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from detect.read import read
from detect.write.context import WriteContext
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
State = Callable[[Path], Path]
needs_tools = pytest.mark.skipif(
    shutil.which("dciodvfy") is None or shutil.which("dcmp2pgm") is None,
    reason="needs dicom3tools and dcmtk",
)

SIXTEEN = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
RAMP = np.arange(64 * 60, dtype=np.uint16).reshape(64, 60)  # 0 to 3839, of 12 bits
SIGNED = RAMP.astype(np.int16) - 2000


@pytest.fixture
def state(tmp_path: Path, context: Contexts) -> State:
    """Return what writes the presentation state of an image."""

    def one(image: Path, frame: int | None = None) -> Path:
        readings = [reading_of(image, frame=frame)]
        missed = write_formats(readings, context(tmp_path / "out", tmp_path), ["dicom-gsps"])
        assert missed == ()
        (path,) = (tmp_path / "out").rglob("*.dcm")
        return path

    return one


def lut(first: int, bits: int, data: np.ndarray, **more: Any) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(data) % 65536, first, bits])
    item.add_new("LUTData", "OW", data.astype("<u2").tobytes())
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return [item]


CURVE = (np.linspace(0, 1, 4096) ** 2 * 4095).astype(np.uint16)
CASES: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "window": (RAMP, {"WindowCenter": 1500, "WindowWidth": 900}),
    "the first of two windows": (RAMP, {"WindowCenter": [1500, 9], "WindowWidth": [900, 5]}),
    "rescaled": (
        RAMP,
        {
            "RescaleSlope": 0.5,
            "RescaleIntercept": -100,
            "RescaleType": "HU",
            "WindowCenter": 400,
            "WindowWidth": 800.5,
        },
    ),
    "rescaled without a type": (
        RAMP,
        {"RescaleSlope": 2, "RescaleIntercept": 0, "WindowCenter": 400, "WindowWidth": 800},
    ),
    "signed": (SIGNED, {"PixelRepresentation": 1, "WindowCenter": 0, "WindowWidth": 2000}),
    "Modality LUT": (
        RAMP,
        {
            "ModalityLUTSequence": lut(0, 16, CURVE * 16, ModalityLUTType="US"),
            "WindowCenter": 30000,
            "WindowWidth": 60000,
        },
    ),
    "Modality LUT of signed values": (
        SIGNED,
        {
            "PixelRepresentation": 1,
            "ModalityLUTSequence": lut(-2000, 16, CURVE * 16, ModalityLUTType="US"),
            "WindowCenter": 30000,
            "WindowWidth": 60000,
        },
    ),
    "VOI LUT": (RAMP, {"VOILUTSequence": lut(0, 12, CURVE)}),
    "VOI LUT that overstates its bits": (RAMP, {"VOILUTSequence": lut(0, 16, CURVE)}),
    "VOI LUT before window": (
        RAMP,
        {"VOILUTSequence": lut(0, 12, CURVE), "WindowCenter": 9, "WindowWidth": 5},
    ),
    "no window": (RAMP, {}),
    "a window beside all values": (RAMP, {"WindowCenter": 60000, "WindowWidth": 9}),
    "padding": (np.where(RAMP < 900, 0, RAMP), {"PixelPaddingValue": 0}),
}


@needs_tools
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("case", CASES)
def test_shown_as_read(tmp_path: Path, state: State, case: str, photometric: str) -> None:
    stored, attributes = CASES[case]
    image = write_radiograph(
        tmp_path / "a.dcm",
        stored,
        PhotometricInterpretation=photometric,
        **SIXTEEN,
        **attributes,
    )
    written = state(image)
    assert errors_of(written) == []
    subprocess.run(
        ["dcmp2pgm", "--pstate", written, image, tmp_path / "a.pgm"],
        check=True,
        capture_output=True,
    )
    shown = cv2.imread(str(tmp_path / "a.pgm"), cv2.IMREAD_UNCHANGED).astype(int)
    (radiograph,) = read(image, "a.dcm")
    assert np.ptp(radiograph.pixels) > 100
    difference = np.abs(shown - radiograph.pixels)
    if case == "padding":  # the reader leaves it out of the limits alone
        assert dcmread(written).SoftcopyVOILUTSequence[0].WindowCenter > 2300
    assert difference.max() <= 1


def test_eight_bits_without_a_window_have_the_whole_range(tmp_path: Path, state: State) -> None:
    shown = dcmread(state(write_radiograph(tmp_path / "a.dcm")))
    (voi,) = shown.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (128, 256)
    assert shown.PresentationLUTShape == "IDENTITY"
    assert "RescaleSlope" not in shown


@needs_tools
@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_functions_of_windows_are_kept(tmp_path: Path, state: State, function: str) -> None:
    """Not shown by dcmtk 3.6.7, whose presentation states know straight windows only."""
    window = {"WindowCenter": 1500, "WindowWidth": 900, "VOILUTFunction": function}
    written = state(write_radiograph(tmp_path / "a.dcm", RAMP, **SIXTEEN, **window))
    assert errors_of(written) == []
    (voi,) = dcmread(written).SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (1500, 900, function)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_a_frame_without_a_window_has_limits_of_its_own(
    tmp_path: Path, state: State, syntax: str
) -> None:
    frames = np.stack([RAMP, RAMP // 2, RAMP // 4])
    image = write_radiograph(tmp_path / "a.dcm", frames, **SIXTEEN)
    dataset = dcmread(image)
    if syntax != ExplicitVRLittleEndian:
        plugin = "pydicom" if syntax == RLELossless else "pylibjpeg"
        dataset.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
        dataset.save_as(image)
    (voi,) = dcmread(state(image, frame=2)).SoftcopyVOILUTSequence
    assert voi.WindowWidth == pytest.approx(3839 // 2, rel=0.01)


def test_each_frame_of_an_enhanced_object_has_its_own(tmp_path: Path, state: State) -> None:
    """Its attributes stand in functional groups (PS3.3 section C.7.6.16)."""
    frames = np.stack([RAMP, RAMP])

    def group(centre: float, slope: float) -> Dataset:
        of_frame, window, mapping = Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 500
        mapping.RescaleSlope, mapping.RescaleIntercept, mapping.RescaleType = slope, 1, "US"
        of_frame.FrameVOILUTSequence = [window]
        of_frame.PixelValueTransformationSequence = [mapping]
        return of_frame

    spacing, shared = Dataset(), Dataset()
    spacing.ImagerPixelSpacing = [0.3, 0.1]
    shared.PixelMeasuresSequence = [spacing]
    image = write_radiograph(
        tmp_path / "a.dcm",
        frames,
        SOPClassUID=EnhancedXAImageStorage,
        Modality="XA",
        PerFrameFunctionalGroupsSequence=[group(700, 1), group(900, 2)],
        SharedFunctionalGroupsSequence=[shared],
        **SIXTEEN,
    )
    shown = dcmread(state(image, frame=2))
    assert shown.RescaleSlope == 2
    assert shown.SoftcopyVOILUTSequence[0].WindowCenter == 900
    assert shown.DisplayedAreaSelectionSequence[0].PresentationPixelAspectRatio == [3, 1]
