"""Marks burnt into a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread

from detect.data.burnt_in import BURNED_IN, COLOUR, WRITING, marks_of
from detect.data.look import Look, look
from detect.data.phantom.render import render_phantom
from detect.data.phantom.writer import write_phantoms


@pytest.fixture(scope="module")
def radiograph() -> NDArray[np.uint8]:
    return (render_phantom(3, fractured=True, size=(454, 373)).pixels >> 8).astype(np.uint8)


def marks(path: Path, pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    Image.fromarray(pixels).save(path)
    seen = look(path, thorough=True)
    assert isinstance(seen, Look)
    assert seen.traits is not None
    return seen.traits.marks


def written(pixels: NDArray[np.uint8], text: str, scale: float = 0.5) -> NDArray[np.uint8]:
    copy = pixels.copy()
    cv2.putText(copy, text, (20, 440), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1)
    return copy


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_words_are_found_and_a_side_marker_is_not(
    tmp_path: Path, radiograph: NDArray[np.uint8], suffix: str
) -> None:
    assert marks(tmp_path / f"plain{suffix}", radiograph) == ()
    assert marks(tmp_path / f"side{suffix}", written(radiograph, "L")) == ()
    assert marks(tmp_path / f"words{suffix}", written(radiograph, "KNEE 1958")) == (WRITING,)


def test_large_pictures_have_larger_letters(tmp_path: Path, radiograph: NDArray[np.uint8]) -> None:
    large = cv2.resize(written(radiograph, "KNEE 1958"), None, fx=6, fy=6)
    assert marks(tmp_path / "large.png", np.asarray(large, np.uint8)) == (WRITING,)


def test_few_phantoms_are_suspected(tmp_path: Path) -> None:
    seen = []
    for seed in range(30):
        pixels = render_phantom(seed, fractured=seed % 2 == 0, size=(454, 373)).pixels
        seen.append(marks(tmp_path / f"{seed}.png", (pixels >> 8).astype(np.uint8)))
    assert sum(map(bool, seen)) <= 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_coloured_arrow_is_found(
    tmp_path: Path, radiograph: NDArray[np.uint8], suffix: str
) -> None:
    colour = np.dstack([radiograph] * 3)
    assert marks(tmp_path / f"grey{suffix}", colour) == ()
    cv2.arrowedLine(colour, (60, 60), (100, 110), (255, 40, 0), 3)
    assert marks(tmp_path / f"arrow{suffix}", colour) == (COLOUR,)


def test_colour_that_is_not_seen_does_not_count(
    tmp_path: Path, radiograph: NDArray[np.uint8]
) -> None:
    hidden = np.dstack([radiograph, radiograph, radiograph, np.full_like(radiograph, 255)])
    hidden[:50, :50] = (255, 0, 0, 0)
    assert marks(tmp_path / "hidden.png", hidden) == ()


@pytest.mark.parametrize(("value", "expected"), [("YES", (BURNED_IN,)), ("NO", ()), (None, ())])
def test_dicom_tells_of_its_marks(
    tmp_path: Path, value: str | None, expected: tuple[str, ...]
) -> None:
    write_phantoms(tmp_path / "set", 1, seed=1, form="dicom")
    (file,) = (tmp_path / "set").rglob("*.dcm")
    header = dcmread(file)
    if value is None:
        header.pop("BurnedInAnnotation", None)
    else:
        header.BurnedInAnnotation = value
    header.save_as(file)
    assert marks_of(file, np.zeros((50, 50), np.uint8)) == expected
