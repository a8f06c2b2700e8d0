"""What is in scope is learnt from the training images, and regions from what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.data.body_regions import regions_of, shows_region
from detect.data.sample import Sample
from detect.model.attributes import AttributeHeads, AttributesFile, load_attributes
from detect.model.network import FractureNetwork
from detect.train.attributes import fit_attributes
from detect.train.export import export_onnx
from detect.train.form import input_form
from detect.train.region_heads import RegionData, fit_region
from detect.train.scope import MOST_FALSE_ALARMS, fit_scope
from detect.train.strangers import KINDS, strangers

Features = NDArray[np.float64]
SIZE = 64


def _cloud(rng: np.random.Generator, n: int) -> Features:
    """Twelve features of long tails that hang together by three causes."""
    causes = rng.normal(size=(n, 3))
    mixed = causes @ np.random.default_rng(1).normal(size=(3, 12))
    return np.exp(0.4 * (mixed + 0.3 * rng.normal(size=(n, 12))))


def _heads(fitted: Features, strange: Features) -> AttributeHeads:
    scope = fit_scope(fitted, np.arange(len(fitted)) // 2, strange)
    none, ones = (0.0,) * 12, (1.0,) * 12
    return AttributeHeads.of(
        AttributesFile(schema_version=1, mean=none, scale=ones, regions={}, scope=scope)
    )


def test_few_of_the_same_kind_and_most_of_another_are_out_of_scope() -> None:
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(_cloud(rng, 300), axis=0)  # the same values, that hang together no more
    heads = _heads(_cloud(rng, 900), shuffled[:100])

    same, other = heads.out_of_scope(_cloud(rng, 2000)), heads.out_of_scope(shuffled[100:])

    assert np.mean(same >= 0.5) < 3 * MOST_FALSE_ALARMS
    assert np.mean(other >= 0.5) > 0.95
    assert other.mean() > 0.8
    assert same.mean() < 0.1


def test_a_feature_that_never_changes_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    fitted = _cloud(rng, 200)
    fitted[:, 4] = 0.25
    heads = _heads(fitted, 10 * _cloud(rng, 50))
    unseen = _cloud(rng, 200)
    unseen[:, 4] = 0.25

    assert np.mean(heads.out_of_scope(unseen) >= 0.5) < 0.1


def test_a_region_is_learnt_from_those_of_which_it_is_known() -> None:
    rng = np.random.default_rng(0)

    def data(n: int) -> RegionData:
        features = rng.normal(size=(n, 5))
        shows = (features[:, 1] > 0.3).astype(float)
        shows[::7] = np.nan
        return RegionData(features, shows)

    fitted = fit_region(data(400), data(150))

    assert fitted is not None
    fit, told = fitted
    assert int(np.argmax(np.abs(fit.weights))) == 1
    assert told["accuracy"] > 0.95
    assert told["n"] == 150 - 22


@pytest.mark.parametrize("split", [0, 1])
def test_nothing_is_learnt_from_too_few(split: int) -> None:
    rng = np.random.default_rng(0)
    shows = [np.arange(60) % 2.0, np.arange(60) % 2.0]
    shows[split] = (np.arange(60) < 9).astype(float)

    assert fit_region(*(RegionData(rng.normal(size=(60, 5)), row) for row in shows)) is None


def test_made_up_pictures_are_of_every_kind_and_the_same_again() -> None:
    first, again = (list(strangers(12, np.random.default_rng(3))) for _ in range(2))

    assert [kind for kind, _ in first] == [*KINDS, *KINDS]
    for (_, picture), (_, other) in zip(first, again, strict=True):
        assert picture.dtype == np.uint8
        assert picture.ndim == 2
        np.testing.assert_array_equal(picture, other)
    assert np.ptp(first[3][1]) > 60  # a page has ink


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"region": "hand"}, True),
        ({"region": "leg"}, False),
        ({"region": "mixed", "hand": "yes"}, True),
        ({"region": "mixed", "hand": "no"}, False),
        ({"region": "mixed"}, None),
        ({}, None),
    ],
)
def test_what_an_image_is_said_to_show(attributes: dict[str, str], expected: bool | None) -> None:
    assert shows_region(attributes, "hand") is expected


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Discs are hands, stripes legs: 60 to train on and 24 to validate with."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(84):
        image = np.full((60, 48), 40, np.uint8)
        if number % 2:
            cv2.circle(image, (24, 30), int(rng.integers(8, 20)), 200, -1)
        else:
            image[:, 8 : int(rng.integers(20, 40)) : 4] = 200
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), image)
        region = {"region": "hand" if number % 2 else "leg"}
        split = "train" if number < 60 else "val"
        made.append(Sample(path, split, f"p{number // 3}", False, (), region))
    return made


@pytest.mark.slow
def test_a_network_learns_attributes_that_a_bundle_can_keep(
    tmp_path: Path, samples: list[Sample], make_network: Callable[..., FractureNetwork]
) -> None:
    network = make_network()
    graph = tmp_path / "model.onnx"
    form = input_form(network, SIZE)
    export_onnx(network, network.heads[0], SIZE, graph)

    fitted = fit_attributes(samples, graph, form, workers=2, show_progress=False)
    fitted.write(tmp_path / "attributes.json")

    assert regions_of(samples) == ("hand", "leg")
    assert fitted.figures["regions"]["hand"]["accuracy"] == 1
    assert fitted.figures["regions"]["leg"]["n"] == 24
    assert fitted.figures["not_fitted"] == {}
    assert fitted.figures["scope"]["images"] == 24
    assert fitted.figures["scope"]["most_false_alarms"] == MOST_FALSE_ALARMS
    assert fitted.figures["scope"]["made_up"].keys() == set(KINDS)
    assert load_attributes(tmp_path / "attributes.json").names == ("hand", "leg")
    assert json.loads(json.dumps(fitted.figures)) == fitted.figures
    again = fit_attributes(samples, graph, form, workers=1, show_progress=False)
    assert again == fitted


@pytest.mark.slow
def test_what_too_few_images_tell_is_left_out_and_said(
    tmp_path: Path,
    samples: list[Sample],
    make_network: Callable[..., FractureNetwork],
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = make_network()
    graph = tmp_path / "model.onnx"
    export_onnx(network, network.heads[0], SIZE, graph)
    few = [replace(sample, attributes={}) for sample in samples[30:]]
    one = [replace(few[0], attributes={"region": "hip"}), *few[1:]]

    fitted = fit_attributes(one, graph, input_form(network, SIZE), workers=2, show_progress=False)

    assert fitted.file.scope is None
    assert not fitted.file.regions
    assert fitted.figures["not_fitted"].keys() == {"region_hip", "out_of_scope"}
    assert "out_of_scope is not fitted" in caplog.text
