"""Several systems on one split: each as it is measured alone, and set side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from detect.data.check_report import CheckReport
from detect.data.load import load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.data.sample import Dataset, Sample
from detect.evaluate import run
from detect.evaluate.readings import Readings
from detect.evaluate.run import evaluate_split, evaluate_systems
from detect.evaluate.settings import Settings
from detect.evaluate.split_check import check_split
from detect.evaluate.systems import System, bundle_system
from detect.evaluate.table import format_table
from detect.model.bundle import load_bundle
from detect.record import Failure, ModelInfo, Reading, Source


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Settings", partial(Settings, n_resamples=20))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Twelve phantoms of the split `test`."""
    root = tmp_path_factory.mktemp("side") / "set"
    write_phantoms(root, 12, split="test", size=(160, 128))
    return load_fractures([root])


@pytest.fixture(scope="module")
def report(dataset: Dataset) -> CheckReport:
    return check_split(dataset, "test", workers=2)


@pytest.fixture
def told(reading: Callable[..., Reading]) -> Callable[..., System]:
    """Make a system that knows the truth but for a shift, and fails on the files given."""

    def make(name: str, shift: float, *failing: int, recipe: str | None = None) -> System:
        def read(samples: Any, folder: Path | None) -> Readings:
            records: list[Reading | Failure] = []
            for number, sample in enumerate(samples):
                path = sample.image.relative_to(folder).as_posix()
                if number in failing:
                    records.append(Failure(Source(path, None), "internal", f"{path}: broke"))
                    continue
                probability = min(0.99, max(0.01, (0.8 if sample.fractured else 0.3) - shift))
                boxes = [entry.box for entry in sample.boxes]
                rows = tuple((b.x1, b.y1, b.x2, b.y2, probability) for b in boxes)
                records.append(reading(path, probability, rows))
            return Readings(records, about={"read": len(records) - len(failing)})

        return System(
            name,
            "results",
            ModelInfo(name, "1", "0" * 64),
            {"balanced": 0.5},
            read,
            {"verdict": "told"},
            recipe,
        )

    return make


def test_each_system_is_measured_as_it_is_alone(
    dataset: Dataset, report: CheckReport, told: Callable[..., System]
) -> None:
    bundle = load_bundle("fracture-n")
    system = bundle_system(bundle, workers=2)
    metrics, readings = evaluate_systems(
        dataset, report, "test", [told("told", 0.1), system], command="as typed"
    )
    alone, records = evaluate_split(dataset, report, "test", bundle, workers=2)
    (second,) = metrics["against"]
    for key in ("model", "system", "settings", "subsets"):
        assert second[key] == alone[key]
    assert alone["against"] == alone["comparisons"] == alone["summary"] == []
    assert [len(one.records) for one in readings] == [12, 12]
    assert [one.source for one in readings[1].records] == [one.source for one in records]
    assert metrics["model"]["name"] == "told"
    assert metrics["system"] == {
        "name": "told",
        "recipe": None,
        "kind": "results",
        "verdict": "told",
        "read": 12,
    }
    assert second["system"]["kind"] == "bundle"
    (comparison,) = metrics["comparisons"]
    assert (comparison["first"], comparison["second"]) == ("told", "fracture-n")
    json.dumps(metrics, allow_nan=False)


def test_a_bundle_that_reads_mirror_images_says_so(dataset: Dataset, report: CheckReport) -> None:
    bundle = load_bundle("fracture-n")
    systems = [bundle_system(bundle, workers=2, mirror=mirror) for mirror in (True, False)]
    metrics, (both, alone) = evaluate_systems(dataset, report, "test", systems)
    assert metrics["system"]["mirror"] is True
    assert metrics["system"]["verdict"].endswith("of each image and its mirror image")
    assert metrics["against"][0]["system"]["mirror"] is False
    assert all(
        one.verdict.probability != other.verdict.probability
        for one, other in zip(both.records, alone.records, strict=True)
        if isinstance(one, Reading) and isinstance(other, Reading)
    )


def test_a_bundle_says_what_computed_it(dataset: Dataset, report: CheckReport) -> None:
    bundle = load_bundle("fracture-n")
    runtimes = ("onnxruntime", "openvino-int8")
    systems = [
        bundle_system(bundle, runtime=runtime, workers=2, name=runtime)  # type: ignore[arg-type]
        for runtime in runtimes
    ]
    metrics, _ = evaluate_systems(dataset, report, "test", systems)
    told = [one["system"] for one in (metrics, *metrics["against"])]
    assert tuple(one["runtime"] for one in told) == runtimes
    assert [one["precision"] for one in told] == ["float32", "int8"]


def test_a_system_that_fails_loses_its_images_and_says_so(
    dataset: Dataset, report: CheckReport, told: Callable[..., System]
) -> None:
    systems = [told("a", 0.0, 3), told("b", 0.35, 3, 4), told("c", 0.0)]
    metrics, _ = evaluate_systems(dataset, report, "test", systems)
    assert metrics["data"]["n_failed"] == 1
    assert [one["data"]["n_failed"] for one in metrics["against"]] == [2, 0]
    assert [one["data"]["n"] for one in metrics["against"]] == [12, 12]
    first, second = metrics["comparisons"]
    assert (first["n"], first["n_only_second_failed"], first["n_both_failed"]) == (10, 1, 1)
    assert (second["n"], second["n_only_first_failed"], second["n_both_failed"]) == (11, 1, 0)
    # b misses every fracture at its threshold, and calls no other image fractured
    fractured = first["verdicts"]["balanced"]["fractured"]
    assert fractured["first_right_only"] == fractured["n"] > 3
    assert fractured["second_right_only"] == 0
    balanced = metrics["against"][0]["subsets"]["all"]["verdict"]["operating_points"]["balanced"]
    assert balanced["sensitivity"]["value"] == 0


def test_options_reach_every_system(
    dataset: Dataset, report: CheckReport, told: Callable[..., System]
) -> None:
    metrics, _ = evaluate_systems(
        dataset,
        report,
        "test",
        [told("a", 0.0), told("b", 0.1)],
        grouped_by="region",
        prevalence=0.05,
    )
    assert metrics["data"]["grouped_by"] == "region"
    regions = {sample.attributes["region"] for sample in dataset.samples}
    for one in (metrics, *metrics["against"]):
        assert one["settings"]["prevalence"] == 0.05
        assert one["data"]["n_groups"] == len(regions)
        point = one["subsets"]["all"]["verdict"]["operating_points"]["balanced"]
        assert point["at_prevalence"]["prevalence"] == 0.05
    again, _ = evaluate_systems(dataset, report, "test", [told("a", 0.0)], grouped_by="image")
    assert again["data"]["n_groups"] == 12


def test_the_table_sets_systems_side_by_side(
    dataset: Dataset, report: CheckReport, told: Callable[..., System]
) -> None:
    systems = [
        told("ours 1", 0.0, recipe="ours"),
        told("ours 2", 0.4, 2, recipe="ours"),
        replace(
            told("yolo", 0.35),
            kind="ultralytics",
            about={
                "verdict": "best score",
                "fractures": ["wrist\x1b", "leg"],
                "fractures_by": "their names say so",
            },
        ),
    ]
    metrics, _ = evaluate_systems(dataset, report, "test", systems)
    lines = format_table(metrics).splitlines()

    def row(start: str, after: int = 0) -> list[str]:
        return next(line for line in lines[after:] if line.startswith(start)).split()

    fractured = sum(sample.fractured is True for sample in dataset.samples)
    assert lines[0] == f"12 images: {fractured} fractured, {12 - fractured} not, 0 unknown"
    heads = [line for line in lines if line.lstrip().startswith("ours 1 ")]
    assert heads[0].split() == ["ours", "1", "ours", "2", "yolo"]
    assert row("failed") == ["failed", "0", "1", "0"]
    assert row("ours 1 minus")[3:] == ["ours", "2", "yolo"]
    assert row("images that both read")[-2:] == ["11", "12"]
    differences = lines.index(next(line for line in lines if line.startswith("ours 1 minus")))
    assert row("sensitivity, balanced", differences)[2] == "+1.000"
    assert row("sensitivity, balanced", differences)[3].startswith("p=0.")
    assert row("ours, 2 seeds")[-2:] == ["mean", "range"]
    summed = lines.index(next(line for line in lines if line.startswith("ours, 2 seeds")))
    assert row("sensitivity, balanced", summed)[2:] == ["0.500", "0.000", "to", "1.000"]
    assert (
        r"yolo: verdict is the best score; a box of wrist\x1b, leg counts as a fracture, since "
        "their names say so"
    ) in lines


def test_the_table_counts_failures_against_whoever_failed(
    dataset: Dataset, report: CheckReport, told: Callable[..., System]
) -> None:
    whole, _ = evaluate_systems(dataset, report, "test", [told("a", 0.0), told("b", 0.0)])
    assert "counted as wrong" not in format_table(whole)
    systems = [told("a", 0.0), told("b", 0.0, 0, 1, 2, 3, 4, 5, 6, 7)]
    metrics, _ = evaluate_systems(dataset, report, "test", systems)
    lines = format_table(metrics).splitlines()
    start = lines.index(next(line for line in lines if line.startswith("failures counted as")))
    assert lines[start].split()[-2:] == ["a", "b"]
    fractured = [bool(sample.fractured) for sample in dataset.samples]
    n, lost = sum(fractured), sum(fractured[:8])
    assert 0 < lost < n
    (row,) = [line for line in lines[start:] if line.startswith("sensitivity, balanced")][:1]
    assert row.split()[2] == "1.000"
    assert f"{(n - lost) / n:.3f} [" in row
    (row,) = [line for line in lines[start:] if line.startswith("sensitivity, balanced")][1:]
    assert row.split()[2] == f"{lost / n:+.3f}"


@pytest.mark.parametrize("kept", [True, False, None])
def test_a_split_of_one_kind_or_one_image_has_its_words(
    kept: bool | None, dataset: Dataset, told: Callable[..., System]
) -> None:
    def keeps(sample: Sample) -> bool:
        return sample.fractured is kept if kept is not None else sample is dataset.samples[0]

    some = replace(dataset, samples=tuple(filter(keeps, dataset.samples)))
    report = check_split(some, "test")
    metrics, _ = evaluate_systems(some, report, "test", [told("a", 0.0), told("b", 0.1, 0)])
    json.dumps(metrics, allow_nan=False)
    (comparison,) = metrics["comparisons"]
    assert comparison["auroc"]["value"] is None
    assert comparison["auroc"]["reason"]
    assert comparison["n"] == len(some.samples) - 1
    assert comparison["n_only_second_failed"] == 1
    assert format_table(metrics)
