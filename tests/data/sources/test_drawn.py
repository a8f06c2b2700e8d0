"""Boxes that were drawn on a picture of another size, or before its EXIF turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from detect.data.sample import LabelledBox, Sample
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.images import displayed_size
from detect.record import Box

Picture = Callable[..., Path]
Size = tuple[float, float] | None


def drawn(
    image: Path, boxes: list[tuple[float, ...]], stated: Size, label: str = "fracture"
) -> tuple[Sample, tuple[str, ...]]:
    findings = Findings()
    entries = tuple(LabelledBox(Box(*box), label) for box in boxes)
    sample = drawn_sample(
        Drawn(image, entries, stated, "val", "g", {"view": "lateral"}),
        displayed_size(image),
        {"fracture"},
        findings,
    )
    assert (sample.split, sample.group, sample.attributes) == ("val", "g", {"view": "lateral"})
    return sample, findings.notes()


def corners(sample: Sample) -> list[tuple[float, ...]] | None:
    return None if sample.boxes is None else [astuple(entry.box) for entry in sample.boxes]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_drawn_on_the_stored_pixels_turn_with_them(tmp_path: Path, orientation: int) -> None:
    stored = np.zeros((30, 40), np.uint8)
    stored[4:9, 10:25] = 255  # the box 10, 4, 25, 9
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        rows, columns = np.nonzero(np.asarray(ImageOps.exif_transpose(image)))
    expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    sample, notes = drawn(tmp_path / "a.png", [(10, 4, 25, 9)], (40, 30))
    assert corners(sample) == [expected]
    assert notes == ("1 image: boxes were drawn before the EXIF turn; turned with it (a.png)",)
    # the tool had halved the picture, too
    sample, _ = drawn(tmp_path / "a.png", [(5, 2, 12.5, 4.5)], (20, 15))
    assert corners(sample) == [expected]
    # it had followed the turn
    sample, notes = drawn(tmp_path / "a.png", [(1, 2, 3, 4)], (30, 40))
    assert corners(sample) == [(1, 2, 3, 4)]
    assert notes == ()


@pytest.mark.parametrize(
    ("orientation", "width", "told"),
    [(2, 40, True), (3, 40, True), (4, 40, True), (6, 30, True), (6, 40, False), (1, 30, False)],
)
def test_a_turn_that_no_size_tells_is_noted(
    tmp_path: Path, orientation: int, width: int, told: bool
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.zeros((30, width), np.uint8))
    stored.save(tmp_path / "a.png", exif=exif)
    shown = displayed_size(tmp_path / "a.png")
    sample, notes = drawn(tmp_path / "a.png", [(1, 2, 3, 4)], shown)
    assert corners(sample) == [(1, 2, 3, 4)]
    assert any("which no size tells" in note for note in notes) is told


def test_a_resized_picture_scales_its_boxes(tmp_path: Path, picture: Picture) -> None:
    image = picture(tmp_path / "a.png", 41, 30)  # of 82 × 61: half a row is lost
    sample, notes = drawn(image, [(20, 30, 40, 61)], (82, 61))
    assert corners(sample) == [pytest.approx((10, 30 * 30 / 61, 20, 30))]
    assert notes == (
        "1 image: is not of the size that its boxes were drawn in; boxes scaled (a.png)",
    )


@pytest.mark.parametrize("stated", [(40, 30), (41, 30), (40, 29), None])
def test_a_pixel_more_or_less_is_rounding(tmp_path: Path, picture: Picture, stated: Size) -> None:
    sample, notes = drawn(picture(tmp_path / "a.png"), [(1.5, 2, 40.5, 30)], stated)
    assert corners(sample) == [(1.5, 2, 40, 30)]
    assert notes == ()


def test_swapped_sizes_keep_boxes_that_lie_inside(tmp_path: Path, picture: Picture) -> None:
    image = picture(tmp_path / "a.png")
    sample, notes = drawn(image, [(20, 2, 38, 28)], (30, 40))
    assert corners(sample) == [(20, 2, 38, 28)]
    assert notes == ("1 image: width and height are stated swapped; boxes kept (a.png)",)
    assert corners(drawn(image, [(2, 20, 28, 38)], (30, 40))[0]) is None


@pytest.mark.parametrize(("label", "fractured"), [("fracture", True), ("metal", None)])
def test_another_shape_leaves_the_verdict_alone(
    tmp_path: Path, picture: Picture, label: str, fractured: bool | None
) -> None:
    image = picture(tmp_path / "a.png")
    sample, notes = drawn(image, [(1, 2, 3, 4)], (64, 64), label)
    assert (sample.boxes, sample.fractured) == (None, fractured)
    assert "another shape" in notes[0]
    sample, notes = drawn(image, [], (64, 64), label)
    assert (sample.boxes, sample.fractured, notes) == ((), None, ())


def test_a_box_without_area_leaves_the_verdict_alone(tmp_path: Path, picture: Picture) -> None:
    image = picture(tmp_path / "a.png")
    for box in ((1, 2, 1, 4), (3, 2, 1, 4)):
        sample, notes = drawn(image, [(1, 2, 3, 4), box], (40, 30))
        assert (sample.boxes, sample.fractured) == (None, True)
        assert notes == ("1 image: a box has no area; only the verdict is used (a.png)",)


def test_a_box_listed_twice_is_taken_once(tmp_path: Path, picture: Picture) -> None:
    sample, notes = drawn(picture(tmp_path / "a.png"), [(1, 2, 3, 4)] * 2, (40, 30))
    assert corners(sample) == [(1, 2, 3, 4)]
    assert notes == ("1 image: a box is listed twice; taken once (a.png)",)


def test_an_unreadable_file_keeps_its_boxes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    sample, _ = drawn(tmp_path / "a.png", [(1, 2, 40.5, 4), (1, 2, 43, 4)], (40, 30))
    assert corners(sample) == [(1, 2, 40, 4), (1, 2, 43, 4)]
