"""Presentation states, read back by pydicom, highdicom, dciodvfy and dcmtk."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dicom_images import MODEL, errors_of, findings_at, points_of, reading_of, write_radiograph
from highdicom.color import CIELabColor
from PIL import Image, ImageDraw
from pydicom import Dataset, dcmread
from pydicom.uid import SecondaryCaptureImageStorage

from detect.draw.findings import draw_findings
from detect.draw.style import BOX_STYLES, scale_for
from detect.read import read
from detect.record import Box, Finding, ModelInfo, Reading
from detect.write.context import FormatOptions, WriteContext
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
Write = Callable[..., Path]
needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="needs dicom3tools: apt install dicom3tools"
)
needs_dcmtk = pytest.mark.skipif(shutil.which("dcmpschk") is None, reason="needs dcmtk")


@pytest.fixture
def write(tmp_path: Path, context: Contexts) -> Write:
    """Return what writes one reading, and gives the path of its presentation state."""

    def one(reading: Reading, out: str = "out", **others: Any) -> Path:
        folder = tmp_path / out
        assert write_formats([reading], context(folder, tmp_path, **others), ["dicom-gsps"]) == ()
        (path,) = folder.rglob("*.dcm")
        return path

    return one


def outlines(state: Dataset, layer: str) -> list[Dataset]:
    """Return the graphic objects of a layer."""
    return [
        each
        for annotation in state.GraphicAnnotationSequence
        if annotation.GraphicLayer == layer
        for each in annotation.get("GraphicObjectSequence", ())
    ]


def texts(state: Dataset, layer: str) -> list[Dataset]:
    """Return the text objects of a layer."""
    return [
        each
        for annotation in state.GraphicAnnotationSequence
        if annotation.GraphicLayer == layer
        for each in annotation.get("TextObjectSequence", ())
    ]


def mask_of(outline: Dataset, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels whose centres lie inside, where 0\\0 is a corner; bool, `shape`."""
    fine = 4
    canvas = Image.new("1", (shape[1] * fine, shape[0] * fine))
    corners = [(x * fine - 0.5, y * fine - 0.5) for x, y in points_of(outline)]
    ImageDraw.Draw(canvas).polygon(corners, fill=1)
    return np.asarray(canvas)[fine // 2 :: fine, fine // 2 :: fine]


def failures_of(path: Path) -> list[str]:
    """Return the attributes that dcmpschk finds at fault."""
    said = subprocess.run(["dcmpschk", path], capture_output=True, text=True, errors="replace")
    assert "Testing: " in said.stderr
    mistakes = said.stderr.count("E: Error")
    affected = [line for line in said.stderr.splitlines() if "Affected attribute" in line]
    assert len(affected) == mistakes
    # dcmtk 3.6.7 takes the offset +0000 of a DT for an error, which PS3.5 table 6.2-1 demands.
    return [line for line in affected if "(0018,a002), Type DT" not in line]


def rendered(image: Path, state: Path, tmp_path: Path, frame: int = 1) -> np.ndarray:
    """Return what dcmtk shows of an image under a presentation state; uint8."""
    out = tmp_path / "rendered.pgm"
    command = ["dcmp2pgm", "--frame", str(frame), "--pstate", state, image, out]
    subprocess.run(command, check=True, capture_output=True)
    return cv2.imread(str(out), cv2.IMREAD_UNCHANGED)


def test_findings_lie_in_their_layers(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "hand/a.dcm", np.zeros((400, 300), np.uint8))
    findings = findings_at((10, 20.5, 30.25, 40), (0, 0, 300, 400), (100, 300, 150, 350))
    low = Finding("F4", "fracture", "none", 0.01, Box(1, 1, 5, 5))
    reading = reading_of(path, [*findings, low], name="hand/a.dcm", warnings=("zu groß",))
    written = write(reading)
    assert written == tmp_path / "out/dicom-gsps/hand/a.dcm.dcm"
    state = dcmread(written)
    layers = sorted(state.GraphicLayerSequence, key=lambda layer: layer.GraphicLayerOrder)
    assert [layer.GraphicLayer for layer in layers] == ["SUSPICIOUS", "DEFINITE", "VERDICT"]
    for layer, certainty in zip(layers, ("suspicious", "definite"), strict=False):
        colour = CIELabColor(0, 0, 0)
        value = layer.GraphicLayerRecommendedDisplayCIELabValue
        colour._value = tuple(value)  # the only door to the stored form of 16 bits
        assert np.abs(np.subtract(colour.to_rgb(), BOX_STYLES[certainty].colour)).max() <= 1
    (definite,) = outlines(state, "DEFINITE")
    assert points_of(definite).tolist() == [
        [10, 20.5],
        [30.25, 20.5],
        [30.25, 40],
        [10, 40],
        [10, 20.5],
    ]
    assert definite.GraphicAnnotationUnits == "PIXEL"
    assert definite.LineStyleSequence[0].LineDashingStyle == "SOLID"
    suspicious = outlines(state, "SUSPICIOUS")
    assert [o.LineStyleSequence[0].LineDashingStyle for o in suspicious] == ["DASHED"] * 2
    assert [t.UnformattedTextValue for t in texts(state, "DEFINITE")] == ["F1 definite 0.80"]
    words = [t.UnformattedTextValue for t in texts(state, "SUSPICIOUS")]
    assert words == ["F2 suspicious 0.70", "F3 suspicious 0.60"]
    (verdict,) = texts(state, "VERDICT")
    assert verdict.BoundingBoxAnnotationUnits == "DISPLAY"
    assert verdict.UnformattedTextValue.split("\r\n") == [
        "FRACTURED",
        "fracture probability 87.5 %",
        "operating point: balanced (fractured from 50.0 %)",
        "fracture-n 1.0.0",
        "Research use only - not for diagnosis",
        "Warning: zu gro?",
    ]


def test_texts_stand_beside_their_boxes(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm", np.zeros((800, 600), np.uint8))
    boxes = [(100.0, 200.0, 160.0, 260.0), (165.0, 200.0, 230.0, 260.0), (540.0, 0.0, 600.0, 50.0)]
    state = dcmread(write(reading_of(path, findings_at(*boxes))))
    rooms = []
    for text in texts(state, "DEFINITE") + texts(state, "SUSPICIOUS"):
        assert text.BoundingBoxAnnotationUnits == text.AnchorPointAnnotationUnits == "PIXEL"
        left, top = text.BoundingBoxTopLeftHandCorner
        right, bottom = text.BoundingBoxBottomRightHandCorner
        assert 0 <= left < right <= 600
        assert 0 <= top < bottom <= 800
        rooms.append((left, top, right, bottom))
        for box in [*boxes, *rooms[:-1]]:
            overlap = min(right, box[2]) > max(left, box[0]) and min(bottom, box[3]) > max(
                top, box[1]
            )
            assert not overlap
    anchors = [t.AnchorPoint for t in texts(state, "DEFINITE")]
    assert anchors == [[100, 200]]


def test_a_text_without_room_keeps_its_anchor(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm", np.zeros((20, 20), np.uint8))
    (text,) = texts(dcmread(write(reading_of(path, findings_at((1, 2, 19, 19))))), "DEFINITE")
    assert "BoundingBoxTopLeftHandCorner" not in text
    assert text.AnchorPoint == [1, 2]


def test_a_negative_has_a_verdict_and_no_outline(tmp_path: Path, write: Write) -> None:
    state = dcmread(write(reading_of(write_radiograph(tmp_path / "a.dcm"))))
    assert [layer.GraphicLayer for layer in state.GraphicLayerSequence] == ["VERDICT"]
    (text,) = texts(state, "VERDICT")
    assert text.UnformattedTextValue.startswith("NOT FRACTURED\r\n")
    assert not any("GraphicObjectSequence" in a for a in state.GraphicAnnotationSequence)
    assert state.ContentDescription == "Not fractured, probability 12.5 %; research use only"


def test_many_warnings_are_cut_to_what_a_text_holds(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm")
    (text,) = texts(dcmread(write(reading_of(path, warnings=("x" * 600,) * 3))), "VERDICT")
    assert len(text.UnformattedTextValue) == 1024
    assert text.UnformattedTextValue.endswith("...")


def test_it_refers_to_the_image_in_its_study(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm")
    image, state = dcmread(path), dcmread(write(reading_of(path)))
    assert state.StudyInstanceUID == image.StudyInstanceUID
    assert state.SeriesInstanceUID != image.SeriesInstanceUID
    assert state.Modality == "PR"
    (series,) = state.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == image.SeriesInstanceUID
    (reference,) = series.ReferencedImageSequence
    assert reference.ReferencedSOPClassUID == image.SOPClassUID
    assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert "ReferencedFrameNumber" not in reference
    made = (state.PresentationCreationDate, state.PresentationCreationTime)
    assert made == ("20260314", "092653")
    assert state.BodyPartExamined == "HAND"
    assert state.Laterality == "L"


def test_tracking_is_that_of_the_report(tmp_path: Path, context: Contexts) -> None:
    path = write_radiograph(tmp_path / "a.dcm")
    reading = reading_of(path, findings_at((10, 20, 30, 40), (1, 1, 50, 60)))
    write_formats([reading], context(tmp_path / "out", tmp_path), ["dicom-sr", "dicom-gsps"])
    report, state = (
        dcmread(tmp_path / f"out/{kind}/a.dcm.dcm") for kind in ("dicom-sr", "dicom-gsps")
    )

    def named(dataset: Dataset, code: str) -> list[str]:
        found = []
        for item in dataset.get("ContentSequence", ()):
            if item.get("ConceptNameCodeSequence") and (
                item.ConceptNameCodeSequence[0].CodeValue == code
            ):
                found.append(item.get("UID") or item.get("TextValue"))
            found += named(item, code)
        return found

    reported = set(zip(named(report, "112039"), named(report, "112040"), strict=True))
    shown = {
        (each.TrackingID, each.TrackingUID)
        for annotation in state.GraphicAnnotationSequence
        for keyword in ("GraphicObjectSequence", "TextObjectSequence")
        for each in annotation.get(keyword, ())
    }
    assert shown == reported
    assert len(shown) == 3


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("spacing", [None, [0.2, 0.5]])
def test_a_box_lands_on_the_same_pixels_as_in_the_picture(
    tmp_path: Path, write: Write, photometric: str, spacing: list[float] | None
) -> None:
    stored = np.full((160, 120), 20, np.uint8)
    stored[70:91, 40:63] = 250
    shown = stored if photometric == "MONOCHROME2" else 255 - stored
    path = write_radiograph(
        tmp_path / "a.dcm", shown, PhotometricInterpretation=photometric, PixelSpacing=spacing
    )
    (radiograph,) = read(path, path.name)
    assert np.array_equal(radiograph.pixels, stored)
    finding = findings_at((40.0, 70.0, 63.0, 91.0))
    state = write(reading_of(path, finding))
    (outline,) = outlines(dcmread(state), "DEFINITE")
    mask = mask_of(outline, stored.shape)
    assert np.array_equal(mask, stored == 250)
    area = dcmread(state).DisplayedAreaSelectionSequence[0]
    assert area.DisplayedAreaTopLeftHandCorner == [1, 1]
    assert area.DisplayedAreaBottomRightHandCorner == [120, 160]
    assert area.PresentationSizeMode == "SCALE TO FIT"
    assert area.get("PresentationPixelSpacing") == spacing
    assert area.get("PresentationPixelAspectRatio") == (None if spacing else [1, 1])

    scale = scale_for(120, 160, 160)
    picture = np.dstack([radiograph.pixels] * 3)
    draw_findings(picture, finding, scale)
    orange = (picture == BOX_STYLES["definite"].colour[::-1]).all(axis=2)
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * scale.padding + 1,) * 2)) > 0
    ring = grown & ~cv2.erode(grown.astype(np.uint8), np.ones((3, 3))).astype(bool)
    assert orange[ring].all()
    assert not orange[mask].any()


@needs_dcmtk
def test_one_frame_of_several(tmp_path: Path, write: Write) -> None:
    stored = np.full((3, 64, 48), 20, np.uint8)
    for frame in range(3):
        stored[frame, 10 * frame + 5 : 10 * frame + 20, 30:44] = 250 - 50 * frame
    path = write_radiograph(tmp_path / "a.dcm", stored)
    for frame in (1, 2, 3):
        top = 10.0 * (frame - 1) + 5
        findings = findings_at((30, top, 44, top + 15))
        written = write(reading_of(path, findings, frame=frame), f"out{frame}")
        assert written.name == f"a.dcm.frame{frame}.dcm"
        state = dcmread(written)
        (reference,) = state.ReferencedSeriesSequence[0].ReferencedImageSequence
        assert reference.ReferencedFrameNumber == frame
        (outline,) = outlines(state, "DEFINITE")
        shown = rendered(path, written, tmp_path, frame)
        assert np.array_equal(mask_of(outline, (64, 48)), shown > 100)


def test_a_ratio_is_stated_where_the_spacing_is_not(tmp_path: Path, write: Write) -> None:
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"ImagerPixelSpacing": [0.1, 0.15]}, [2, 3]),
        ({"PixelAspectRatio": [4, 3]}, [4, 3]),
        ({"PixelSpacing": [0, 0]}, [1, 1]),
        ({"PixelSpacing": [0, 0], "PixelAspectRatio": [3, 4]}, [3, 4]),
    ]
    for number, (attributes, expected) in enumerate(cases):
        path = write_radiograph(tmp_path / f"{number}.dcm", **attributes)
        (area,) = dcmread(write(reading_of(path), f"out{number}")).DisplayedAreaSelectionSequence
        assert area.PresentationPixelAspectRatio == expected
        assert "PresentationPixelSpacing" not in area


def test_the_same_reading_gives_the_same_bytes(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm")
    once = reading_of(path, findings_at((1, 1, 9, 9)), seconds=1.0)
    again = reading_of(path, findings_at((1, 1, 9, 9)), seconds=2.0)
    assert write(once).read_bytes() == write(again, "again").read_bytes()
    other = reading_of(path, findings_at((1, 1, 9, 9)), model=ModelInfo("n", "1", "e" * 64))
    first, second = dcmread(write(once)), dcmread(write(other, "other"))
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "DeviceUID"):
        assert first[keyword].value != second[keyword].value
    tracked = [outlines(state, "DEFINITE")[0].TrackingUID for state in (first, second)]
    assert len(set(tracked)) == 2


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 144", "Люксембург^Анна"),
        ("ISO_IR 126", "Διονυσιος^Νίκος"),
    ],
)
@pytest.mark.parametrize("kind", ["dicom-gsps", "dicom-sc"])
def test_names_keep_their_bytes(
    tmp_path: Path, context: Contexts, kind: str, charset: Any, name: str
) -> None:
    path = write_radiograph(tmp_path / "a.dcm", SpecificCharacterSet=charset, PatientName=name)
    model = ModelInfo("骨折", "1.0 β", "f" * 64)
    finding = Finding("F1", "über 骨", "definite", 0.5, Box(1, 1, 9, 9))
    reading = reading_of(path, [finding], model=model, warnings=("zu груб",))
    assert write_formats([reading], context(tmp_path / "out", tmp_path), [kind]) == ()
    written = dcmread(tmp_path / "out" / kind / "a.dcm.dcm")
    assert written.SpecificCharacterSet == charset
    raw = written.get_item("PatientName").value, dcmread(path).get_item("PatientName").value
    assert raw[0] == raw[1]
    assert str(written.PatientName) == name


def test_a_raster_image_is_refused_or_joins_a_study(
    tmp_path: Path, write: Write, context: Contexts
) -> None:
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(tmp_path / "a.png")
    reading = reading_of(tmp_path / "a.png", findings_at((1, 2, 9, 9)), model=MODEL)
    (missed,) = write_formats([reading], context(tmp_path / "no", tmp_path), ["dicom-gsps"])
    assert "--as-secondary-capture-of" in missed.message
    study = write_radiograph(tmp_path / "study.dcm", PixelSpacing=[1, 2])
    state = dcmread(write(reading, options=FormatOptions(secondary_capture_of=study)))
    assert state.StudyInstanceUID == dcmread(study).StudyInstanceUID
    (reference,) = state.ReferencedSeriesSequence[0].ReferencedImageSequence
    assert reference.ReferencedSOPClassUID == SecondaryCaptureImageStorage
    (area,) = state.DisplayedAreaSelectionSequence
    assert area.DisplayedAreaBottomRightHandCorner == [50, 40]
    assert area.PresentationPixelAspectRatio == [1, 1]
    assert state.Laterality == ""


def test_colour_is_refused_with_the_way_out(tmp_path: Path, context: Contexts) -> None:
    colour = np.zeros((3, 40, 50), np.uint8)
    path = write_radiograph(
        tmp_path / "a.dcm",
        colour,
        NumberOfFrames=1,
        SamplesPerPixel=3,
        PlanarConfiguration=1,
        PhotometricInterpretation="RGB",
    )
    (missed,) = write_formats(
        [reading_of(path)], context(tmp_path / "out", tmp_path), ["dicom-gsps"]
    )
    assert missed.message == (
        "a.dcm: is in colour, which a grey-scale presentation state cannot refer to; "
        "ask for dicom-sr or dicom-sc"
    )


@needs_dciodvfy
@needs_dcmtk
@pytest.mark.parametrize("boxes", [[], [(10.5, 2.25, 30, 40), (0, 0, 60, 80)]])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("side", ["L", None])
def test_dciodvfy_and_dcmpschk_find_no_error(
    tmp_path: Path,
    write: Write,
    frames: int,
    boxes: list[tuple[float, float, float, float]],
    side: str | None,
) -> None:
    pixels = np.zeros((2, 80, 60), np.uint8)
    path = write_radiograph(tmp_path / "a.dcm", pixels if frames > 1 else pixels[0])
    dataset = dcmread(path)
    dataset.Laterality = side or ""
    dataset.save_as(path)
    reading = reading_of(path, findings_at(*boxes), frame=2 if frames > 1 else None)
    state = write(reading)
    assert errors_of(state) == []
    assert failures_of(state) == []


@needs_dciodvfy
@needs_dcmtk
@pytest.mark.shared
def test_dcmtk_shows_the_shared_images_as_they_were_read(
    shared_dir: Path, tmp_path: Path, context: Contexts
) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ImplicitVRLittleEndian

    folder = shared_dir / "data/dicom"
    found = [path for path in sorted(folder.iterdir()) if "LICENSE" not in path.name]
    images = [next(read(path, path.name)) for path in found]
    readings = [
        reading_of(path, findings_at((1.5, 2.0, 99.0, 9.75)) if n % 2 else ())
        for n, path in enumerate(found)
    ]
    assert len(readings) >= 6
    assert write_formats(readings, context(tmp_path / "out", folder), ["dicom-gsps"]) == ()
    for path, image in zip(found, images, strict=True):
        state = tmp_path / f"out/dicom-gsps/{path.name}.dcm"
        decoded = dcmread(path, force=True)
        if "TransferSyntaxUID" not in getattr(decoded, "file_meta", {}):
            decoded.file_meta = FileMetaDataset()
            decoded.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        if decoded.file_meta.TransferSyntaxUID.is_compressed:  # dcmtk knows no JPEG 2000
            decoded.decompress(generate_instance_uid=False)
        decoded.save_as(tmp_path / "decoded.dcm", enforce_file_format=True)
        shown = rendered(tmp_path / "decoded.dcm", state, tmp_path)
        assert np.abs(shown.astype(int) - image.pixels).max() <= 1
        # one of them has a UID and a table that are invalid, and have to be referred to and kept
        inherited = ("999.999.01", "LookupTableData bad", "invalid data values")
        errors = [e for e in errors_of(state) if not any(i in e for i in inherited)]
        assert errors == []
        assert bool(failures_of(state)) == ("ModalitySequenceLUT" in path.name)
