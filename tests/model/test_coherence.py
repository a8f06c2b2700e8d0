"""Verdict and boxes never contradict each other, whatever the model says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from detect.model.bundle import Bundle, load_bundle
from detect.model.coherence import compose_reading, strongest_region
from detect.model.predictor import Prediction
from detect.record import Box, Reading, Source, record_from_json
from detect.write.schema import reading_schema

WriteBundle = Callable[..., Path]
DEFINITE, SUSPICIOUS = 0.6, 0.3  # the bundle of conftest.py
POINTS = {"screening": 0.2, "balanced": 0.5, "confirm": 0.8}


@pytest.fixture
def bundle(write_bundle: WriteBundle) -> Bundle:
    return load_bundle(str(write_bundle()))


@st.composite
def _predictions(draw: st.DrawFn) -> tuple[Source, Prediction]:
    """Anything that a predictor may return: boxes inside the image, scores descending."""
    width, height = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(0, 6))
    # Tiny boxes as well: some vanish when rounded to the record's two decimals.
    extent = 10.0 ** rng.uniform(-4, 0, (count, 2)) * [width, height]
    corner = rng.random((count, 2)) * ([width, height] - extent)
    boxes = np.hstack([corner, corner + extent]).astype(np.float32)
    boxes = boxes.clip(0, np.array([width, height] * 2, np.float32))
    solid = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    scores = np.sort(rng.choice([rng.random(), 0.3, 0.6, 0.05, 0.95], count))[::-1]
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    evidence = rng.random((rows, columns)) * draw(st.sampled_from([0.0, 0.01, 1.0]))
    return Source("a.png", "0" * 64, width, height), Prediction(
        boxes[solid],
        scores.astype(np.float32)[solid],
        rng.integers(0, 2, count)[solid],
        float(rng.normal()),
        draw(st.one_of(st.floats(0, 1), st.sampled_from(list(POINTS.values())))),
        lambda: evidence.astype(np.float32),
    )


_cases = given(
    case=_predictions(),
    point=st.sampled_from(list(POINTS)),
    min_score=st.none() | st.floats(0, 1),
)
# The bundle never changes, so that one for all examples is meant.
_one_bundle = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)


@_one_bundle
@_cases
def test_the_rule_table_holds(
    bundle: Bundle, case: tuple[Source, Prediction], point: str, min_score: float | None
) -> None:
    source, prediction = case
    reading = compose_reading(source, prediction, bundle, point, min_score)
    shown = [f for f in reading.findings if f.certainty != "none"]
    listed = [f for f in reading.findings if f.certainty == "none"]

    assert reading.verdict.threshold == POINTS[point]
    fractured = reading.verdict.probability >= POINTS[point]
    assert (reading.verdict.label == "fractured") == fractured
    assert bool(shown) == fractured
    assert min_score is not None or not listed
    for finding in shown:
        if finding.origin == "detector":
            assert finding.score >= SUSPICIOUS
            assert (finding.certainty == "definite") == (finding.score >= DEFINITE)
        else:
            assert finding.certainty == "suspicious"
    outlined = [f for f in reading.findings if f.origin == "evidence"]
    assert len(outlined) == (1 if fractured and len(shown) == len(outlined) else 0)


@_one_bundle
@_cases
def test_every_reading_is_a_valid_record(
    bundle: Bundle, case: tuple[Source, Prediction], point: str, min_score: float | None
) -> None:
    source, prediction = case
    reading = compose_reading(source, prediction, bundle, point, min_score)
    Draft202012Validator(reading_schema()).validate(reading.to_json())
    assert record_from_json(reading.to_json()) == reading
    assert [f.finding_id for f in reading.findings] == [
        f"F{n}" for n in range(1, len(reading.findings) + 1)
    ]
    scores = [f.score for f in reading.findings]
    assert scores == sorted(scores, reverse=True)
    assert source.width is not None
    assert source.height is not None
    for finding in reading.findings:
        box = finding.box
        assert 0 <= box.x1 < box.x2 <= source.width
        assert 0 <= box.y1 < box.y2 <= source.height
        assert finding.label in bundle.manifest.classes
    assert reading.model == bundle.info


def _prediction(probability: float, scores: list[float]) -> Prediction:
    count = len(scores)
    corner = 10.0 * np.arange(count)[:, None]
    evidence = np.zeros((10, 20), np.float32)
    evidence[3:5, 12:15] = 0.8
    return Prediction(
        np.hstack([corner, corner, corner + 8, corner + 8]).astype(np.float32),
        np.array(scores, np.float32),
        np.zeros(count, np.int64),
        0.0,
        probability,
        lambda: evidence,
    )


def _read(bundle: Bundle, probability: float, scores: list[float], **options: Any) -> Reading:
    source = Source("a.png", "0" * 64, 200, 100)
    return compose_reading(source, _prediction(probability, scores), bundle, "balanced", **options)


def test_fractured_shows_definite_and_suspicious_and_hides_the_rest(bundle: Bundle) -> None:
    reading = _read(bundle, 0.9, [0.7, 0.4, 0.1])
    assert [(f.certainty, f.score) for f in reading.findings] == [
        ("definite", 0.7),
        ("suspicious", 0.4),
    ]


@pytest.mark.parametrize(
    ("shift", "score", "certainties"),
    [
        (3.0, 0.4, ["definite"]),  # mostly on the stronger box: one finding
        (3.0, 0.6, ["definite", "definite"]),  # sure enough to stand for itself
        (6.0, 0.4, ["definite", "suspicious"]),  # mostly beside it
    ],
)
def test_a_suspicious_box_on_a_stronger_one_is_the_same_finding(
    bundle: Bundle, shift: float, score: float, certainties: list[str]
) -> None:
    first = np.array([20.0, 20.0, 30.0, 40.0])
    boxes = np.stack([first, first + np.array([shift, 0.0, shift, 0.0])]).astype(np.float32)
    prediction = replace(_prediction(0.9, [0.7, score]), boxes=boxes)
    source = Source("a.png", "0" * 64, 200, 100)
    shown = compose_reading(source, prediction, bundle, "balanced").findings
    assert [f.certainty for f in shown] == certainties
    every = compose_reading(source, prediction, bundle, "balanced", min_score=0.0).findings
    assert len(every) == 2  # hidden from view, not from evaluation


def test_fractured_without_a_box_outlines_the_strongest_evidence(bundle: Bundle) -> None:
    (finding,) = _read(bundle, 0.9, [0.2]).findings
    assert finding.origin == "evidence"
    assert finding.certainty == "suspicious"
    assert finding.score == 0.8
    assert finding.box == Box(120, 30, 150, 50)


def test_not_fractured_shows_nothing_however_sure_a_box_is(bundle: Bundle) -> None:
    assert _read(bundle, 0.1, [0.99]).findings == ()


def test_a_minimum_score_lists_boxes_without_marking_them(bundle: Bundle) -> None:
    reading = _read(bundle, 0.1, [0.99, 0.4, 0.1, 0.04], min_score=0.05)
    assert [(f.certainty, f.score) for f in reading.findings] == [
        ("none", 0.99),
        ("none", 0.4),
        ("none", 0.1),
    ]


def test_a_minimum_score_above_suspicious_hides_no_shown_box(bundle: Bundle) -> None:
    reading = _read(bundle, 0.9, [0.7, 0.4, 0.2], min_score=0.5)
    assert [f.certainty for f in reading.findings] == ["definite", "suspicious"]


def test_a_score_is_judged_as_it_is_written(bundle: Bundle) -> None:
    """What rounds to a threshold has reached it, so that no record contradicts itself."""
    reading = _read(bundle, 0.9, [0.59996, 0.59994, 0.29996, 0.29994])
    assert [(f.certainty, f.score) for f in reading.findings] == [
        ("definite", 0.6),
        ("suspicious", 0.5999),
        ("suspicious", 0.3),
    ]
    listed = _read(bundle, 0.1, [0.04996, 0.04994], min_score=0.05)
    assert [f.score for f in listed.findings] == [0.05]


def test_an_outlined_region_takes_its_place_among_listed_boxes(bundle: Bundle) -> None:
    reading = _read(bundle, 0.9, [0.2, 0.1], min_score=0.0)
    assert [(f.finding_id, f.origin) for f in reading.findings] == [
        ("F1", "evidence"),
        ("F2", "detector"),
        ("F3", "detector"),
    ]


@pytest.mark.parametrize(
    ("probability", "certainty"),
    [(0.1, "definite"), (0.3, "doubtful"), (0.6, "doubtful"), (0.9, "definite")],
)
def test_doubtful_where_the_operating_points_disagree(
    bundle: Bundle, probability: float, certainty: str
) -> None:
    assert _read(bundle, probability, [0.7]).verdict.certainty == certainty


@pytest.mark.parametrize(("point", "threshold"), list(POINTS.items()))
def test_the_threshold_itself_is_fractured(bundle: Bundle, point: str, threshold: float) -> None:
    source = Source("a.png", "0" * 64, 200, 100)
    reading = compose_reading(source, _prediction(threshold, [0.7]), bundle, point)
    assert reading.verdict.label == "fractured"
    below = compose_reading(source, _prediction(threshold - 1e-5, [0.7]), bundle, point)
    assert below.verdict.label == "not_fractured"


def test_the_region_is_the_part_around_the_peak_alone() -> None:
    evidence = np.zeros((10, 10), np.float32)
    evidence[1, 1] = 0.9  # far from the peak, and strong
    evidence[6, 6] = 1.0
    evidence[7, 7] = 0.5  # touches the peak at a corner, at just half of it
    evidence[5, 6] = 0.49  # below half of it
    box, strength = strongest_region(evidence, Source("a.png", None, 100, 100))
    assert box == Box(60, 60, 80, 80)
    assert strength == 1.0


def test_a_region_too_small_to_see_is_grown_about_its_centre() -> None:
    evidence = np.zeros((500, 500), np.float32)
    evidence[250, 250] = 1.0
    box, _ = strongest_region(evidence, Source("a.png", None, 1000, 1000))
    assert box == Box(486, 486, 516, 516)  # 3 % of the longer side


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_a_flat_map_outlines_the_whole_image(level: float) -> None:
    """Nothing stands out, and nothing is not an option under *fractured*."""
    box, strength = strongest_region(
        np.full((8, 8), level, np.float32), Source("a.png", None, 640, 480)
    )
    assert box == Box(0, 0, 640, 480)
    assert strength == pytest.approx(level)
