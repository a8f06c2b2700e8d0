"""The threaded run against a plain loop: no worker, neighbour or order changes a result."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detect import DEFAULT_BUNDLE
from detect.data.phantom.render import render_phantom
from detect.errors import BundleError, InputError
from detect.model.bundle import load_bundle
from detect.model.coherence import compose_reading
from detect.model.predictor import Prediction, build_predictor
from detect.model.runtime import RuntimeName, require_bfloat16
from detect.pictures import picture_saver
from detect.pipeline import DetectRequest, detect_folder
from detect.read import Radiograph, read

# height and width; the last two are enlarged and shrunk most
SIZES = ((160, 128), (128, 160), (480, 100), (100, 480), (96, 96), (800, 650))
MIN_SCORE = 0.001  # all boxes, so that nothing can differ unseen
IN_FLOAT32: tuple[RuntimeName, ...] = ("openvino", "onnxruntime")


@pytest.fixture(params=[*IN_FLOAT32, "openvino-bf16", "openvino-int8"])
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    """Each runtime on the processor that this one has."""
    name: RuntimeName = request.param
    if name == "openvino-bf16":
        try:
            require_bfloat16()
        except InputError as error:
            pytest.skip(str(error))
    try:
        load_bundle(DEFAULT_BUNDLE).graph_for(name)
    except BundleError as error:
        pytest.skip(str(error))
    return name


Record = dict[str, Any]
Results = dict[str, tuple[Record, bytes]]
"""By name of the file: its record as JSON holds it, without time and name, and its picture."""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms of many shapes: tall, wide, square, small and large."""
    folder = tmp_path_factory.mktemp("mixed")
    for number, size in enumerate(SIZES):
        pixels = render_phantom(number, fractured=number % 2 == 0, size=size).pixels
        Image.fromarray((pixels >> 8).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def strip(record: Record) -> Record:
    kept = {name: value for name, value in record.items() if name != "seconds"}
    return kept | {"source": kept["source"] | {"path": ""}}


def collect(out: Path) -> Results:
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert all(record["kind"] == "reading" for record in records)
    return {
        record["source"]["path"]: (
            strip(record),
            (out / "images" / f"{record['source']['path']}.jpg").read_bytes(),
        )
        for record in records
    }


def detect(folder: Path, out: Path, runtime: RuntimeName, workers: int) -> Results:
    request = DetectRequest(
        (str(folder),), out, DEFAULT_BUNDLE, min_score=MIN_SCORE, runtime=runtime, workers=workers
    )
    detect_folder(request)
    return collect(out)


def predict_plainly(folder: Path, runtime: RuntimeName) -> dict[str, tuple[Radiograph, Prediction]]:
    """Predict one image after the other, in this thread."""
    predictor = build_predictor(load_bundle(DEFAULT_BUNDLE), runtime)
    found = {}
    for path in sorted(folder.iterdir()):
        (radiograph,) = read(path, path.name)
        found[path.name] = radiograph, predictor(radiograph)
    return found


Plain = Callable[[RuntimeName], Results]


@pytest.fixture(scope="module")
def plain(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Plain:
    """The results of `mixed` by a loop without threads: `plain(runtime)`."""

    @functools.cache
    def loop(runtime: RuntimeName) -> Results:
        bundle, out = load_bundle(DEFAULT_BUNDLE), tmp_path_factory.mktemp("plain")
        save = picture_saver(out, images=True, heatmap=False)
        point = bundle.manifest.default_operating_point
        results = {}
        for name, (radiograph, prediction) in predict_plainly(mixed, runtime).items():
            reading = compose_reading(radiograph.source, prediction, bundle, point, MIN_SCORE)
            record = json.loads(json.dumps(save(radiograph, reading, prediction).to_json()))
            results[name] = strip(record), (out / "images" / f"{name}.jpg").read_bytes()
        return results

    return loop


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_change_nothing(
    mixed: Path, plain: Plain, tmp_path: Path, runtime: RuntimeName, workers: int
) -> None:
    assert detect(mixed, tmp_path, runtime, workers) == plain(runtime)


def test_order_changes_nothing(
    mixed: Path, plain: Plain, tmp_path: Path, runtime: RuntimeName
) -> None:
    reversed_ = tmp_path / "reversed"
    reversed_.mkdir()
    for path in mixed.iterdir():
        (reversed_ / f"{9 - int(path.stem)}.png").hardlink_to(path)
    expected = {f"{9 - int(Path(name).stem)}.png": each for name, each in plain(runtime).items()}
    assert detect(reversed_, tmp_path / "out", runtime, 2) == expected


def test_company_changes_nothing(
    mixed: Path, plain: Plain, tmp_path: Path, runtime: RuntimeName
) -> None:
    name = f"{len(SIZES) - 1}.png"  # alone: nothing else was ever seen by that graph
    alone = detect(mixed / name, tmp_path / "alone", runtime, 2)
    assert alone == {name: plain(runtime)[name]}


def test_both_runtimes_agree(mixed: Path) -> None:
    bundle = load_bundle(DEFAULT_BUNDLE)
    point = bundle.manifest.default_operating_point
    both = [predict_plainly(mixed, runtime) for runtime in IN_FLOAT32]
    for (radiograph, one), (_, other) in zip(*(each.values() for each in both), strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)
        np.testing.assert_allclose(one.evidence, other.evidence, atol=1e-4)
        # boxes that score alike may change places in the order, so each is looked for
        assert_same_boxes(one, other)
        assert_same_boxes(other, one)
        verdicts = [
            compose_reading(radiograph.source, each, bundle, point).verdict.label
            for each in (one, other)
        ]
        assert verdicts[0] == verdicts[1]


def assert_same_boxes(these: Prediction, those: Prediction) -> None:
    """Each box of `these` that any output could show is among `those`, and scores the same."""
    assert len(these.scores)
    for box, score in zip(these.boxes, these.scores, strict=True):
        if score > 0.01:
            near = np.abs(those.boxes - box).max(axis=1) < 0.1  # pixels
            assert near.any()
            assert np.abs(those.scores[near] - score).min() < 1e-4
