"""The pictures of the worst mistakes, decoded again."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from detect.data.sample import LabelledBox, Sample
from detect.draw.style import BOX_STYLES
from detect.evaluate.gallery import LONG_SIDE, MOST_BYTES, TRUTH, build_galleries
from detect.evaluate.page.parts import Gallery
from detect.record import Box, Failure, Finding, Reading

_TRUTH_BOX = Box(20, 30, 60, 80)
_MODEL_BOX = Box(100, 100, 140, 150)


def decoded(uri: str) -> NDArray[np.int_]:
    """Return RGB, shape (h, w, 3)."""
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(body, validate=True))) as picture:
        assert picture.format == "JPEG"
        return np.asarray(picture.convert("RGB")).astype(int)


def near(pixels: NDArray[np.int_], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(pixels - np.array(colour)).max(axis=2) < 70
    return near


@pytest.fixture
def radiograph(tmp_path: Path) -> Path:
    path = tmp_path / "set" / "images" / "one.png"
    path.parent.mkdir(parents=True)
    grey = np.tile(np.linspace(10, 60, 160, dtype=np.uint8), (224, 1))
    Image.fromarray(grey).save(path)
    return path


def sample_of(image: Path, fractured: bool, **attributes: str) -> Sample:
    boxes = (LabelledBox(_TRUTH_BOX, "fracture"),) if fractured else ()
    return Sample(image, "test", None, fractured, boxes, attributes)


def record_of(
    reading: Any, path: str, probability: float, label: str, certainty: str | None
) -> Reading:
    record: Reading = reading(path, probability, size=(160, 224))
    findings: tuple[Finding, ...] = ()
    if certainty is not None:
        findings = (Finding("F1", "fracture", certainty, 0.3, _MODEL_BOX),)  # type: ignore[arg-type]
    verdict = replace(record.verdict, label=label, probability=probability)  # type: ignore[arg-type]
    return replace(record, verdict=verdict, findings=findings)


def galleries_of(
    radiograph: Path, record: Reading | Failure, fractured: bool, most: int = 3
) -> tuple[Gallery, ...]:
    sample = sample_of(radiograph, fractured, region="ha\x1bnd", hardware="no")
    return build_galleries([sample], [record], radiograph.parent.parent, most=most)


def test_model_and_truth_stand_side_by_side(reading: Any, radiograph: Path) -> None:
    record = record_of(reading, "images/one.png", 0.9, "fractured", "definite")
    missed, alarms, wrong = galleries_of(radiograph, record, True)
    assert (missed.pictures, alarms.pictures) == ((), ())
    assert missed.note == "No such image."
    (picture,) = wrong.pictures
    assert wrong.note.startswith("1 of 1, highest probability first.")
    assert max(picture.width, picture.height) == LONG_SIDE
    scale = LONG_SIDE / 224
    orange = BOX_STYLES["definite"].colour
    for uri, box, colour, other in (
        (picture.model, _MODEL_BOX, orange, TRUTH),
        (picture.truth, _TRUTH_BOX, TRUTH, orange),
    ):
        pixels = decoded(uri)
        assert pixels.shape == (picture.height, picture.width, 3)
        assert near(pixels, other).sum() == 0
        # the outline lies just around the box; a label may stand beside the model's
        assert near(pixels, colour)[:, round(box.x1 * scale) - 7 : round(box.x1 * scale)].any()
        assert near(pixels, colour)[round(box.y2 * scale) : round(box.y2 * scale) + 7].any()
        inside = near(pixels, colour)[
            round(box.y1 * scale) + 3 : round(box.y2 * scale) - 3,
            round(box.x1 * scale) + 3 : round(box.x2 * scale) - 3,
        ]
        assert not inside.any()  # the line covers no fracture


def test_a_miss_shows_the_best_box_below_the_thresholds(reading: Any, radiograph: Path) -> None:
    grey = BOX_STYLES["none"].colour
    for certainty, lines in (("none", True), (None, False)):
        record = record_of(reading, "images/one.png", 0.1, "not_fractured", certainty)
        (picture,) = galleries_of(radiograph, record, True)[0].pictures
        assert bool(near(decoded(picture.model), grey).sum() > 30) is lines
        assert not near(decoded(picture.model), BOX_STYLES["definite"].colour).any()


def test_a_false_alarm_has_no_truth_to_draw(reading: Any, radiograph: Path) -> None:
    record = record_of(reading, "images/one.png", 0.9, "fractured", "suspicious")
    _, alarms, _ = galleries_of(radiograph, record, False)
    (picture,) = alarms.pictures
    truth = decoded(picture.truth)
    assert np.ptp(truth, axis=2).max() <= 2  # grey throughout
    assert near(decoded(picture.model), BOX_STYLES["suspicious"].colour).any()
    probability = "probability 90.0\N{NO-BREAK SPACE}%"
    assert picture.facts == (
        probability,
        "model: fractured, suspicious box 0.30 (x 100–140, y 100–150)",
        "truth: not fractured",
        "region ha\\x1bnd",
    )
    assert (picture.name, picture.region, picture.probability) == (
        "images/one.png",
        "ha\\x1bnd",
        0.9,
    )


@pytest.mark.parametrize("size", [(40, 3000), (3000, 40), (2, 2)])
def test_pictures_of_any_size_are_small(
    reading: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 2, size, dtype=np.uint8) * 255
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path)
    record = record_of(reading, "noise.png", 0.9, "fractured", None)
    _, alarms, _ = build_galleries([sample_of(path, False)], [record], tmp_path, most=1)
    assert max(decoded(alarms.pictures[0].model).shape) == LONG_SIDE


def test_noise_does_not_make_the_page_large(reading: Any, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (LONG_SIDE, LONG_SIDE), dtype=np.uint8) * 255
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path)
    record = record_of(reading, "noise.png", 0.9, "fractured", "definite")
    _, alarms, _ = build_galleries([sample_of(path, False)], [record], tmp_path, most=1)
    body = alarms.pictures[0].model.partition(",")[2]
    assert len(base64.b64decode(body)) <= MOST_BYTES


def test_an_image_that_is_gone_is_named(reading: Any, radiograph: Path) -> None:
    record = record_of(reading, "images/one.png", 0.9, "fractured", "definite")
    radiograph.unlink()
    (picture,) = galleries_of(radiograph, record, False)[1].pictures
    assert (picture.model, picture.truth) == ("", "")
    assert picture.facts[-1].startswith("no picture: ")
    assert "one.png" in picture.facts[-1]


def test_failures_are_no_mistakes_of_the_verdict(failure: Any, radiograph: Path) -> None:
    found = galleries_of(radiograph, failure("images/one.png"), True)
    assert [gallery.pictures for gallery in found] == [(), (), ()]


def test_none_are_made_if_none_are_wanted(reading: Any, radiograph: Path) -> None:
    record = record_of(reading, "images/one.png", 0.9, "fractured", "definite")
    radiograph.unlink()  # nothing is read, either
    assert galleries_of(radiograph, record, False, most=0) == ()


def test_pictures_depend_on_neither_order_nor_workers(
    reading: Any, radiograph: Path, tmp_path: Path
) -> None:
    samples, records, told = [], [], []
    for number in range(6):
        path = radiograph.with_name(f"{number}.png")
        path.hardlink_to(radiograph)
        samples.append(sample_of(path, False))
        name = f"images/{number}.png"
        records.append(record_of(reading, name, 0.5 + number / 20, "fractured", "definite"))
    folder = tmp_path / "set"
    first = build_galleries(samples, records, folder, most=4, workers=1)
    second = build_galleries(
        samples[::-1], records, folder, most=4, workers=3, on_image=lambda: told.append(1)
    )
    assert first == second
    assert len(told) == 4
    assert [picture.name for picture in first[1].pictures] == [
        f"images/{number}.png" for number in (5, 4, 3, 2)
    ]
    assert first[1].note.startswith("4 of 6, ")
