"""Real files: the truncated ones of FracAtlas, and DICOM against dcmtk and gdcm."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ExplicitVRLittleEndian, JPEGExtended12Bit

from detect.errors import ReadError
from detect.read import read

DICOM = [
    "RG1_J2KI.dcm",
    "RG3_J2KR.dcm",
    "fo-dicom_CR-MONO1-10-chest",
    "fo-dicom_CR-ModalitySequenceLUT.dcm",
    "mlut_18.dcm",
    "vlut_04.dcm",
]


def first_pixels(path: Path) -> np.ndarray:
    (radiograph,) = read(path, path.name)
    return radiograph.pixels.astype(int)


@pytest.fixture(scope="module")
def fracatlas(shared_dir: Path) -> tuple[dict[str, Path], set[str], set[str]]:
    """Paths by name, and the names of the truncated and of the sound ones."""
    root = shared_dir / "data" / "fracatlas"

    def ids(name: str) -> set[str]:
        with (root / name).open(newline="") as table:
            return {row["image_id"] for row in csv.DictReader(table)}

    paths = {path.name: path for path in (root / "images").rglob("*.jpg")}
    return paths, ids("dataset.csv") - ids("split.csv"), ids("split.csv")


@pytest.mark.shared
def test_each_truncated_jpeg_of_fracatlas_is_told(fracatlas) -> None:
    paths, truncated, _ = fracatlas
    assert len(truncated) == 59
    for name in sorted(truncated):
        with pytest.raises(ReadError) as caught:
            list(read(paths[name], name))
        assert caught.value.reason == "truncated"
        assert str(caught.value).startswith(f"{name}: file is truncated")


@pytest.mark.shared
def test_each_sound_jpeg_of_fracatlas_is_read(fracatlas) -> None:
    paths, _, sound = fracatlas
    for number, name in enumerate(sorted(sound)):
        pixels = first_pixels(paths[name])
        if number % 50 == 0:  # against the whole colour decode of Pillow
            with Image.open(paths[name]) as image:
                turned = ImageOps.exif_transpose(image)
                expected = np.asarray(turned.convert("L")).astype(int)
            assert np.abs(pixels - expected).max() <= 2


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # of the files themselves
@pytest.mark.parametrize("name", DICOM)
def test_window_and_inversion_as_dcmtk_has_them(
    shared_dir: Path, tmp_path: Path, name: str
) -> None:
    """dcm2pnm applies the modality LUT, the first window or VOI LUT, and the inversion."""
    program = shutil.which("dcm2pnm")
    if program is None:
        pytest.skip("dcm2pnm is not installed; it comes with dcmtk")
    path = shared_dir / "data" / "dicom" / name
    dataset = dcmread(path, force=True)
    if dataset.get("VOILUTSequence"):
        options = ["+Wl", "1"]
    elif "WindowCenter" in dataset:
        options = ["+Wi", "1"]
    else:
        options = ["+Wh", "1"]  # no window: compared by rank below
    plain = tmp_path / "plain.dcm"
    if name == "fo-dicom_CR-MONO1-10-chest":
        shutil.copy(path, plain)
    else:
        if dataset.file_meta.TransferSyntaxUID != ExplicitVRLittleEndian:
            # by another decoder than the reader's, where there is one
            dataset.decompress(decoding_plugin="gdcm", generate_instance_uid=False)
        dataset.save_as(plain)
    picture = tmp_path / "picture.pgm"
    subprocess.run([program, "+opb", *options, plain, picture], check=True, capture_output=True)
    theirs = np.asarray(Image.open(picture)).astype(int)
    ours = first_pixels(path)
    if options[0] == "+Wh":
        assert theirs.shape == ours.shape
        inner = (theirs > 5) & (theirs < 250) & (ours > 0) & (ours < 255)
        assert np.corrcoef(theirs[inner], ours[inner])[0, 1] > 0.995
    else:
        assert np.abs(theirs - ours).max() <= 1


@pytest.mark.shared
@pytest.mark.parametrize("name", ["RG1_J2KI.dcm", "RG3_J2KR.dcm"])
def test_jpeg_2000_as_gdcm_decodes_it(shared_dir: Path, name: str) -> None:
    gdcm = pytest.importorskip("gdcm")
    path = shared_dir / "data" / "dicom" / name
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    image = reader.GetImage()
    stored = np.frombuffer(
        image.GetBuffer().encode("utf-8", errors="surrogateescape"), np.uint16
    ).reshape(image.GetDimension(1), image.GetDimension(0))
    dataset = dcmread(path, stop_before_pixels=True)
    share = (stored - (dataset.WindowCenter - 0.5)) / (dataset.WindowWidth - 1) + 0.5
    expected = 255 - np.clip(share, 0, 1) * 255
    assert np.abs(first_pixels(path) - expected).max() <= 1


@pytest.mark.shared
@pytest.mark.parametrize("name", DICOM[:4])
def test_bone_is_light_on_dark(shared_dir: Path, name: str) -> None:
    """By regions picked by eye: (light bone, dark air or lung), as shares of the picture."""
    light, dark = {
        "RG1_J2KI.dcm": ((0.5, 0.5), (0.3, 0.3)),
        "RG3_J2KR.dcm": ((0.9, 0.44), (0.5, 0.62)),
        "fo-dicom_CR-MONO1-10-chest": ((0.8, 0.48), (0.4, 0.25)),
        "fo-dicom_CR-ModalitySequenceLUT.dcm": ((0.47, 0.5), (0.2, 0.5)),
    }[name]
    pixels = first_pixels(shared_dir / "data" / "dicom" / name)

    def grey(place: tuple[float, float]) -> float:
        row, column = int(place[0] * pixels.shape[0]), int(place[1] * pixels.shape[1])
        return float(pixels[row - 5 : row + 5, column - 5 : column + 5].mean())

    assert grey(light) > grey(dark) + 40


@pytest.fixture
def dcmcjpeg() -> str:
    program = shutil.which("dcmcjpeg")
    if program is None:
        pytest.skip("dcmcjpeg is not installed; it comes with dcmtk")
    return program


@pytest.mark.shared
@pytest.mark.parametrize(
    ("option", "name"), [("+e1", DICOM[2]), ("+el", DICOM[2]), ("+eb", "vlut_04.dcm")]
)
def test_jpeg_as_dcmtk_writes_it(
    shared_dir: Path, tmp_path: Path, dcmcjpeg: str, option: str, name: str
) -> None:
    path = shared_dir / "data" / "dicom" / name
    coded = tmp_path / "coded.dcm"
    subprocess.run([dcmcjpeg, option, path, coded], check=True, capture_output=True)
    assert dcmread(coded).file_meta.TransferSyntaxUID.is_compressed
    difference = np.abs(first_pixels(coded) - first_pixels(path))
    assert difference.mean() < 2 if option == "+eb" else difference.max() == 0


@pytest.mark.shared
def test_12_bit_lossy_jpeg_is_named(shared_dir: Path, tmp_path: Path, dcmcjpeg: str) -> None:
    coded = tmp_path / "coded.dcm"
    path = shared_dir / "data" / "dicom" / DICOM[2]
    subprocess.run([dcmcjpeg, "+ee", path, coded], check=True, capture_output=True)
    if "pylibjpeg" in get_decoder(JPEGExtended12Bit).available_plugins:
        assert np.abs(first_pixels(coded) - first_pixels(path)).mean() < 2
        return
    with pytest.raises(ReadError, match="12-bit lossy JPEG") as caught:
        first_pixels(coded)
    assert caught.value.reason == "unsupported"
