"""From annotated pictures to records and metrics, through the readers and a real bundle."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detect import __version__
from detect.data.load import load_dataset, load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.errors import DataError
from detect.evaluate import run
from detect.evaluate.readings import Readings, sample_name
from detect.evaluate.run import evaluate_samples, evaluate_split, evaluate_systems
from detect.evaluate.settings import Settings
from detect.evaluate.split_check import check_split
from detect.evaluate.systems import System, read_with_bundle
from detect.model.bundle import Bundle, load_bundle
from detect.model.postprocess import MIN_SCORE
from detect.model.predictor import Predictor, build_predictor
from detect.record import Failure, Reading


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    """Eight phantoms, half of them fractured, one of them cut short."""
    table = write_phantoms(tmp_path / "set", 8, split="test", size=(160, 128))
    spoilt = tmp_path / "set" / "images" / "phantom_0003.png"
    spoilt.write_bytes(spoilt.read_bytes()[:3000])
    return load_dataset(table.parent).split("test")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The shipped bundle."""
    return load_bundle("fracture-n")


@pytest.fixture(scope="module")
def predictor(bundle: Bundle) -> Predictor:
    """The shipped bundle, loaded."""
    return build_predictor(bundle, threads=2)


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the bootstrap short; its intervals are tested elsewhere."""
    monkeypatch.setattr(run, "Settings", partial(Settings, n_resamples=20))


def read_samples(*arguments: Any, **options: Any) -> list[Reading | Failure]:
    return read_with_bundle(*arguments, **options).records


def evaluate_dataset(dataset: Dataset, split: str, bundle: Bundle, **options: Any) -> Any:
    """Check and measure, as the command does."""
    report = check_split(dataset, split, workers=2)
    return evaluate_split(dataset, report, split, bundle, workers=2, **options)


def without_time(records: list[Reading | Failure]) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.to_json().items() if k != "seconds"} for record in records]


def test_there_is_a_record_per_sample_in_its_order(
    samples: tuple[Sample, ...], predictor: Predictor, bundle: Bundle
) -> None:
    records = read_samples(samples, predictor, bundle, workers=2, show_progress=False)
    assert [record.source.path for record in records] == [str(s.image) for s in samples]
    kinds = [type(record) for record in records]
    assert kinds == [Reading, Reading, Failure, *[Reading] * 5]
    failure = records[2]
    assert isinstance(failure, Failure)
    assert failure.reason == "truncated"
    one = read_samples(samples, predictor, bundle, workers=1, show_progress=False)
    assert without_time(one) == without_time(records)


def test_every_box_of_the_detector_is_measured(
    samples: tuple[Sample, ...], predictor: Predictor, bundle: Bundle
) -> None:
    from detect.read import read

    sample = samples[0]
    (reading,) = read_samples([sample], predictor, bundle, workers=1, show_progress=False)
    assert isinstance(reading, Reading)
    (radiograph,) = read(sample.image, "image")
    expected = [s for s in predictor(radiograph).scores.tolist() if s >= MIN_SCORE]
    listed = [f.score for f in reading.findings if f.origin == "detector"]
    assert listed == pytest.approx(expected, abs=6e-5)


@pytest.mark.usefixtures("few_resamples")
def test_failures_are_counted_and_not_dropped(
    samples: tuple[Sample, ...], bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    metrics, records = evaluate_samples(samples, bundle, workers=2)
    data = metrics["data"]
    assert (data["n"], data["n_read"], data["n_failed"]) == (8, 7, 1)
    assert data["failures_by_reason"] == {"truncated": 1}
    assert data["failures"] == [{"path": str(samples[2].image), "reason": "truncated"}]
    assert "phantom_0003.png: file is truncated" in caplog.text
    assert len(records) == 8
    json.dumps(metrics, allow_nan=False)
    fractured = sum(sample.fractured is True for sample in samples)
    verdict = metrics["subsets"]["all"]["verdict"]
    lost = verdict["n_failed_fractured"]
    assert verdict["n_fractured"] + lost == fractured
    assert verdict["n_failed_fractured"] + verdict["n_failed_not_fractured"] == 1


def test_several_pages_are_not_one_picture(
    tmp_path: Path, predictor: Predictor, bundle: Bundle
) -> None:
    page = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    page.save(tmp_path / "pages.tif", save_all=True, append_images=[page])
    sample = Sample(tmp_path / "pages.tif", "test", None, True, None)
    (record,) = read_samples([sample], predictor, bundle, workers=1, show_progress=False)
    assert isinstance(record, Failure)
    assert record.reason == "unsupported"
    assert "has several frames, not one" in record.message


def test_our_own_mistake_costs_one_picture(
    samples: tuple[Sample, ...], predictor: Predictor, bundle: Bundle
) -> None:
    def broken(radiograph: Any) -> Any:
        if radiograph.source.path.endswith("_0001.png"):
            raise ZeroDivisionError("first\nsecond")
        return predictor(radiograph)

    records = read_samples(samples, broken, bundle, workers=2, show_progress=False)  # type: ignore[arg-type]
    assert [type(record) for record in records].count(Failure) == 2
    failure = records[0]
    assert isinstance(failure, Failure)
    assert failure.reason == "internal"
    assert failure.message.endswith("ZeroDivisionError: first second")


def test_an_interrupted_evaluation_ends_at_once(
    samples: tuple[Sample, ...],
    predictor: Predictor,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[str] = []

    def counted(radiograph: Any) -> Any:
        started.append(radiograph.source.path)
        return predictor(radiograph)

    def advance(_progress: Any) -> None:
        raise KeyboardInterrupt  # as Ctrl-C raises it in the main thread

    monkeypatch.setattr("detect.progress.Progress.advance", advance)
    many = samples[:1] * 300
    with pytest.raises(KeyboardInterrupt):
        read_samples(many, counted, bundle, workers=1, show_progress=False)  # type: ignore[arg-type]
    assert len(started) <= 5  # the one that was counted, and those under way


def test_nothing_to_measure_is_said(bundle: Bundle) -> None:
    with pytest.raises(DataError, match="the split has no image"):
        evaluate_samples([], bundle)


@pytest.mark.usefixtures("few_resamples")
def test_other_things_than_fractures_are_not_measured(
    tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    source = write_phantoms(tmp_path / "phantoms", 8, split="test", size=(160, 128))
    root = tmp_path / "yolo"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    phantoms = load_dataset(source.parent).samples
    for phantom in phantoms:
        shutil.copy(phantom.image, root / "images")
        fracture = "0 .5 .5 .2 .2\n" * bool(phantom.fractured)
        metal = "1 .2 .2 .1 .1\n"
        (root / "labels" / f"{phantom.image.stem}.txt").write_text(fracture + metal)
    (root / "data.yaml").write_text("test: images\nnames: [fracture, metal]\nlicense: MIT\n")
    spoilt = root / "images" / phantoms[2].image.name
    spoilt.write_bytes(spoilt.read_bytes()[:3000])

    dataset = load_fractures([root])
    metrics, _ = evaluate_dataset(dataset, "test", bundle, command="as typed")

    fractured = sum(phantom.fractured is True for phantom in phantoms)
    data, boxes = metrics["data"], metrics["subsets"]["all"]["boxes"]
    assert (data["n_fractured"], data["n_not_fractured"]) == (fractured, 8 - fractured)
    assert boxes["n_truth_boxes"] == boxes["n_images_with_boxes"] == fractured
    assert metrics["model"] == {
        "name": bundle.manifest.name,
        "version": bundle.manifest.version,
        "sha256": bundle.sha256,
    }
    assert (metrics["command"], metrics["version"]) == ("as typed", __version__)
    about = {name: data[name] for name in ("name", "root", "split", "licence", "left_out")}
    assert about == {
        "name": "yolo",
        "root": "yolo",
        "split": "test",
        "licence": "MIT",
        "left_out": {},
    }
    assert data["failures"] == [{"path": f"images/{spoilt.name}", "reason": "truncated"}]
    assert str(tmp_path) not in json.dumps(metrics)
    assert caplog.text.count(spoilt.name) == 1


@pytest.mark.usefixtures("few_resamples")
def test_what_the_check_mends_and_drops_is_so_in_every_evaluation(
    samples: tuple[Sample, ...], tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    fractured = next(s for s in samples if s.fractured and s.image.name != "phantom_0003.png")
    wrong = replace(fractured, fractured=False)
    copied = next(s for s in samples if s.fractured is False)
    copy = Path(shutil.copy(copied.image, tmp_path / "copy.png"))
    some = tuple(wrong if sample is fractured else sample for sample in samples)
    extra = (
        replace(copied, image=copy, split="val"),
        Sample(
            Path(shutil.copy(samples[4].image, tmp_path / "c.png")),
            "val",
            None,
            not samples[4].fractured,
            None,
        ),
    )
    dataset = Dataset("set", tmp_path, ("fracture",), (*some, *extra))

    metrics, records = evaluate_dataset(dataset, "test", bundle)

    assert metrics["data"]["left_out"] == {"duplicate_label": 1}
    assert (metrics["data"]["n"], metrics["data"]["n_failed"]) == (7, 1)
    assert len(records) == 7
    assert "the box counts" in caplog.text
    report = quick_check(dataset, workers=2)
    again, _ = evaluate_split(dataset, report, "test", bundle, workers=2)
    assert again == metrics
    with pytest.raises(DataError, match="the split has no image"):
        evaluate_dataset(dataset, "train", bundle)


@pytest.mark.shared
@pytest.mark.slow
def test_real_radiographs_are_measured(shared_dir: Path, bundle: Bundle) -> None:
    folder = shared_dir / "data" / "fracatlas"
    if not folder.is_dir():
        pytest.skip(f"no FracAtlas at {folder}")
    dataset = load_dataset(folder)
    fractured = [sample for sample in dataset.samples if sample.fractured][:10]
    normal = [sample for sample in dataset.samples if sample.fractured is False][:10]
    metrics, records = evaluate_samples([*fractured, *normal], bundle, workers=2)
    assert metrics["data"]["n"] == 20
    assert metrics["data"]["n_read"] == sum(isinstance(r, Reading) for r in records)
    assert 0 <= metrics["subsets"]["all"]["verdict"]["auroc"]["value"] <= 1


@pytest.mark.usefixtures("few_resamples")
def test_kinds_of_fractures_make_no_subsets_and_regions_do(tmp_path: Path, reading: Any) -> None:
    """What says the label again is told over all splits: this one alone is too small to tell."""
    folder = tmp_path / "set"
    write_phantoms(folder, 60, size=(96, 96))
    dataset = load_fractures([folder])
    system = System(
        name="even",
        kind="results",
        model=reading("a", 0.5).model,
        operating_points={"balanced": 0.5},
        read=lambda samples, root: Readings([reading(sample_name(s, root), 0.5) for s in samples]),
    )
    report = check_split(dataset, "test")
    metrics, _ = evaluate_systems(dataset, report, "test", [system])
    kinds = [name for name in metrics["subsets"] if name.startswith("fracture_type")]
    assert kinds == ["fracture_type"]
    assert metrics["subsets"]["fracture_type"]["n"] == 0
    assert any(name.startswith("region=") for name in metrics["subsets"])
