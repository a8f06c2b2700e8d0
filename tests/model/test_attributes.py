"""What a bundle says of a whole image follows from its numbers, and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from detect.errors import BundleError
from detect.model.attributes import AttributeHeads, load_attributes, normal_scores
from detect.model.bundle import file_sha256, load_bundle
from detect.model.coherence import compose_reading
from detect.model.predictor import Prediction
from detect.record import Attribute, Reading, Source, record_from_json
from detect.write.schema import reading_schema

WriteBundle = Callable[..., Path]
SOURCE = Source("a.png", "0" * 64, 100, 80)


def _plain(**changes: Any) -> dict[str, Any]:
    """Three features: hands have much of the first, legs of the second; the third is 0 ± 1."""
    return {
        "schema_version": 1,
        "mean": [1.0, 2.0, 0.0],
        "scale": [1.0, 2.0, 1.0],
        "regions": {
            "hand": {"intercept": 0.0, "weights": [2.0, 0.0, 0.0]},
            "leg": {"intercept": -1.0, "weights": [0.0, 2.0, 0.0]},
        },
        "scope": {
            "scores": [-4.0, 0.0, 4.0],
            "knots": [[-3.0, 1.0, 5.0], [-6.0, 2.0, 10.0], [-4.0, 0.0, 4.0]],
            "axes": [[0.0, 0.0, 1.0]],
            "variances": [1.0],
            "noise": 4.0,
            "centre": float(np.log(9.0)),
            "slope": 2.0,
        },
    } | changes


@pytest.fixture
def heads(tmp_path: Path) -> AttributeHeads:
    return _loaded(tmp_path, _plain())


def _loaded(folder: Path, plain: dict[str, Any]) -> AttributeHeads:
    path = folder / "attributes.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    return load_attributes(path)


def _sigmoid(z: float) -> float:
    return 1 / (1 + np.exp(-z))


def test_several_regions_may_hold_and_the_likeliest_is_named(heads: AttributeHeads) -> None:
    told = heads(np.array([2.5, 5.0, 0.0], np.float32))

    hand, leg = _sigmoid(3.0), _sigmoid(2.0)  # 1.5 deviations up each; the leg's intercept is -1
    assert told["region_hand"] == Attribute("yes", pytest.approx(hand, abs=1e-6))
    assert told["region_leg"] == Attribute("yes", pytest.approx(leg, abs=1e-6))
    assert told["region"] == Attribute("hand", pytest.approx(hand, abs=1e-6))


def test_no_region_is_named_where_none_holds(heads: AttributeHeads) -> None:
    told = heads(np.array([0.0, 1.0, 0.0], np.float32))

    assert "region" not in told
    assert {told[name].label for name in ("region_hand", "region_leg")} == {"no"}
    # of an attribute that says no, it is the probability of yes
    assert told["region_hand"].probability == pytest.approx(_sigmoid(-2.0), abs=1e-6)


@pytest.mark.parametrize(
    ("third", "label"), [(0.0, "no"), (2.9, "no"), (3.1, "yes"), (-3.1, "yes")]
)
def test_out_of_scope_is_what_lies_three_deviations_off(
    heads: AttributeHeads, third: float, label: str
) -> None:
    told = heads(np.array([1.0, 2.0, third], np.float32))

    assert told["out_of_scope"].label == label
    expected = _sigmoid(2 * (2 * np.log(abs(third)) - np.log(9))) if third else 0.0
    assert told["out_of_scope"].probability == pytest.approx(expected, abs=1e-5)


def test_of_what_is_out_of_scope_no_region_is_told(heads: AttributeHeads) -> None:
    assert list(heads(np.array([2.5, 5.0, 4.0], np.float32))) == ["out_of_scope"]


def test_directions_without_an_axis_count_by_the_noise(heads: AttributeHeads) -> None:
    distance = heads.squared_distances(np.array([[3.0, 2.0, 1.0]]))  # scores 2, 0, 1

    np.testing.assert_allclose(distance, [1.0 + 4.0 / 4.0])


def test_regions_are_told_without_a_scope_and_scope_without_regions(tmp_path: Path) -> None:
    features = np.array([2.5, 5.0, 9.0], np.float32)

    assert "region_hand" in _loaded(tmp_path, _plain(scope=None))(features)
    assert list(_loaded(tmp_path, _plain(regions={}))(features)) == ["out_of_scope"]


def test_normal_scores_are_linear_between_knots_and_constant_beyond() -> None:
    knots, scores = np.array([[0.0, 1.0, 3.0]]), np.array([-2.0, 0.0, 2.0])
    values = np.array([[-9.0], [0.0], [0.5], [1.0], [2.0], [3.0], [9.0]])

    found = normal_scores(values, knots, scores)[:, 0]

    np.testing.assert_allclose(found, np.interp(values[:, 0], knots[0], scores))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema_version": 2}, "has schema 2"),
        ({"scale": [1.0, 2.0]}, "not all rows have the 3 numbers"),
        ({"scale": [1.0, 0.0, 1.0]}, "not above 0"),
        ({"scope": {**_plain()["scope"], "variances": [1.0, 1.0]}}, "not one variance an axis"),
        ({"scope": {**_plain()["scope"], "scores": [1.0, 0.0, 4.0]}}, "ascending knots"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_file_with_mistakes_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError) as error:
        _loaded(tmp_path, _plain(**changes))

    message = str(error.value)
    assert said in message
    assert str(tmp_path / "attributes.json") in message
    assert "\n" not in message


def test_another_number_of_features_is_refused(heads: AttributeHeads) -> None:
    with pytest.raises(BundleError, match="is of 3 features"):
        heads(np.zeros(4, np.float32))


def _read(write_bundle: WriteBundle, features: list[float] | None, score: float = 0.9) -> Reading:
    """Read an image with one box by a bundle with the attributes of `_plain`."""
    folder = write_bundle()
    (folder / "attributes.json").write_text(json.dumps(_plain()), encoding="utf-8")
    files = {path.name: file_sha256(path) for path in folder.iterdir() if path.suffix != ".yaml"}
    prediction = Prediction(
        np.array([[10, 10, 40, 30]], np.float32),
        np.array([score], np.float32),
        np.zeros(1, np.int64),
        9.0,
        0.99,
        lambda: np.ones((4, 5), np.float32),
        None if features is None else np.array(features, np.float32),
    )
    bundle = load_bundle(str(write_bundle(files=files)))
    return compose_reading(SOURCE, prediction, bundle, "balanced")


def test_a_reading_in_scope_is_as_firm_as_ever(write_bundle: WriteBundle) -> None:
    reading = _read(write_bundle, [2.5, 5.0, 0.0])

    assert reading.attributes["out_of_scope"].label == "no"
    assert reading.attributes["region"].label == "hand"
    assert reading.verdict.certainty == "definite"
    assert reading.findings[0].certainty == "definite"
    assert not reading.warnings


def test_nothing_is_definite_out_of_scope_and_a_warning_says_why(
    write_bundle: WriteBundle,
) -> None:
    reading = _read(write_bundle, [1.0, 2.0, 4.0])

    said = reading.attributes["out_of_scope"]
    assert said.label == "yes"
    assert (reading.verdict.label, reading.verdict.certainty) == ("fractured", "doubtful")
    assert [finding.certainty for finding in reading.findings] == ["suspicious"]
    (warning,) = reading.warnings
    assert "out of scope" in warning
    assert f"{said.probability:.2f}" in warning
    plain = json.loads(json.dumps(reading.to_json()))
    Draft202012Validator(reading_schema()).validate(plain)
    assert record_from_json(plain) == reading


def test_a_graph_without_features_does_not_fit_attributes(write_bundle: WriteBundle) -> None:
    with pytest.raises(BundleError, match="gives no features"):
        _read(write_bundle, None)


def test_changed_attributes_are_told(write_bundle: WriteBundle) -> None:
    folder = write_bundle()
    (folder / "attributes.json").write_text(json.dumps(_plain()), encoding="utf-8")
    files = {path.name: file_sha256(path) for path in folder.iterdir() if path.suffix != ".yaml"}
    folder = write_bundle(files=files)
    (folder / "attributes.json").write_text(json.dumps(_plain(regions={})), encoding="utf-8")

    with pytest.raises(BundleError, match=r"attributes\.json: was changed"):
        load_bundle(str(folder))
