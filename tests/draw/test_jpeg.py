"""JPEG files, read back by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.draw.jpeg import encode_jpeg
from detect.errors import OutputError


def _picture() -> np.ndarray:
    picture = np.full((60, 80, 3), 90, np.uint8)
    picture[20, 10:70] = (20, 150, 255)  # a thin orange line, BGR
    return picture


def test_a_picture_comes_back_in_its_colours(tmp_path: Path) -> None:
    path = tmp_path / "new" / "Hände – 骨.jpg"
    encode_jpeg(_picture(), path)
    with Image.open(path) as image:
        assert image.format == "JPEG"
        read = np.asarray(image.convert("RGB")).astype(int)
    assert read.shape == (60, 80, 3)
    assert np.abs(read[20, 15:65].mean(axis=0) - (255, 150, 20)).max() < 25
    assert np.abs(read[40:] - 90).max() < 4
    assert list(path.parent.iterdir()) == [path]


def test_quality_costs_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    sizes = []
    for quality in (30, 92):
        encode_jpeg(noise, tmp_path / "a.jpg", quality)
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes[0] < 0.6 * sizes[1]


def test_more_pixels_than_a_jpeg_holds_are_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="3 x 65536 pixels"):
        encode_jpeg(np.zeros((65_536, 3, 3), np.uint8), tmp_path / "a.jpg")
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*a\.jpg"):
        encode_jpeg(_picture(), tmp_path / "file" / "a.jpg")


def test_a_grey_picture_is_shown_as_the_same_in_colour(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (61, 83), np.uint8)
    encode_jpeg(grey, tmp_path / "grey.jpg")
    encode_jpeg(np.dstack([grey] * 3), tmp_path / "colour.jpg")
    with Image.open(tmp_path / "grey.jpg") as one, Image.open(tmp_path / "colour.jpg") as other:
        assert (one.mode, other.mode) == ("L", "RGB")
        assert (np.asarray(one.convert("RGB")) == np.asarray(other)).all()
