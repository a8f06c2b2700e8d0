"""Secondary captures, read back by pydicom, dciodvfy and our own reader."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_images import errors_of, findings_at, reading_of, write_radiograph
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, SecondaryCaptureImageStorage

from detect.draw.annotate import annotate
from detect.errors import InputError, ReadError
from detect.read import read
from detect.record import ModelInfo, Reading
from detect.write.context import FormatOptions, WriteContext
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
Write = Callable[..., Path]
needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="needs dicom3tools: apt install dicom3tools"
)


@pytest.fixture
def write(tmp_path: Path, context: Contexts) -> Write:
    """Return what writes one reading, and gives the path of its annotated picture."""

    def one(reading: Reading, out: str = "out", **others: Any) -> Path:
        folder = tmp_path / out
        assert write_formats([reading], context(folder, tmp_path, **others), ["dicom-sc"]) == ()
        (path,) = (p for p in folder.rglob("*.dcm") if not p.name.endswith(".image.dcm"))
        return path

    return one


def gradient(height: int = 300, width: int = 200) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return ((rows * 3 + columns * 5) % 251).astype(np.uint8)


def drawn(path: Path, reading: Reading) -> np.ndarray:
    """Return the annotated picture, red first."""
    index = (reading.source.frame or 1) - 1
    return annotate(list(read(path, path.name))[index], reading)[:, :, ::-1]


def test_it_is_the_annotated_picture_bit_for_bit(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "hand/a.dcm", gradient())
    reading = reading_of(path, findings_at((10, 20.5, 30.25, 40)), name="hand/a.dcm")
    written = write(reading)
    assert written == tmp_path / "out/dicom-sc/hand/a.dcm.dcm"
    capture = dcmread(written)
    assert capture.SOPClassUID == SecondaryCaptureImageStorage
    assert capture.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert np.array_equal(capture.pixel_array, drawn(path, reading))


def test_it_says_what_it_is_made_of(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm", gradient(), PatientOrientation=["L", "F"])
    image, capture = dcmread(path), dcmread(write(reading_of(path, findings_at((1, 1, 9, 9)))))
    assert capture.StudyInstanceUID == image.StudyInstanceUID
    assert capture.SeriesInstanceUID != image.SeriesInstanceUID
    assert capture.ImageType == ["DERIVED", "SECONDARY"]
    assert capture.ConversionType == "WSD"
    assert capture.Modality == "OT"
    assert (capture.BodyPartExamined, capture.Laterality) == ("HAND", "L")
    assert capture.PatientOrientation == ["L", "F"]
    assert (capture.ContentDate, capture.ContentTime) == ("20260314", "092653")
    (source,) = capture.SourceImageSequence
    assert source.ReferencedSOPClassUID == image.SOPClassUID
    assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert "ReferencedFrameNumber" not in source
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert capture.DerivationDescription == (
        "Verdict and outlines by fracture-n 1.0.0 drawn on the image as displayed; "
        "research use only"
    )
    assert capture.Manufacturer == "Fracture Locator project"


def test_it_is_not_read_as_a_radiograph_again(tmp_path: Path, write: Write) -> None:
    written = write(reading_of(write_radiograph(tmp_path / "a.dcm", gradient())))
    with pytest.raises(ReadError, match="drew on; give the radiograph") as told:
        list(read(written, "back.dcm"))
    assert told.value.reason == "unsupported"


def test_each_frame_has_a_picture_of_its_own(tmp_path: Path, context: Contexts) -> None:
    frames = np.stack([gradient(), 250 - gradient()])
    path = write_radiograph(tmp_path / "a.dcm", frames)
    readings = [reading_of(path, frame=frame) for frame in (1, 2)]
    assert write_formats(readings, context(tmp_path / "out", tmp_path), ["dicom-sc"]) == ()
    for reading in readings:
        frame = reading.source.frame
        capture = dcmread(tmp_path / f"out/dicom-sc/a.dcm.frame{frame}.dcm")
        assert capture.SourceImageSequence[0].ReferencedFrameNumber == frame
        assert np.array_equal(capture.pixel_array, drawn(path, reading))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"BurnedInAnnotation": "YES"}, "YES"),
        ({"BurnedInAnnotation": "NO"}, "NO"),
        ({"BurnedInAnnotation": "MAYBE"}, None),
    ],
)
def test_burned_in_annotation_is_that_of_the_image(
    tmp_path: Path, write: Write, attributes: dict[str, Any], expected: str | None
) -> None:
    path = write_radiograph(tmp_path / "a.dcm", **attributes)
    assert dcmread(write(reading_of(path))).get("BurnedInAnnotation") == expected


@pytest.mark.parametrize(
    ("attributes", "compression", "ratio", "method"),
    [
        ({}, None, None, None),
        ({"LossyImageCompression": "00"}, "00", None, None),
        ({"LossyImageCompression": "01"}, "01", None, None),
        (
            {
                "LossyImageCompression": "01",
                "LossyImageCompressionRatio": [10, 2],
                "LossyImageCompressionMethod": ["ISO_15444_1", "ISO_10918_1"],
            },
            "01",
            [10, 2],
            ["ISO_15444_1", "ISO_10918_1"],
        ),
    ],
)
def test_once_lossy_always_lossy(
    tmp_path: Path,
    write: Write,
    attributes: dict[str, Any],
    compression: str | None,
    ratio: Any,
    method: Any,
) -> None:
    capture = dcmread(write(reading_of(write_radiograph(tmp_path / "a.dcm", **attributes))))
    assert capture.get("LossyImageCompression") == compression
    assert capture.get("LossyImageCompressionRatio") == ratio
    assert capture.get("LossyImageCompressionMethod") == method


@pytest.mark.parametrize(
    ("body_part", "image_laterality", "laterality", "expected"),
    [
        ("HAND", None, "L", ("HAND", "L")),
        ("HAND", "R", None, ("HAND", "R")),
        ("HAND", None, None, ("HAND", "")),
        ("HAND", "B", None, ("HAND", "")),
        ("SKULL", None, None, ("SKULL", None)),
        ("PELVIS", "U", None, ("PELVIS", None)),
        ("CHEST", "R", None, ("CHEST", None)),
        ("SACRUM", "U", None, ("SACRUM", "")),
        ("MANDIBLE", None, None, ("MANDIBLE", "")),
        (None, None, None, (None, "")),
        ("hand, left (AP)", None, None, (None, "")),
    ],
)
@needs_dciodvfy
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")  # in the images, on purpose
def test_body_part_and_side(
    tmp_path: Path,
    write: Write,
    body_part: str | None,
    image_laterality: str | None,
    laterality: str | None,
    expected: tuple[str | None, str | None],
) -> None:
    path = write_radiograph(
        tmp_path / "a.dcm",
        BodyPartExamined=body_part,
        ImageLaterality=image_laterality,
        Laterality=laterality,
    )
    written = write(reading_of(path))
    capture = dcmread(written)
    assert (capture.get("BodyPartExamined"), capture.get("Laterality")) == expected
    assert errors_of(written) == []


@pytest.mark.parametrize(
    ("attributes", "spacing", "ratio"),
    [
        ({"PixelSpacing": [0.2, 0.5]}, [0.2, 0.5], None),
        ({"ImagerPixelSpacing": [0.1, 0.15]}, None, [2, 3]),
        ({"ImagerPixelSpacing": [0.1, 0.1]}, None, None),
        ({"PixelSpacing": [0, 0]}, None, None),
    ],
)
def test_pixels_keep_their_shape(
    tmp_path: Path, write: Write, attributes: dict[str, Any], spacing: Any, ratio: Any
) -> None:
    for size, factor in (((700, 650), 1), ((300, 200), 3)):  # small ones are enlarged
        path = write_radiograph(tmp_path / "a.dcm", np.zeros(size, np.uint8), **attributes)
        capture = dcmread(write(reading_of(path)))
        scaled = spacing and [pytest.approx(part / factor) for part in spacing]
        assert capture.get("PixelSpacing") == scaled
        assert capture.get("PixelAspectRatio") == ratio


def test_the_same_reading_gives_the_same_bytes(tmp_path: Path, write: Write) -> None:
    path = write_radiograph(tmp_path / "a.dcm", gradient())
    once, again = (reading_of(path, findings_at((1, 1, 9, 9)), seconds=s) for s in (1.0, 2.0))
    assert write(once).read_bytes() == write(again, "again").read_bytes()
    other = reading_of(path, findings_at((1, 1, 9, 9)), model=ModelInfo("n", "1", "e" * 64))
    first, second = dcmread(write(once)), dcmread(write(other, "other"))
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "DeviceUID"):
        assert first[keyword].value != second[keyword].value


@pytest.mark.slow
def test_a_plate_of_usual_size_takes_a_few_megabytes(tmp_path: Path, write: Write) -> None:
    """Films are smooth; smoothed noise of a few grey levels stands for their grain."""
    noise = np.random.default_rng(0).normal(0, 2.0, (2500, 3000))
    slope = np.linspace(20, 200, 3000)[None, :]
    path = write_radiograph(tmp_path / "a.dcm", np.clip(slope + noise, 0, 255).astype(np.uint8))
    written = write(reading_of(path, findings_at((100, 100, 400, 400))))
    capture = dcmread(written)
    assert capture.Columns == 3000
    assert 2500 < capture.Rows < 3000
    assert written.stat().st_size < 6e6 < capture.Rows * capture.Columns * 3 / 4


class TestRaster:
    @pytest.fixture
    def study(self, tmp_path: Path) -> Path:
        return write_radiograph(tmp_path / "study.dcm", BodyPartExamined="FOOT", Laterality="R")

    def read_back(self, write: Write, reading: Reading, study: Path) -> tuple[Dataset, Dataset]:
        written = write(reading, options=FormatOptions(secondary_capture_of=study))
        image = written.with_name(f"{reading.source.path}.image.dcm")
        return dcmread(written), dcmread(image)

    def test_it_is_refused_or_joins_a_study(
        self, tmp_path: Path, write: Write, context: Contexts, study: Path
    ) -> None:
        Image.fromarray(gradient()).save(tmp_path / "a.png")
        reading = reading_of(tmp_path / "a.png", findings_at((1, 2, 9, 9)))
        (missed,) = write_formats([reading], context(tmp_path / "no", tmp_path), ["dicom-sc"])
        assert "--as-secondary-capture-of" in missed.message
        assert not list((tmp_path / "no/dicom-sc").rglob("*"))
        picture, image = self.read_back(write, reading, study)
        assert np.array_equal(picture.pixel_array, drawn(tmp_path / "a.png", reading))
        assert np.array_equal(image.pixel_array, gradient())
        assert image.PhotometricInterpretation == "MONOCHROME2"
        for each in (picture, image):
            assert each.StudyInstanceUID == dcmread(study).StudyInstanceUID
            assert str(each.PatientName) == "Müller^Jürgen"
            assert "BodyPartExamined" not in each  # it is that of another image
            assert each.Laterality == ""
        assert picture.SeriesInstanceUID != image.SeriesInstanceUID
        assert picture.SourceImageSequence[0].ReferencedSOPInstanceUID == image.SOPInstanceUID
        assert image.Manufacturer == ""
        assert "ContributingEquipmentSequence" not in image

    def test_other_objects_refer_to_its_image(
        self, tmp_path: Path, context: Contexts, study: Path
    ) -> None:
        Image.fromarray(gradient()).save(tmp_path / "a.png")
        reading = reading_of(tmp_path / "a.png", findings_at((1, 2, 9, 9)))
        kinds = ["dicom-sc", "dicom-sr", "dicom-gsps"]
        options = FormatOptions(secondary_capture_of=study)
        write_formats([reading], context(tmp_path / "out", tmp_path, options=options), kinds)
        image = dcmread(tmp_path / "out/dicom-sc/a.png.image.dcm")
        state = dcmread(tmp_path / "out/dicom-gsps/a.png.dcm")
        (series,) = state.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == image.SeriesInstanceUID
        (shown,) = series.ReferencedImageSequence
        report = dcmread(tmp_path / "out/dicom-sr/a.png.dcm")
        (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
        (series,) = evidence.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == image.SeriesInstanceUID
        (reported,) = series.ReferencedSOPSequence
        for reference in (shown, reported):
            assert reference.ReferencedSOPClassUID == image.SOPClassUID
            assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID

    def test_its_image_is_the_same_whichever_bundle_read_it(
        self, tmp_path: Path, write: Write, study: Path
    ) -> None:
        Image.fromarray(gradient()).save(tmp_path / "a.png")
        models = [ModelInfo("n", "1", digit * 64) for digit in "ef"]
        pairs = [
            self.read_back(write, reading_of(tmp_path / "a.png", model=model), study)
            for model in models
        ]
        assert pairs[0][1] == pairs[1][1]
        assert pairs[0][0].SOPInstanceUID != pairs[1][0].SOPInstanceUID

    def test_our_reader_reads_it_as_the_original(
        self, tmp_path: Path, write: Write, study: Path
    ) -> None:
        turned = Image.fromarray(gradient())
        exif = turned.getexif()
        exif[0x0112] = 6  # Orientation: to be turned by 90°
        turned.save(tmp_path / "a.jpg", exif=exif, quality=95)
        reading = reading_of(tmp_path / "a.jpg")
        picture, image = self.read_back(write, reading, study)
        assert (image.Rows, image.Columns) == (200, 300)
        path = tmp_path / "out/dicom-sc/a.jpg.image.dcm"
        (again,), (original,) = read(path, "a"), read(tmp_path / "a.jpg", "a")
        assert np.array_equal(again.pixels, original.pixels)
        assert picture.LossyImageCompression == image.LossyImageCompression == "01"

    @pytest.mark.parametrize(
        ("size", "compressed"),
        [((1, 1), False), ((31, 33), False), ((32, 33), True), ((45, 700), True)],
    )
    def test_small_images(
        self, tmp_path: Path, write: Write, study: Path, size: tuple[int, int], compressed: bool
    ) -> None:
        Image.fromarray(gradient(*size)).save(tmp_path / "a.png")
        _, image = self.read_back(write, reading_of(tmp_path / "a.png"), study)
        assert np.array_equal(image.pixel_array, gradient(*size))
        syntax = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
        assert image.file_meta.TransferSyntaxUID == syntax

    @needs_dciodvfy
    def test_dciodvfy_finds_no_error(self, tmp_path: Path, write: Write, study: Path) -> None:
        Image.fromarray(gradient()).save(tmp_path / "a.jpg")
        reading = reading_of(tmp_path / "a.jpg", findings_at((1, 2, 9, 9)))
        written = write(reading, options=FormatOptions(secondary_capture_of=study))
        assert errors_of(written) == []
        assert errors_of(written.with_name("a.jpg.image.dcm")) == []

    def test_a_study_must_be_one(self, tmp_path: Path, context: Contexts) -> None:
        Image.fromarray(gradient()).save(tmp_path / "a.png")
        options = FormatOptions(secondary_capture_of=tmp_path / "a.png")
        with pytest.raises(InputError, match=r"--as-secondary-capture-of .*: is no DICOM file"):
            write_formats([], context(tmp_path / "out", tmp_path, options=options), ["dicom-sc"])


@needs_dciodvfy
@pytest.mark.parametrize("frames", [1, 2])
def test_dciodvfy_finds_no_error(tmp_path: Path, write: Write, frames: int) -> None:
    pixels = np.stack([gradient()] * 2)
    path = write_radiograph(
        tmp_path / "a.dcm",
        pixels if frames > 1 else pixels[0],
        LossyImageCompression="01",
        LossyImageCompressionRatio=10,
        LossyImageCompressionMethod="ISO_15444_1",
        BurnedInAnnotation="NO",
        PatientOrientation=["L", "F"],
        PixelSpacing=[0.2, 0.3],
    )
    reading = reading_of(path, findings_at((1, 1, 9, 9)), frame=2 if frames > 1 else None)
    written = write(reading)
    assert errors_of(written) == []
    dumped = subprocess.run(["dcmdump", written], capture_output=True, text=True, check=True)
    assert dumped.stderr == ""


def test_a_picture_that_no_dicom_image_holds_is_told(tmp_path: Path, context: Contexts) -> None:
    path = write_radiograph(tmp_path / "a.dcm", np.zeros((65535, 1), np.uint8))
    (missed,) = write_formats([reading_of(path)], context(tmp_path / "out", tmp_path), ["dicom-sc"])
    assert missed.message.startswith("a.dcm: its picture has more than 65535 pixels a side")
    assert missed.message.endswith("ask for dicom-sr or dicom-gsps")


def test_an_image_that_changed_is_told(tmp_path: Path, context: Contexts) -> None:
    path = write_radiograph(tmp_path / "a.dcm", gradient())
    reading = reading_of(path)
    write_radiograph(path, gradient()[::-1].copy())
    (missed,) = write_formats([reading], context(tmp_path / "out", tmp_path), ["dicom-sc"])
    assert "is not the file that was read" in missed.message


@needs_dciodvfy
@pytest.mark.shared
def test_shared_images_become_captures(shared_dir: Path, tmp_path: Path, context: Contexts) -> None:
    folder = shared_dir / "data/dicom"
    found = [path for path in sorted(folder.iterdir()) if "LICENSE" not in path.name]
    readings = [reading_of(path, findings_at((1.5, 2.0, 99.0, 99.75))) for path in found]
    assert len(readings) >= 6
    assert write_formats(readings, context(tmp_path / "out", folder), ["dicom-sc"]) == ()
    for path, reading in zip(found, readings, strict=True):
        written = tmp_path / f"out/dicom-sc/{path.name}.dcm"
        capture = dcmread(written)
        assert np.array_equal(capture.pixel_array, drawn(path, reading))
        # one of them has a UID that no object may have, and by which it must be referred to
        errors = [e for e in errors_of(written) if "999.999.01" not in e]
        assert all("invalid data values" in error for error in errors)
        assert bool(errors) == ("ModalitySequenceLUT" in path.name)
