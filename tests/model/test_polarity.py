"""Negatives are told from radiographs as a viewer shows them, and those are left alone."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detect.data.phantom.render import render_phantom
from detect.model.polarity import INVERTED_WARNING, bone_light, looks_inverted, negative_score
from detect.read import read
from detect.read.radiograph import Radiograph
from detect.record import Source

Pixels = NDArray[np.uint8]
_LOOKS = {
    "as it is": lambda image: image,
    "brighter": lambda image: np.minimum(image.astype(int) + 40, 255),
    "faint": lambda image: image // 3 + 60,
    "small": lambda image: image[::3, ::3],
    "large": lambda image: np.repeat(np.repeat(image, 8, 0), 8, 1),
    "white border": lambda image: np.pad(image, 12, constant_values=255),
    "black border": lambda image: np.pad(image, 30, constant_values=0),
    "border below": lambda image: np.pad(image, ((0, 90), (0, 0)), constant_values=255),
    "turned": lambda image: np.rot90(image),
}


@pytest.fixture(scope="module", params=range(4))
def limb(request: pytest.FixtureRequest) -> Pixels:
    """A synthetic limb, as a viewer shows it."""
    pixels = render_phantom(request.param, fractured=False, size=(300, 220)).pixels
    return np.rint(pixels / pixels.max() * 255).astype(np.uint8)


@pytest.mark.parametrize("look", _LOOKS)
def test_a_negative_is_told_whatever_lies_around_it(limb: Pixels, look: str) -> None:
    change = _LOOKS[look]
    assert not looks_inverted(np.ascontiguousarray(change(limb), np.uint8))
    if look != "brighter":  # of a negative, that washes the background out
        assert negative_score(np.ascontiguousarray(change(255 - limb), np.uint8)) > 0


def test_a_negative_scores_the_opposite(limb: Pixels) -> None:
    assert negative_score(255 - limb) == pytest.approx(-negative_score(limb), abs=0.02)


def test_nothing_is_told_of_an_image_that_shows_nothing() -> None:
    for grey in (0, 128, 255):
        for size in ((1, 1), (3, 500), (400, 300)):
            assert negative_score(np.full(size, grey, np.uint8)) == 0.0
    line = np.full((300, 300), 255, np.uint8)
    line[:, 150] = 0
    assert not looks_inverted(line)


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99), low=st.booleans()
)
def test_any_size_is_judged(height: int, width: int, seed: int, low: bool) -> None:
    greys = np.random.default_rng(seed).integers(0, 4 if low else 256, (height, width))
    score = negative_score(greys.astype(np.uint8))
    assert -2 <= score <= 2


def test_the_negative_of_a_negative_is_read_with_a_warning(limb: Pixels) -> None:
    right = Radiograph(limb, Source("a.png", None, 220, 300))
    pixels, warnings = bone_light(right)
    assert pixels is limb
    assert warnings == ()

    wrong = replace(right, pixels=255 - limb)
    before = wrong.pixels.copy()
    pixels, warnings = bone_light(wrong)
    np.testing.assert_array_equal(pixels, limb)
    assert pixels.dtype == np.uint8
    assert warnings == (INVERTED_WARNING,)
    np.testing.assert_array_equal(wrong.pixels, before)


def test_dicom_is_taken_at_its_word(limb: Pixels) -> None:
    source = Source("a.dcm", None, 220, 300)
    assert bone_light(Radiograph(255 - limb, source))[1]
    pixels, warnings = bone_light(Radiograph(255 - limb, replace(source, sop_instance_uid="1.2.3")))
    np.testing.assert_array_equal(pixels, 255 - limb)
    assert warnings == ()


def test_it_costs_next_to_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3000, 2500)).astype(np.uint8)
    took = []
    for _ in range(20):
        start = time.thread_time()
        looks_inverted(image)
        took.append(time.thread_time() - start)
    assert min(took) < 0.003


@pytest.mark.shared
def test_real_radiographs_are_told(shared_dir: Path) -> None:
    folder = shared_dir / "data/fracatlas"
    with (folder / "split.csv").open(encoding="utf-8", newline="") as table:
        train = {row["image_id"] for row in csv.DictReader(table) if row["split"] == "train"}
    images = [path for path in (folder / "images").rglob("*.jpg") if path.name in train]
    scores = []
    for path in sorted(images)[::25]:
        (radiograph,) = read(path, path.name)
        scores.append((negative_score(radiograph.pixels), looks_inverted(255 - radiograph.pixels)))
    right, told = np.array(scores).T
    assert len(right) > 80
    assert right.max() < 0.25
    assert told.mean() > 0.95
