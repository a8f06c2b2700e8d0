"""The annotated picture as a reader sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.draw.annotate import annotate
from detect.draw.style import BOX_STYLES
from detect.read.radiograph import Radiograph
from detect.record import Box, Finding, FindingCertainty, ModelInfo, Reading, Source, Verdict

CERTAINTIES: tuple[FindingCertainty, ...] = ("definite", "suspicious", "none")


def _radiograph(width: int, height: int) -> Radiograph:
    noise = np.random.default_rng(7).integers(20, 120, (height, width), dtype=np.uint8)
    return Radiograph(noise, Source("a.png", "0" * 64, width, height))


def _reading(radiograph: Radiograph, *findings: Finding) -> Reading:
    return Reading(
        source=radiograph.source,
        verdict=Verdict("fractured", "definite", 0.873, "balanced", 0.4),
        findings=findings,
        model=ModelInfo("bundle", "1.0.0", "f" * 64),
    )


def _finding(box: Box, certainty: FindingCertainty = "definite", number: int = 1) -> Finding:
    return Finding(f"F{number}", "fracture", certainty, 0.8, box)


def _top(picture: NDArray[np.uint8], pixels: NDArray[np.uint8], row: int = 0) -> int:
    """Return where the radiograph starts in a picture that is not enlarged."""
    width = pixels.shape[1]
    found = [y for y in range(len(picture)) if (picture[y, :width, 0] == pixels[row]).all()]
    assert len(found) == 1
    return found[0] - row


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(picture, axis=2) == 0)


def test_without_findings_every_pixel_is_kept() -> None:
    radiograph = _radiograph(1152, 1440)
    picture = annotate(radiograph, _reading(radiograph))
    top = _top(picture, radiograph.pixels)
    shown = picture[top : top + 1440]
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (1152, 3)
    assert (shown == radiograph.pixels[:, :, None]).all()
    assert top > 40, "the banner stands above"
    assert len(picture) > top + 1440 + 20, "the footer stands below"


def test_a_small_radiograph_is_enlarged_by_a_whole_number() -> None:
    radiograph = _radiograph(420, 454)
    picture = annotate(radiograph, _reading(radiograph))
    enlarged = cv2.resize(radiograph.pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert picture.shape[1] == 840
    _top(picture, np.asarray(enlarged, np.uint8))
    assert annotate(radiograph, _reading(radiograph), min_long_side=1).shape[1] == 420


@pytest.mark.parametrize("certainty", CERTAINTIES)
def test_an_outline_surrounds_its_finding_and_covers_none_of_it(
    certainty: FindingCertainty,
) -> None:
    radiograph = _radiograph(900, 1000)
    box = Box(400.4, 500.6, 460.2, 571.9)
    picture = annotate(radiograph, _reading(radiograph, _finding(box, certainty)))
    top = _top(picture, radiograph.pixels)
    shown = picture[top : top + 1000]
    inside = (slice(500, 572), slice(400, 461))
    assert (shown[inside] == radiograph.pixels[inside][..., None]).all()
    colour = np.array(BOX_STYLES[certainty].colour[::-1])
    drawn = (shown == colour).all(axis=2)
    rows, columns = np.nonzero(drawn[492:581, 392:468])  # the label lies farther out
    # within a few pixels of the finding on each side
    assert 492 < rows.min() + 492 < 500
    assert 572 <= rows.max() + 492 < 580
    assert 392 < columns.min() + 392 < 400
    assert 461 <= columns.max() + 392 < 467


def test_line_styles_tell_the_certainty_without_colour() -> None:
    radiograph = _radiograph(900, 1000)
    shares = {}
    for certainty in CERTAINTIES:
        finding = _finding(Box(300, 300, 600, 700), certainty)
        picture = annotate(radiograph, _reading(radiograph, finding))
        top = _top(picture, radiograph.pixels)
        drawn = (picture == np.array(BOX_STYLES[certainty].colour[::-1])).all(axis=2)
        rows = drawn[top + 700 : top + 712, 300:600]
        shares[certainty] = rows.any(axis=0).mean()
    assert shares["definite"] == 1
    assert 0.5 < shares["suspicious"] < 0.75
    assert 0.15 < shares["none"] < 0.35


def test_boxes_at_the_edges_are_drawn_whole() -> None:
    radiograph = _radiograph(900, 1000)
    boxes = [Box(0, 0, 50, 40), Box(860, 960, 900, 1000)]
    findings = [_finding(box, number=n) for n, box in enumerate(boxes, 1)]
    picture = annotate(radiograph, _reading(radiograph, *findings))
    colour = np.array(BOX_STYLES["definite"].colour[::-1])
    drawn = (picture == colour).all(axis=2)
    top = _top(picture, radiograph.pixels, row=500)
    assert drawn[top, :50].all()
    assert drawn[top : top + 40, 0].all()
    assert drawn[top + 999, 860:].all()
    assert drawn[top + 960 : top + 1000, 899].all()


def test_only_outlines_and_labels_change_the_radiograph() -> None:
    radiograph = _radiograph(900, 1000)
    findings = [
        _finding(Box(100 + 120 * n, 300, 160 + 120 * n, 380), CERTAINTIES[n % 3], n + 1)
        for n in range(6)
    ]
    picture = annotate(radiograph, _reading(radiograph, *findings))
    top = _top(picture, radiograph.pixels)
    changed = (picture[top : top + 1000] != radiograph.pixels[:, :, None]).any(axis=2)
    assert changed.any()
    assert changed.mean() < 0.02


def test_a_label_that_lies_away_is_joined_to_its_box() -> None:
    noise = _radiograph(900, 1000)
    top = _top(annotate(noise, _reading(noise)), noise.pixels)
    black = Radiograph(np.zeros((1000, 900), np.uint8), noise.source)
    corners = [(x, y) for x in (300, 410, 520) for y in (300, 410, 520)]
    boxes = [Box(x, y, x + 100, y + 100) for x, y in corners]
    findings = [_finding(box, number=n) for n, box in enumerate(boxes, 1)]
    shown = annotate(black, _reading(black, *findings))[top : top + 1000]
    # the middle box has no free side: only its line runs through a neighbour
    crossed = [(x, y) for x, y in corners if shown[y + 9 : y + 91, x + 9 : x + 91].any()]
    assert len(crossed) == 1
    assert crossed != [(410, 410)]


@pytest.mark.parametrize("size", [(1, 1), (373, 454), (50, 454), (373, 40), (2400, 3000)])
@pytest.mark.parametrize("resolution", [None, (1, 1), (45, 36)])
def test_any_size_is_drawn(size: tuple[int, int], resolution: tuple[int, int] | None) -> None:
    radiograph = _radiograph(*size)
    width, height = size
    box = Box(0, 0, width, height)
    reading = replace(_reading(radiograph, _finding(box)), warnings=("no window",))
    evidence = None if resolution is None else np.ones(resolution, np.float32)
    picture = annotate(radiograph, reading, evidence)
    assert picture.flags.c_contiguous
    assert picture.shape[0] > height
    assert picture.shape[1] >= max(width, 300)


def test_warnings_make_the_banner_higher() -> None:
    radiograph = _radiograph(900, 1000)
    reading = _reading(radiograph)
    tops = [
        _top(annotate(radiograph, replace(reading, warnings=warnings)), radiograph.pixels)
        for warnings in ((), ("one",), ("one", "two"), ("one", "long " * 60))
    ]
    assert tops == sorted(set(tops))


def test_the_heat_map_stands_beside_the_radiograph() -> None:
    radiograph = _radiograph(800, 1000)
    evidence = np.zeros((10, 8), np.float32)
    evidence[2, 6] = 1
    reading = _reading(radiograph)
    picture = annotate(radiograph, reading, evidence)
    top = _top(picture, radiograph.pixels)
    assert (picture[top : top + 1000, :800] == radiograph.pixels[:, :, None]).all()
    panel = picture[top : top + 500, -400:]
    coloured = np.ptp(panel.astype(int), axis=2)
    y, x = np.unravel_index(np.argmax(cv2.blur(coloured.astype(np.float32), (25, 25))), (500, 400))
    assert abs(y - 2.5 / 10 * 500) < 25
    assert abs(x - 6.5 / 8 * 400) < 25
    assert _grey(panel)[300:].all(), "no evidence, no colour"


def test_an_evidence_region_is_drawn_as_suspicious() -> None:
    radiograph = _radiograph(900, 1000)
    region = replace(_finding(Box(300, 300, 500, 500), "suspicious"), origin="evidence")
    plain = _finding(Box(300, 300, 500, 500), "suspicious")
    one = annotate(radiograph, _reading(radiograph, region))
    other = annotate(radiograph, _reading(radiograph, plain))
    assert one.shape == other.shape
    assert (one != other).any(), "its label says where it comes from"


@pytest.mark.parametrize(
    "evidence",
    [
        np.zeros((4, 4, 1), np.float32),
        np.zeros((0, 4), np.float32),
        np.full((4, 4), np.nan, np.float32),
        np.full((4, 4), 1.5, np.float32),
        np.full((4, 4), -0.5, np.float32),
    ],
)
def test_a_bad_evidence_map_is_refused(evidence: NDArray[np.float32]) -> None:
    radiograph = _radiograph(90, 100)
    with pytest.raises(ValueError, match="evidence map"):
        annotate(radiograph, _reading(radiograph), evidence)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.uint16), np.zeros((0, 9), np.uint8)],
)
def test_bad_pixels_are_refused(pixels: NDArray[np.uint8]) -> None:
    radiograph = replace(_radiograph(9, 9), pixels=pixels)
    with pytest.raises(ValueError, match="expected uint8"):
        annotate(radiograph, _reading(radiograph))


def test_the_same_input_gives_the_same_picture() -> None:
    radiograph = _radiograph(373, 454)
    reading = _reading(radiograph, _finding(Box(10, 10, 40, 40)))
    assert (annotate(radiograph, reading) == annotate(radiograph, reading)).all()


@pytest.mark.shared
def test_a_real_radiograph_is_drawn(shared_dir: Path) -> None:
    path = next((shared_dir / "data" / "fracatlas" / "images").rglob("*.jpg"))
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = pixels.shape
    radiograph = Radiograph(pixels, Source("a.jpg", "0" * 64, width, height))
    reading = _reading(radiograph, _finding(Box(width / 2, height / 2, width / 1.8, height / 1.8)))
    picture = annotate(radiograph, reading, np.eye(8, dtype=np.float32))
    assert not _grey(picture).all()
