"""Thumbnails: decoded again by Pillow, with their boxes where they belong."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.data.sample import LabelledBox, Sample
from detect.data.thumbnails import LONG_SIDE, Thumbnail, thumbnails
from detect.record import Box

FRACTURES = {"fracture"}


def _sample(image: Path, *boxes: tuple[float, float, float, float]) -> Sample:
    return Sample(
        image, "train", None, True, tuple(LabelledBox(Box(*box), "fracture") for box in boxes)
    )


def _pixels(thumbnail: Thumbnail) -> np.ndarray:
    assert thumbnail.uri is not None
    head, _, data = thumbnail.uri.partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB")).astype(int)


def _orange(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Return the first and last column and row with the colour of an outline."""
    rows, columns = np.nonzero(pixels[..., 0] - pixels[..., 2] > 90)
    return columns.min(), rows.min(), columns.max(), rows.max()


def _grey(path: Path, width: int, height: int, value: int = 20) -> Path:
    Image.new("L", (width, height), value).save(path)
    return path


def test_a_picture_is_made_small_and_its_box_goes_with_it(tmp_path: Path) -> None:
    sample = _sample(_grey(tmp_path / "a.png", 896, 448), (200, 100, 600, 300))
    (small,) = thumbnails([sample], FRACTURES)
    assert (small.width, small.height) == (LONG_SIDE, LONG_SIDE // 2)
    assert (small.image_width, small.image_height) == (896, 448)
    pixels = _pixels(small)
    assert pixels.shape == (small.height, small.width, 3)
    assert _orange(pixels) == pytest.approx((50, 25, 150, 75), abs=2)


def test_the_turn_of_exif_is_that_of_the_boxes(tmp_path: Path, picture) -> None:
    image = picture(tmp_path / "a.jpg", 100, 50, orientation=6)
    (small,) = thumbnails([_sample(image)], FRACTURES)
    assert (small.image_width, small.image_height) == (50, 100)
    assert _pixels(small).shape == (100, 50, 3)  # small pictures are not blown up


def test_what_sticks_out_is_seen_on_grey(tmp_path: Path) -> None:
    sample = _sample(_grey(tmp_path / "a.png", 100, 100), (-20, 30, 40, 60))
    (small,) = thumbnails([sample], FRACTURES)
    pixels = _pixels(small)
    assert pixels.shape == (100, 120, 3)
    assert _orange(pixels) == pytest.approx((0, 30, 60, 60), abs=2)
    assert pixels[5:20, 3:17].mean() == pytest.approx(96, abs=3)
    assert pixels[5:20, 23:].mean() == pytest.approx(20, abs=3)


def test_a_box_far_away_does_not_shrink_the_picture_to_nothing(tmp_path: Path) -> None:
    sample = _sample(_grey(tmp_path / "a.png", 100, 100), (1e12, 1e12, 2e12, 2e12))
    (small,) = thumbnails([sample], FRACTURES)
    assert _pixels(small).shape == (125, 125, 3)


def test_files_without_a_picture_say_why_and_stop_no_other(tmp_path: Path, picture) -> None:
    cut, empty = tmp_path / "cut.jpg", tmp_path / "empty.png"
    cut.write_bytes(picture(tmp_path / "whole.jpg", 90, 90).read_bytes()[:2000])
    empty.write_bytes(b"")
    told = []
    samples = [_sample(path) for path in (cut, empty, tmp_path / "gone.png")]
    samples.append(_sample(tmp_path / "whole.jpg"))
    made = list(thumbnails(samples, FRACTURES, on_image=lambda: told.append(1)))
    assert [one.uri is None for one in made] == [True, True, True, False]
    assert "truncated" in made[0].reason
    assert "empty" in made[1].reason
    assert "no such file" in made[2].reason
    assert made[3].reason == ""
    assert len(told) == 4


def test_the_number_of_threads_changes_nothing(tmp_path: Path, picture) -> None:
    samples = [_sample(picture(tmp_path / f"{n}.png", 300, 200, seed=n)) for n in range(8)]
    assert list(thumbnails(samples, FRACTURES, workers=1)) == list(
        thumbnails(samples, FRACTURES, workers=4)
    )


def test_fractures_are_told_from_other_boxes_and_lie_on_top(tmp_path: Path) -> None:
    sample = _sample(_grey(tmp_path / "a.png", 200, 200), (20, 20, 180, 180))
    entries = [LabelledBox(Box(20, 20, 180, 180), "metal"), LabelledBox(Box(0, 0, 9, 9), "text")]
    (small,) = thumbnails([replace(sample, boxes=(*(sample.boxes or ()), *entries))], FRACTURES)
    pixels = _pixels(small)
    assert _orange(pixels) == pytest.approx((20, 20, 180, 180), abs=2)
    blue = pixels[..., 2] - pixels[..., 0] > 90
    assert blue[:12, :12].any()
    assert not blue[15:, 15:].any()
