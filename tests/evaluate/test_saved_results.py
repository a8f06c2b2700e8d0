"""Saved results are measured as the model that made them is."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from detect.data.load import load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.data.sample import Dataset
from detect.errors import DataError, InputError
from detect.evaluate import run
from detect.evaluate.run import evaluate_split, evaluate_systems
from detect.evaluate.saved_results import open_results, saved_system
from detect.evaluate.settings import Settings
from detect.evaluate.split_check import check_split
from detect.model.bundle import load_bundle
from detect.pipeline import DetectRequest, detect_folder
from detect.record import Box, Failure, Finding, Reading
from detect.write.json_lines import JsonLinesWriter
from detect.write.results import read_results

Records = list[Reading | Failure]


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Settings", partial(Settings, n_resamples=20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of eight phantoms, one of them cut short, and what `detect` says of them."""
    root = tmp_path_factory.mktemp("saved")
    write_phantoms(root / "set", 8, split="test", size=(160, 128))
    spoilt = root / "set" / "images" / "phantom_0003.png"
    spoilt.write_bytes(spoilt.read_bytes()[:3000])
    detected(root / "set", root / "run")
    return root


def detected(path: Path, out: Path, **options: Any) -> Path:
    """Run `detect`, and return its results.jsonl."""
    options = {"min_score": 0.001, "images": False, "workers": 2, **options}
    detect_folder(DetectRequest((str(path),), out, "fracture-n", **options))
    return out / "results.jsonl"


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    return load_fractures([folder / "set"])


@pytest.fixture
def rewritten(folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write the results anew, changed: `rewritten(lambda records: …)`."""

    def write(change: Callable[[Records], Records]) -> Path:
        out = tmp_path / "changed"
        with JsonLinesWriter(out) as stream:
            for record in change(list(read_results(folder / "run" / "results.jsonl"))):
                stream.write(record)
        shutil.copy(folder / "run" / "run.yaml", out)
        return out / "results.jsonl"

    return write


def measured(dataset: Dataset, results: Path) -> dict[str, Any]:
    saved = open_results(results, f"--predictions {results}")
    system = saved_system(saved, name="saved", workers=2)
    metrics, _ = evaluate_systems(dataset, check_split(dataset, "test"), "test", [system])
    return metrics


def without_what_only_the_model_knows(metrics: dict[str, Any]) -> dict[str, Any]:
    """Leave out `system`, and calibration before: what the model said then is not saved."""
    plain: dict[str, Any] = json.loads(json.dumps(metrics))
    plain.pop("system")
    for subset in plain["subsets"].values():
        subset["verdict"]["calibration"].pop("before")
    return plain


def test_saved_results_have_the_figures_of_the_model(dataset: Dataset, folder: Path) -> None:
    bundle = load_bundle("fracture-n")
    report = check_split(dataset, "test")
    expected, _ = evaluate_split(dataset, report, "test", bundle, workers=2)
    assert expected["data"]["n_failed"] == 1
    assert expected["subsets"]["all"]["verdict"]["calibration"]["before"]
    found = measured(dataset, folder / "run" / "results.jsonl")
    assert without_what_only_the_model_knows(found) == without_what_only_the_model_knows(expected)
    system = found["system"]
    assert (system["kind"], system["file"], system["min_score"]) == (
        "results",
        "results.jsonl",
        0.001,
    )
    assert (system["runtime"], system["precision"]) == (
        expected["system"]["runtime"],
        "float32",
    )
    assert system["operating_points_of"] == "bundle"
    assert system["matched"] == {"path": 8, "sha256": 0, "tail": 0}


def of_run(rewritten: Callable[..., Path], run_file: dict[str, Any] | None) -> Path:
    """Return saved results with another run.yaml beside them, or none."""
    results = rewritten(lambda records: records)
    file = results.with_name("run.yaml")
    file.unlink()
    if run_file is not None:
        file.write_text(json.dumps({"min_score": 0.001, **run_file}), encoding="utf-8")
    return results


@pytest.mark.parametrize(
    ("run_file", "told"),
    [
        ({"runtime": "openvino-int8", "precision": "int8"}, ("openvino-int8", "int8")),
        ({"runtime": "tensorrt"}, ("tensorrt", "float16")),  # as before it stated the precision
        ({}, (None, "float32")),
        (None, (None, None)),
    ],
)
def test_saved_results_are_of_the_precision_of_their_run(
    rewritten: Callable[..., Path],
    dataset: Dataset,
    run_file: dict[str, str] | None,
    told: tuple[str | None, str | None],
) -> None:
    system = measured(dataset, of_run(rewritten, run_file))["system"]
    assert (system["runtime"], system["precision"]) == told


@pytest.mark.parametrize(
    ("run_file", "told"), [({"mirror": True}, True), ({}, False), (None, None)]
)
def test_saved_results_tell_whether_mirror_images_were_read(
    rewritten: Callable[..., Path],
    dataset: Dataset,
    run_file: dict[str, bool] | None,
    told: bool | None,
) -> None:
    assert measured(dataset, of_run(rewritten, run_file))["system"]["mirror"] is told


def test_results_of_another_folder_are_found_again(
    dataset: Dataset, folder: Path, tmp_path: Path
) -> None:
    there = measured(dataset, folder / "run" / "results.jsonl")
    inside = measured(dataset, detected(folder / "set" / "images", tmp_path / "inside"))
    for number, image in enumerate(sorted((folder / "set" / "images").iterdir())):
        (tmp_path / "renamed").mkdir(exist_ok=True)
        shutil.copy(image, tmp_path / "renamed" / f"x{number}.png")
    renamed = measured(dataset, detected(tmp_path / "renamed", tmp_path / "elsewhere"))
    for found in (inside, renamed):
        assert found["system"]["matched"] == {"path": 0, "sha256": 8, "tail": 0}
        assert found["subsets"] == there["subsets"]
        assert found["data"]["failures"] == there["data"]["failures"]
        assert found["data"]["n_records_without_truth"] == 0


def test_an_image_without_a_result_has_failed(
    dataset: Dataset, rewritten: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    results = rewritten(lambda records: records[:5])
    metrics = measured(dataset, results)
    assert metrics["data"]["failures_by_reason"] == {"missing": 3, "truncated": 1}
    assert metrics["data"]["n_read"] == 4
    assert (
        f"{results}: 3 of 8 images without a result, counted as failed, as images/" in caplog.text
    )


def test_changed_bytes_are_told_of(
    dataset: Dataset, rewritten: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    def change(records: Records) -> Records:
        first = records[0]
        return [replace(first, source=replace(first.source, sha256="0" * 64)), *records[1:]]

    metrics = measured(dataset, rewritten(change))
    assert metrics["system"]["n_changed"] == 1
    assert metrics["data"]["n_read"] == 7
    assert "1 of 8 images whose bytes are not those that were read" in caplog.text


def test_several_frames_are_not_one_image(dataset: Dataset, rewritten: Callable[..., Path]) -> None:
    def frames(records: Records) -> Records:
        first = records[0]
        pages = [replace(first, source=replace(first.source, frame=page)) for page in (1, 2)]
        return [*pages, *records[1:]]

    metrics = measured(dataset, rewritten(frames))
    assert metrics["data"]["failures_by_reason"] == {"truncated": 1, "unsupported": 1}


def test_results_of_other_images_are_counted_or_refused(
    dataset: Dataset, rewritten: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    def moved(record: Reading | Failure) -> Reading | Failure:
        source = replace(record.source, path="elsewhere/x.png", sha256="0" * 64)
        return replace(record, source=source)

    more = rewritten(lambda records: [*records, moved(records[0])])
    metrics = measured(dataset, more)
    told = f"{more}: 1 results are of images that are not measured, left out, as elsewhere/x.png"
    assert told in caplog.text
    assert (metrics["data"]["n_read"], metrics["data"]["n_records_without_truth"]) == (7, 1)
    alone = rewritten(lambda records: [moved(records[0])])
    with pytest.raises(DataError) as refused:
        measured(dataset, alone)
    assert str(refused.value) == (
        f"{alone}: holds no result of any image that is evaluated; the first image is "
        "images/phantom_0001.png, the first result elsewhere/x.png; give results of this dataset"
    )


def test_a_bundle_that_is_not_here_leaves_one_operating_point(
    dataset: Dataset, rewritten: Callable[..., Path]
) -> None:
    def of_another(records: Records) -> Records:
        return [
            replace(one, model=replace(one.model, sha256="1" * 64))
            if isinstance(one, Reading)
            else one
            for one in records
        ]

    metrics = measured(dataset, rewritten(of_another))
    assert list(metrics["settings"]["operating_points"]) == ["balanced"]
    assert metrics["system"]["operating_points_of"] == "results"
    assert metrics["model"]["sha256"] == "1" * 64


def change_one(**changes: Any) -> Callable[[Records], Records]:
    def change(records: Records) -> Records:
        first = records[0]
        assert isinstance(first, Reading)
        parts = {name: replace(getattr(first, name), **new) for name, new in changes.items()}
        return [replace(first, **parts), *records[1:]]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda records: [records[0], *records], "holds 2 results of images/phantom_0001.png"),
        (
            lambda records: [r for r in records if isinstance(r, Failure)],
            r"holds no reading, but failures alone \(truncated 1\); give",
        ),
        (lambda records: records[:0], r"results\.jsonl is empty, so there is nothing to measure; "),
        (change_one(model={"version": "9"}), r"mixes results of several runs \(fracture-n .*; at"),
        (change_one(verdict={"threshold": 0.987}), "mixes results of several runs"),
    ],
)
def test_what_is_not_one_run_is_refused(
    change: Callable[[Records], Records], says: str, rewritten: Callable[..., Path]
) -> None:
    results = rewritten(change)
    with pytest.raises(InputError, match=says) as refused:
        open_results(results, "--predictions X")
    assert str(refused.value).startswith("--predictions X: ")


PLACED = Finding("F1", "fracture", "definite", 0.5, Box(10, 20, 30, 40))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": {"probability": 1.5}}, "probability 1.5 is not within 0..1; give calibrated"),
        ({"verdict": {"probability": float("inf")}}, "probability inf is not within 0..1; give"),
        ({"verdict": {"threshold": -0.1}}, "threshold -0.1 is not within 0..1; give that of"),
        ({"source": {"width": 0}}, "width 0 is no size in pixels; give that of the image"),
        ({"score": 1.2}, "F1: score 1.2 is not within 0..1; scale the detector's scores"),
        ({"score": -0.5}, "F1: score -0.5 is not within 0..1; scale the detector's scores"),
        ({"score": float("inf")}, "F1: score inf is not within 0..1; scale the detector's"),
        ({"box": Box(30, 20, 10, 40)}, "F1: box_xyxy 30, 20, 10, 40 is inverted or empty; give"),
        ({"box": Box(10, 20, 30, 20)}, "F1: box_xyxy 10, 20, 30, 20 is inverted or empty; give"),
        (
            {"box": Box(10, 20, 128.5, 40)},
            "F1: box_xyxy 10, 20, 128.5, 40 lies outside the image of 128×160 pixels; clip it, or "
            "correct the size",
        ),
        ({"box": Box(-1, 20, 30, 40)}, "F1: box_xyxy -1, 20, 30, 40 lies outside the image of"),
        (
            {"box": Box(10, -2, 30, 40), "source": {"width": None, "height": None}},
            "F1: box_xyxy 10, -2, 30, 40 lies outside the image of unknown size; clip",
        ),
        ({"box": Box(10, 20, float("inf"), 40)}, "F1: box_xyxy 10, 20, inf, 40 lies outside"),
        ({"box": Box(10, 20, 30, 160.1)}, "F1: box_xyxy 10, 20, 30, 160.1 lies outside"),
    ],
)
def test_a_reading_of_which_no_figure_can_be_made_is_refused_by_its_line(
    change: dict[str, Any], says: str, folder: Path, tmp_path: Path
) -> None:
    changes = dict(change)
    parts = {name: changes.pop(name) for name in ("verdict", "source") if name in changes}
    lines = (folder / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    number, record = next(
        (number, one)
        for number, one in enumerate(read_results(folder / "run" / "results.jsonl"))
        if isinstance(one, Reading) and number
    )
    spoilt = replace(
        record,
        findings=(replace(PLACED, **changes),),
        **{name: replace(getattr(record, name), **new) for name, new in parts.items()},
    )
    # as another program may write it: 1e999 is JSON, and infinite
    lines[number] = json.dumps(spoilt.to_json()).replace("Infinity", "1e999")
    results = tmp_path / "results.jsonl"
    results.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        open_results(results, "--predictions X")
    assert str(refused.value).startswith(
        f"{results}, line {number + 1}: {record.source.path}: {says}"
    )


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused_by_its_line(
    constant: str, folder: Path, tmp_path: Path
) -> None:
    text = (folder / "run" / "results.jsonl").read_text(encoding="utf-8")
    spoilt = re.sub(r'"probability": [0-9.e-]+', f'"probability": {constant}', text)
    assert spoilt != text
    results = tmp_path / "results.jsonl"
    results.write_text(spoilt, encoding="utf-8")
    with pytest.raises(InputError, match=rf"results\.jsonl, line \d: {constant} is not JSON"):
        open_results(results, "--predictions X")


def test_a_box_that_fills_its_image_is_taken(rewritten: Callable[..., Path]) -> None:
    def whole(records: Records) -> Records:
        return [
            replace(one, findings=(replace(PLACED, score=1.0, box=Box(0, 0, 128, 160)),))
            if isinstance(one, Reading)
            else one
            for one in records
        ]

    assert len(open_results(rewritten(whole), "--predictions X").by_path) == 8


def test_boxes_that_were_not_listed_are_told_of(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = detected(folder / "set", tmp_path / "shown", min_score=None)
    assert open_results(shown, "--predictions X").run.min_score is None
    assert "lists shown boxes alone" in caplog.text
    high = detected(folder / "set", tmp_path / "high", min_score=0.2)
    assert open_results(high, "--predictions X").run.min_score == 0.2
    assert "lists no box below 0.2" in caplog.text
    caplog.clear()
    open_results(folder / "run" / "results.jsonl", "--predictions X")
    assert caplog.text == ""
    high.with_name("run.yaml").unlink()
    open_results(high, "--predictions X")
    assert "no run.yaml beside it" in caplog.text
    high.with_name("run.yaml").write_text("- 1\n")
    with pytest.raises(InputError, match=r"run\.yaml: says nothing of the run"):
        open_results(high, "--predictions X")
    with pytest.raises(InputError, match="cannot read"):
        open_results(tmp_path / "gone.jsonl", "--predictions X")
