"""What is no limb gets no firm verdict of the default bundle, and limbs get one: real pictures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect import DEFAULT_BUNDLE
from detect.model.attributes import is_out_of_scope
from detect.model.bundle import load_bundle
from detect.model.coherence import compose_reading
from detect.model.predictor import build_predictor
from detect.read import Radiograph, read
from detect.record import Reading, Source

Take = Callable[[Radiograph], Reading]
CHESTS = ("RG1_J2KI.dcm", "fo-dicom_CR-MONO1-10-chest")


@pytest.fixture(scope="module")
def take() -> Take:
    bundle = load_bundle(DEFAULT_BUNDLE)
    predictor = build_predictor(bundle)
    point = bundle.manifest.default_operating_point
    return lambda image: compose_reading(image.source, predictor(image), bundle, point)


def is_firm(reading: Reading) -> bool:
    certainties = {finding.certainty for finding in reading.findings}
    return reading.verdict.certainty == "definite" or "definite" in certainties


def picture(pixels: NDArray[np.uint8]) -> Radiograph:
    height, width = pixels.shape
    return Radiograph(np.ascontiguousarray(pixels), Source("a.png", "0" * 64, width, height))


@pytest.mark.shared
@pytest.mark.parametrize("name", CHESTS)
def test_a_chest_is_out_of_scope(name: str, shared_dir: Path, take: Take) -> None:
    (chest,) = read(shared_dir / "data" / "dicom" / name, name)

    reading = take(chest)

    assert is_out_of_scope(reading.attributes)
    assert any(warning.startswith("out of scope: ") for warning in reading.warnings)
    assert not is_firm(reading)


@pytest.mark.shared
@pytest.mark.parametrize("name", CHESTS)
def test_a_chest_saved_as_a_picture_gets_no_firm_verdict(
    name: str, shared_dir: Path, take: Take
) -> None:
    (chest,) = read(shared_dir / "data" / "dicom" / name, name)

    reading = take(picture(chest.pixels))

    assert not is_firm(reading)
    assert reading.warnings


@pytest.mark.parametrize("name", ["bus.jpg", "zidane.jpg"])
def test_a_photograph_is_out_of_scope(name: str, take: Take) -> None:
    found = find_spec("ultralytics")
    assert found is not None and found.origin is not None
    path = Path(found.origin).parent / "assets" / name
    (photograph,) = read(path, name)

    assert is_out_of_scope(take(photograph).attributes)


@pytest.mark.parametrize("grey", [0, 30, 128, 255])
def test_a_blank_image_is_out_of_scope(grey: int, take: Take) -> None:
    assert is_out_of_scope(take(picture(np.full((454, 373), grey, np.uint8))).attributes)


@pytest.mark.parametrize("negative", [False, True])
def test_a_page_is_out_of_scope(negative: bool, take: Take) -> None:
    page = np.full((877, 620), 235, np.uint8)
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()[:40]
    for number, line in enumerate(lines, start=1):
        place = (40, 20 * number)
        cv2.putText(page, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 30.0, 1, cv2.LINE_AA)

    assert is_out_of_scope(take(picture(255 - page if negative else page)).attributes)


@pytest.mark.shared
def test_limbs_of_val_are_in_scope(shared_dir: Path, take: Take) -> None:
    root = shared_dir / "data" / "fracatlas"
    with (root / "split.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"][::8]
    paths = [next(root.rglob(row["image_id"])) for row in rows]

    readings = [take(image) for path in paths for image in read(path, path.name)]

    assert len(readings) > 40
    assert sum(is_out_of_scope(reading.attributes) for reading in readings) <= 0.05 * len(readings)
