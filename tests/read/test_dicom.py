"""DICOM radiographs: attributes, frames, transfer syntaxes, kinds."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    EnhancedXRFImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from detect.errors import ReadError
from detect.read import read

RAMP = (np.arange(30 * 44, dtype=np.uint16) * 3).reshape(30, 44)  # 0 to 3957: 12 bits
TWELVE_BITS = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 2048, "WindowWidth": 4096}
EXPECTED = np.rint(RAMP.astype(float) / 4095 * 255)

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
]


def pixels_of(path: Path) -> np.ndarray:
    (radiograph,) = read(path, "x")
    assert (radiograph.source.height, radiograph.source.width) == radiograph.pixels.shape
    return radiograph.pixels.astype(int)


def refusal(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        list(read(path, "x"))
    assert caught.value.reason == "unsupported"
    return str(caught.value)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_gives_the_same_picture(make_dicom, syntax: str) -> None:
    path = make_dicom(RAMP, syntax=syntax, **TWELVE_BITS)
    assert dcmread(path).file_meta.TransferSyntaxUID == syntax
    assert np.abs(pixels_of(path) - EXPECTED).max() <= 1


@pytest.mark.parametrize("syntax", [s for s in SYNTAXES if s != JPEG2000Lossless])
def test_signed_values(make_dicom, syntax: str) -> None:
    signed = (RAMP.astype(np.int32) - 2000).astype(np.int16)
    path = make_dicom(signed, syntax=syntax, WindowCenter=48, WindowWidth=4096)
    assert np.abs(pixels_of(path) - EXPECTED).max() <= 1


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_without_preamble_and_meta_information(make_dicom, syntax: str) -> None:
    path = make_dicom(RAMP, syntax=syntax, **TWELVE_BITS)
    dataset = dcmread(path)
    bare = Dataset()
    bare.update(dataset)
    bare.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    assert b"DICM" not in path.read_bytes()[:200]
    assert np.abs(pixels_of(path) - EXPECTED).max() <= 1


def test_source_is_filled_and_nothing_else_leaks(make_dicom, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    path = make_dicom(
        RAMP, Modality="DX", Laterality="R", ImageLaterality="L", BodyPartExamined="WRIST"
    )
    (radiograph,) = read(path, "a/b.dcm")
    source = radiograph.source
    assert (source.path, source.modality, source.body_part) == ("a/b.dcm", "DX", "WRIST")
    assert source.laterality == "L"
    assert source.sop_instance_uid == "1.2.826.0.1.3680043.8.498.1"
    assert source.study_instance_uid == "1.2.826.0.1.3680043.8.498.2"
    assert (source.width, source.height, source.frame) == (44, 30, None)
    told = str(asdict(source)) + caplog.text
    assert not any(secret in told for secret in ("Sophie", "SECRET", "1970"))


def test_laterality_falls_back_and_is_checked(make_dicom) -> None:
    def side(**attributes: str) -> str | None:
        return next(read(make_dicom(RAMP, **attributes), "x")).source.laterality

    assert side(Laterality="R") == "R"
    assert side(Laterality="R", ImageLaterality="") == "R"
    assert side(Laterality="") is None
    assert side(Laterality="X") is None
    assert side() is None


def test_absent_attributes_are_none(make_dicom) -> None:
    path = make_dicom(RAMP, Modality="", StudyInstanceUID=None)
    (radiograph,) = read(path, "x")
    assert radiograph.source.modality is None
    assert radiograph.source.study_instance_uid is None
    assert radiograph.source.body_part is None


def test_values_against_the_standard_neither_warn_nor_get_logged(make_dicom, caplog) -> None:
    path = make_dicom(RAMP)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"19700101", b"Sophie!!") + b"\0")
    (radiograph,) = read(path, "x")
    assert radiograph.pixels.shape == RAMP.shape
    assert "Sophie" not in caplog.text


def test_misread_header_is_not_quoted(make_dicom) -> None:
    path = make_dicom(RAMP, SOPClassUID="1.2.3.4.5.6.7.89")
    path.write_bytes(path.read_bytes().replace(b"1.2.3.4.5.6.7.89", b"1.2^Sophie^Secre"))
    assert "Sophie" not in refusal(path)
    assert "unknown SOP class" in refusal(path)
    path = make_dicom(RAMP, sop_class=SecondaryCaptureImageStorage, Modality="Secret^Sophie")
    assert "SOPHIE" not in refusal(path).upper()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_multi_frame_is_read_one_by_one(make_dicom, syntax: str, monkeypatch) -> None:
    frames = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
    path = make_dicom(
        frames, syntax=syntax, sop_class=XRayRadiofluoroscopicImageStorage, **TWELVE_BITS
    )
    import detect.read.dicom as module

    shown = []
    original = module.show_grey
    monkeypatch.setattr(
        module, "show_grey", lambda *given: shown.append(given[2]) or original(*given)
    )
    radiographs = read(path, "x")
    first = next(radiographs)
    assert shown == [0]  # the second is not decoded before it is asked for
    second, third = radiographs
    assert [r.source.frame for r in (first, second, third)] == [1, 2, 3]
    assert np.abs(first.pixels - EXPECTED).max() <= 1
    assert np.array_equal(second.pixels, first.pixels[::-1])
    assert np.array_equal(third.pixels, first.pixels[:, ::-1])


def test_per_frame_windows_of_an_enhanced_object(make_dicom) -> None:
    def group(centre: float, width: float) -> Dataset:
        window, item = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, width
        item.FrameVOILUTSequence = [window]
        return item

    scaling, shared = Dataset(), Dataset()
    scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = 2, -100, "US"
    shared.PixelValueTransformationSequence = [scaling]
    path = make_dicom(
        np.stack([RAMP, RAMP]),
        sop_class=EnhancedXRFImageStorage,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=[group(1000, 2001), group(4000, 2001)],
    )
    first, second = read(path, "x")
    values = RAMP.astype(float) * 2 - 100
    for radiograph, centre in ((first, 1000), (second, 4000)):
        expected = np.clip((values - (centre - 0.5)) / 2000 + 0.5, 0, 1) * 255
        assert np.abs(radiograph.pixels - expected).max() <= 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_colour_capture_by_luminance(make_dicom, syntax: str) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 200, 200]], np.uint8)
    picture = np.tile(np.repeat(colours, 12, 0), (20, 1, 1))
    path = make_dicom(
        picture,
        colour=True,
        sop_class=SecondaryCaptureImageStorage,
        Modality="OT",
        syntax=syntax,
        PhotometricInterpretation="YBR_RCT" if syntax == JPEG2000Lossless else "RGB",
    )
    assert pixels_of(path)[3, ::12] == pytest.approx([76, 150, 29, 200], abs=1)


def test_ybr_and_planar_colour(make_dicom) -> None:
    picture = np.empty((4, 6, 3), np.uint8)
    picture[:] = 180, 128, 128  # Y, Cb, Cr: a grey of 180
    capture = {"colour": True, "sop_class": SecondaryCaptureImageStorage}
    path = make_dicom(picture, PhotometricInterpretation="YBR_FULL", **capture)
    assert (pixels_of(path) == 180).all()
    picture[:] = 255, 0, 0
    planes = picture.transpose(2, 0, 1).tobytes()
    path = make_dicom(picture, PlanarConfiguration=1, PixelData=planes, **capture)
    assert (pixels_of(path) == 76).all()


def test_palette_colour(make_dicom) -> None:
    indices = np.tile(np.array([0, 1, 2], np.uint8), (2, 2))
    tables = {}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [3, 0, 16]
        entries = np.where(np.arange(3) == number, 65535, 0).astype("<u2").tobytes()
        tables[f"{colour}PaletteColorLookupTableData"] = entries
    path = make_dicom(
        indices,
        sop_class=SecondaryCaptureImageStorage,
        PhotometricInterpretation="PALETTE COLOR",
        **tables,
    )
    assert pixels_of(path)[0].tolist() == [76, 150, 29] * 2


@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [
        (ComputedRadiographyImageStorage, "CR"),
        (DigitalXRayImageStorageForPresentation, "DX"),
        (XRayRadiofluoroscopicImageStorage, "RF"),
        (XRayAngiographicImageStorage, "XA"),
        (SecondaryCaptureImageStorage, "OT"),
        (SecondaryCaptureImageStorage, ""),
        (SecondaryCaptureImageStorage, "CR"),
        (MultiFrameTrueColorSecondaryCaptureImageStorage, "DX"),
    ],
)
def test_radiographs_are_accepted(make_dicom, sop_class: str, modality: str) -> None:
    path = make_dicom(RAMP, sop_class=sop_class, Modality=modality)
    assert pixels_of(path).shape == RAMP.shape


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.34", "Comprehensive 3D SR"),
        ("1.2.840.10008.5.1.4.1.1.2", "CT Image"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR Image"),
        ("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound Image"),
        ("1.2.840.10008.5.1.4.1.1.20", "Nuclear Medicine Image"),
        ("1.2.840.10008.5.1.4.1.1.128", "Positron Emission Tomography Image"),
        ("1.2.840.10008.5.1.4.1.1.1.2", "Digital Mammography X-Ray Image"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RT Structure Set"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "Grayscale Softcopy Presentation State"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "Key Object Selection"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "12-lead ECG Waveform"),
        ("1.2.840.10008.1.3.10", "Media Storage Directory"),
        ("1.2.840.10008.5.1.4.1.1.1.1.1", "DX image for processing"),
    ],
)
@pytest.mark.parametrize("pixels", [None, RAMP])
def test_other_objects_are_named(make_dicom, sop_class: str, words: str, pixels) -> None:
    text = refusal(make_dicom(pixels, sop_class=sop_class))
    assert words in text
    assert "; give " in text


def test_capture_of_another_modality_is_refused(make_dicom) -> None:
    text = refusal(make_dicom(RAMP, sop_class=SecondaryCaptureImageStorage, Modality="US"))
    assert "modality US" in text


def test_without_sop_class_the_modality_decides(make_dicom) -> None:
    def without_class(modality: str) -> Path:
        path = make_dicom(RAMP, Modality=modality)
        dataset = dcmread(path)
        del dataset.SOPClassUID
        bare = Dataset()
        bare.update(dataset)
        bare.save_as(path, implicit_vr=False, little_endian=True)
        return path

    assert pixels_of(without_class("DX")).shape == RAMP.shape
    assert "without a SOP Class UID" in refusal(without_class("CT"))


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_unknown_compression_is_named(make_dicom, syntax: str, words: str) -> None:
    path = make_dicom(RAMP)
    whole = path.read_bytes()
    # the meta information in place: pydicom refuses to write such a mismatch
    old = b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0"
    assert whole.count(old) == 1
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    new = b"\x02\0\x10\0UI" + len(value).to_bytes(2, "little") + value
    length = int.from_bytes(whole[140:144], "little") + len(new) - len(old)
    path.write_bytes(whole[:140] + length.to_bytes(4, "little") + whole[144:].replace(old, new))
    assert words in refusal(path)
