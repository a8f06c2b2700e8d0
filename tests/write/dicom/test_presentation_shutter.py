"""The shutter of an image in its presentation state, checked by dciodvfy and dcmpschk."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dicom_images import errors_of, reading_of, write_radiograph
from PIL import Image
from pydicom import Dataset, dcmread

from detect.write.context import FormatOptions, WriteContext
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]

RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterLeftVerticalEdge": 5,
    "ShutterRightVerticalEdge": 50,
    "ShutterUpperHorizontalEdge": 8,
    "ShutterLowerHorizontalEdge": 70,
}
CIRCLE = {
    "ShutterShape": "CIRCULAR",
    "CenterOfCircularShutter": [40, 30],
    "RadiusOfCircularShutter": 28,
}
POLYGON = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 80, 1, 40, 60]}


@pytest.fixture
def state_of(tmp_path: Path, context: Contexts) -> Callable[[Path], Path]:
    """Return what writes the presentation state of an image."""

    def one(image: Path) -> Path:
        made = context(tmp_path / "out", image.parent)
        assert write_formats([reading_of(image)], made, ["dicom-gsps"]) == ()
        (path,) = (tmp_path / "out").rglob("*.dcm")
        return path

    return one


def shutter_of(state: Dataset) -> dict[str, Any]:
    return {e.keyword: e.value for e in state if "Shutter" in e.keyword}


@pytest.mark.skipif(
    shutil.which("dciodvfy") is None or shutil.which("dcmpschk") is None,
    reason="needs dicom3tools and dcmtk: apt install dicom3tools dcmtk",
)
@pytest.mark.parametrize("grey", [None, 0x8000])
@pytest.mark.parametrize(
    "shutter",
    [
        RECTANGLE,
        CIRCLE,
        POLYGON,
        RECTANGLE | CIRCLE | {"ShutterShape": ["RECTANGULAR", "CIRCULAR"]},
    ],
)
def test_it_stays_on(
    tmp_path: Path, state_of: Callable[[Path], Path], shutter: dict[str, Any], grey: int | None
) -> None:
    image = write_radiograph(tmp_path / "a.dcm", **shutter, ShutterPresentationValue=grey)
    written = state_of(image)
    assert shutter_of(dcmread(written)) == shutter | {"ShutterPresentationValue": grey or 0}
    assert errors_of(written) == []
    said = subprocess.run(["dcmpschk", written], capture_output=True, text=True, errors="replace")
    assert "Shutter" not in said.stderr


@pytest.mark.parametrize(
    "shutter",
    [
        {},
        {"ShutterShape": ""},
        {"ShutterShape": "OVAL"},
        RECTANGLE | {"ShutterLeftVerticalEdge": None},
        CIRCLE | {"CenterOfCircularShutter": 40},
        POLYGON | {"VerticesOfThePolygonalShutter": [1, 1, 80, 1, 40]},
    ],
)
def test_what_is_no_shutter_is_left_out(
    tmp_path: Path, state_of: Callable[[Path], Path], shutter: dict[str, Any]
) -> None:
    written = state_of(write_radiograph(tmp_path / "a.dcm", **shutter))
    assert shutter_of(dcmread(written)) == {}


def test_that_of_another_image_is_not_taken(tmp_path: Path, context: Contexts) -> None:
    study = write_radiograph(tmp_path / "study/a.dcm", **RECTANGLE)
    Image.new("L", (60, 80), 90).save(tmp_path / "b.png")
    made = context(tmp_path / "out", tmp_path, options=FormatOptions(secondary_capture_of=study))
    assert write_formats([reading_of(tmp_path / "b.png")], made, ["dicom-gsps"]) == ()
    assert shutter_of(dcmread(tmp_path / "out/dicom-gsps/b.png.dcm")) == {}
