"""The greyscale pipeline: LUTs, windows, inversion; checked by formulas and by pydicom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from detect.read import read

RAMP = (np.arange(30 * 44, dtype=np.uint16) * 3).reshape(30, 44)
TWELVE_BITS = {"BitsStored": 12, "HighBit": 11}


def pixels_of(path) -> np.ndarray:
    (radiograph,) = read(path, "x")
    return radiograph.pixels.astype(int)


def lut(first: int, bits: int, data: Any, signed: bool = False, **more: Any) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(data) % 65536, first, bits])
    if isinstance(data, bytes):
        item.add_new("LUTData", "OW", data)
        item.LUTDescriptor[0] = more.pop("entries")
    else:
        item.add_new("LUTData", "US", [int(value) for value in data])
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("centre", "width"), [(2000, 1500), (600, 3), (3000.5, 900.25)])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_windows_as_pydicom_has_them(
    make_dicom, function: str | None, centre: float, width: float, photometric: str
) -> None:
    attributes: dict[str, Any] = {"WindowCenter": centre, "WindowWidth": width}
    if function:
        attributes["VOILUTFunction"] = function
    path = make_dicom(RAMP, PhotometricInterpretation=photometric, **attributes, **TWELVE_BITS)
    dataset = dcmread(path)
    with np.errstate(over="ignore"):
        shown = apply_voi_lut(dataset.pixel_array, dataset) / 4095 * 255
    expected = 255 - shown if photometric == "MONOCHROME1" else shown
    assert np.abs(pixels_of(path) - expected).max() <= 0.51


def test_linear_window_by_the_standard(make_dicom) -> None:
    """PS3.3 C.11.2.1.2.1: c=2048, w=4096 maps 0 to black and 4095 to white, bit for bit."""
    values = np.array([[0, 1, 2047, 2048, 4094, 4095]], np.uint16)
    path = make_dicom(values, WindowCenter=2048, WindowWidth=4096, **TWELVE_BITS)
    assert pixels_of(path).tolist() == [np.rint(values[0] / 4095 * 255).astype(int).tolist()]


def test_first_of_several_windows(make_dicom) -> None:
    several = make_dicom(RAMP, WindowCenter=[2000, 500], WindowWidth=[1500, 100], **TWELVE_BITS)
    first = pixels_of(several)
    single = make_dicom(RAMP, WindowCenter=2000, WindowWidth=1500, **TWELVE_BITS)
    assert np.array_equal(first, pixels_of(single))


def test_window_is_of_modality_units(make_dicom) -> None:
    path = make_dicom(
        RAMP,
        RescaleSlope=0.5,
        RescaleIntercept=-100,
        WindowCenter=400,
        WindowWidth=800,
        **TWELVE_BITS,
    )
    expected = np.clip((RAMP * 0.5 - 100 - 399.5) / 799 + 0.5, 0, 1) * 255
    assert np.abs(pixels_of(path) - expected).max() <= 0.51


def test_monochrome1_is_the_negative_of_monochrome2(make_dicom) -> None:
    window = {"WindowCenter": 1500, "WindowWidth": 900}
    for attributes in (window, {}):  # with a window and with the robust one
        light = pixels_of(make_dicom(RAMP, **attributes, **TWELVE_BITS))
        dark = pixels_of(
            make_dicom(RAMP, PhotometricInterpretation="MONOCHROME1", **attributes, **TWELVE_BITS)
        )
        assert np.array_equal(dark, 255 - light)
        assert light[0, 0] == 0
        assert light[-1, -1] == 255


def test_window_comes_before_the_inversion(make_dicom) -> None:
    """A window of the low values shows them graded, not all white, under MONOCHROME1."""
    path = make_dicom(
        RAMP,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=200,
        WindowWidth=400,
        **TWELVE_BITS,
    )
    shown = pixels_of(path)
    assert shown[0, 0] == 255
    assert 120 < shown.ravel()[66] < 135  # stored 198
    assert shown[-1, -1] == 0


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
    ],
)
def test_presentation_lut_shape(make_dicom, photometric: str, shape: str, inverted: bool) -> None:
    path = make_dicom(
        RAMP, PhotometricInterpretation=photometric, PresentationLUTShape=shape, **TWELVE_BITS
    )
    assert (pixels_of(path)[0, 0] == 255) == inverted


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_modality_lut_of_any_depth(make_dicom, syntax: str, bits: int) -> None:
    curve = np.rint(np.sqrt(np.arange(4096) / 4095) * ((1 << bits) - 1)).astype(np.uint16)
    data = curve.astype("<u2" if syntax == ExplicitVRLittleEndian else ">u2").tobytes()
    item = lut(0, bits, data, entries=4096, ModalityLUTType="US")
    top = float((1 << bits) - 1)
    path = make_dicom(
        RAMP,
        syntax=syntax,
        ModalityLUTSequence=[item],
        VOILUTFunction="LINEAR_EXACT",
        WindowCenter=top / 2,
        WindowWidth=top,
        **TWELVE_BITS,
    )
    assert np.abs(pixels_of(path) - curve[RAMP] / top * 255).max() <= 0.51
    if bits in (8, 16) and syntax == ExplicitVRLittleEndian:  # the depths that pydicom knows
        dataset = dcmread(path)
        assert np.array_equal(apply_modality_lut(dataset.pixel_array, dataset), curve[RAMP])


def test_lut_clamps_below_its_first_and_beyond_its_last_entry(make_dicom) -> None:
    values = np.array([[-900, -100, -99, -98, 30_000]], np.int16)
    item = lut(-100, 8, [0, 100, 255], signed=True)
    path = make_dicom(values, VOILUTSequence=[item])
    assert pixels_of(path).tolist() == [[0, 0, 100, 255, 255]]


def test_lut_of_bytes_packed_two_to_a_word(make_dicom) -> None:
    item = lut(0, 8, bytes(range(0, 256, 2)) + bytes([255]) * 128, entries=256)
    values = np.array([[0, 10, 127, 128, 255]], np.uint8)
    assert pixels_of(make_dicom(values, VOILUTSequence=[item])).tolist() == [[0, 20, 254, 255, 255]]


@pytest.mark.parametrize("stated", [12, 16])
def test_voi_lut_wins_over_the_window_whatever_depth_it_states(make_dicom, stated: int) -> None:
    curve = (np.arange(4096) ** 2 // 4095).astype(np.uint16)  # 12 bits
    path = make_dicom(
        RAMP,
        VOILUTSequence=[lut(0, stated, curve)],
        WindowCenter=10,
        WindowWidth=20,
        **TWELVE_BITS,
    )
    assert np.abs(pixels_of(path) - curve[RAMP] / 4095 * 255).max() <= 0.51


def test_robust_window_without_any(make_dicom) -> None:
    narrow = RAMP // 8 + 1000
    shown = pixels_of(make_dicom(narrow, **TWELVE_BITS))
    assert (shown.min(), shown.max()) == (0, 255)


@pytest.mark.parametrize("limit", [None, 62_000])
def test_padding_does_not_count_for_the_robust_window(make_dicom, limit: int | None) -> None:
    padded = RAMP.copy()
    padded[:6] = 63_000 if limit is None else 62_500
    attributes = {"PixelPaddingValue": 63_000}
    if limit is not None:
        attributes["PixelPaddingRangeLimit"] = limit
    plain = pixels_of(make_dicom(RAMP[6:], **{}))
    assert np.array_equal(pixels_of(make_dicom(padded, **attributes))[6:], plain)


@pytest.mark.parametrize(
    ("centre", "width"), [(2000, 0), (2000, -5), (60_000, 100), ("", "")], ids=str
)
def test_useless_window_gives_way_to_the_robust_one(make_dicom, centre: Any, width: Any) -> None:
    path = make_dicom(RAMP, WindowCenter=centre, WindowWidth=width, **TWELVE_BITS)
    assert np.array_equal(pixels_of(path), pixels_of(make_dicom(RAMP, **TWELVE_BITS)))


def test_8_bit_without_a_window_stays_as_it_is(make_dicom) -> None:
    narrow = (RAMP // 40 + 50).astype(np.uint8)
    path = make_dicom(narrow, sop_class=SecondaryCaptureImageStorage)
    assert np.array_equal(pixels_of(path), narrow)


def test_constant_and_1_bit(make_dicom) -> None:
    assert not pixels_of(make_dicom(np.full((5, 7), 900, np.uint16))).any()
    bits = np.eye(8, dtype=np.uint8)
    path = make_dicom(
        bits,
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelData=np.packbits(bits, bitorder="little").tobytes(),
        sop_class=SecondaryCaptureImageStorage,
    )
    assert np.array_equal(pixels_of(path), bits * 255)


def test_32_bit_values(make_dicom) -> None:
    path = make_dicom(RAMP.astype(np.uint32) * 100_000, sop_class=SecondaryCaptureImageStorage)
    assert np.abs(pixels_of(path) - RAMP / RAMP.max() * 255).max() <= 1.5


def test_bits_beyond_those_stored_are_no_part_of_the_value(make_dicom) -> None:
    """Old overlays lie in the high bits (retired, PS3.5 section 8.1.1)."""
    marked = RAMP.copy()
    marked[::2] |= 0x8000
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    clean = pixels_of(make_dicom(RAMP, **window, **TWELVE_BITS))
    assert np.array_equal(pixels_of(make_dicom(marked, **window, **TWELVE_BITS)), clean)


@pytest.mark.parametrize("outlier", [0, 4_000_000_000])
def test_more_32_bit_values_than_levels_keep_their_grey(make_dicom, outlier: int) -> None:
    values = np.random.default_rng(1).integers(1000, 9_000_000, (400, 500)).astype(np.uint32)
    values[0, 0] = outlier
    path = make_dicom(
        values,
        sop_class=SecondaryCaptureImageStorage,
        WindowCenter=4_000_000,
        WindowWidth=2_000_000,
    )
    expected = np.clip((values - 3_999_999.5) / 1_999_999 + 0.5, 0, 1) * 255
    assert np.abs(pixels_of(path) - expected).max() <= 0.6
