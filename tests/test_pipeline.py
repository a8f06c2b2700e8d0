"""A run of `detect`: what it writes, and that one bad input or another order changes nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dicom_images import write_radiograph
from PIL import Image

from detect.errors import BundleError, InputError
from detect.model.bundle import load_bundle
from detect.model.mirrored import mirrored
from detect.model.predictor import build_predictor
from detect.pipeline import DetectRequest, Outcome, detect_folder
from detect.read import read
from detect.write.context import FormatOptions
from detect.write.registry import FORMATS
from detect.write.schema import reading_schema

NAMES = ["a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png"]
MakeBundle = Callable[..., Path]


def run(*paths: Path, out: Path, weights: str = "fracture-n", **options: Any) -> Outcome:
    return detect_folder(
        DetectRequest(tuple(str(path) for path in paths), out, str(weights), **options)
    )


def lines(out: Path) -> list[dict[str, Any]]:
    text = (out / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def timeless(out: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines(out)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pictures(out: Path) -> dict[str, bytes]:
    files = sorted((out / "images").rglob("*"))
    return {
        path.relative_to(out / "images").as_posix(): path.read_bytes()
        for path in files
        if path.is_file()
    }


def test_a_run_writes_all_that_the_contract_names(radiographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (radiographs / "broken.jpg").write_bytes((radiographs / "b.jpg").read_bytes()[:900])
    outcome = run(radiographs, out=out, command="python cli.py detect …")
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert written == {
        *(f"images/{name}.jpg" for name in NAMES),
        *("results.jsonl", "results.csv", "findings.csv", "run.yaml"),
    }
    assert (outcome.read, outcome.failures, outcome.skipped) == (4, 1, 1)
    assert outcome.fractured + outcome.not_fractured == 4

    validator = jsonschema.Draft202012Validator(reading_schema())
    for line in lines(out):
        validator.validate(line)
    order = ["a.png", "b.jpg", "broken.jpg", *NAMES[2:]]
    assert [line["source"]["path"] for line in lines(out)] == order
    assert [row["path"] for row in rows(out / "results.csv")] == order
    readings = [line for line in lines(out) if line["kind"] == "reading"]
    findings = [
        (line["source"]["path"], finding["finding_id"], finding["score"])
        for line in readings
        for finding in line["findings"]
    ]
    assert findings == [
        (row["path"], row["finding_id"], float(row["score"])) for row in rows(out / "findings.csv")
    ]
    for name, data in pictures(out).items():
        with Image.open(out / "images" / name) as picture:
            picture.load()
            assert picture.format == "JPEG", data[:4]
            assert picture.mode in ("RGB", "L"), data[
                :4
            ]  # in one channel where nothing is coloured
            assert picture.width >= 128
            assert picture.height >= 160

    about = yaml.safe_load((out / "run.yaml").read_text(encoding="utf-8"))
    assert about["status"] == "done"
    assert about["command"] == "python cli.py detect …"
    assert about["bundle"]["sha256"] == readings[0]["model"]["sha256"]
    assert {"fracture-locator", "python", "openvino"} <= set(about["versions"])
    assert about["counts"] == {
        "read": 4,
        "fractured": outcome.fractured,
        "not_fractured": outcome.not_fractured,
        "failures": 1,
        "skipped": 1,
        "not_written": 0,
    }


def test_neither_workers_nor_order_change_a_byte(radiographs: Path, tmp_path: Path) -> None:
    run(radiographs, out=tmp_path / "one", workers=1, min_score=0.0)
    for workers in (2, 4):
        out = tmp_path / str(workers)
        given = [radiographs / "hand", radiographs, radiographs / "a.png"]
        run(*(given if workers == 2 else given[::-1]), out=out, workers=workers, min_score=0.0)
        assert timeless(out) == timeless(tmp_path / "one")
        assert pictures(out) == pictures(tmp_path / "one")
        for table in ("results.csv", "findings.csv"):
            assert (out / table).read_bytes() == (tmp_path / "one" / table).read_bytes()


def test_one_image_starts_one_worker(
    radiographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detect import pipeline

    started: list[int] = []

    def build(bundle: Any, runtime: Any, threads: int) -> Any:
        started.append(threads)
        return real(bundle, runtime, threads)

    real = pipeline.build_predictor
    monkeypatch.setattr(pipeline, "build_predictor", build)
    run(radiographs / "a.png", out=tmp_path / "one", workers=8)
    run(radiographs, out=tmp_path / "four", workers=3)
    assert started == [1, 3]


def test_broken_inputs_leave_their_neighbours_as_they_were(
    radiographs: Path, tmp_path: Path
) -> None:
    run(radiographs, out=tmp_path / "clean")
    whole = (radiographs / "b.jpg").read_bytes()
    (radiographs / "0-empty.png").write_bytes(b"")
    (radiographs / "a-cut.jpg").write_bytes(whole[: len(whole) // 2])
    (radiographs / "b-text.jpg").write_text("no picture at all", encoding="utf-8")
    (radiographs / "gone.dcm").symlink_to("nowhere")
    (radiographs / "z.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    outcome = run(radiographs, out=tmp_path / "dirty")
    assert outcome.failures == 5
    failed = {
        line["source"]["path"]: line["reason"]
        for line in lines(tmp_path / "dirty")
        if line["kind"] == "failure"
    }
    assert failed == {
        "0-empty.png": "empty",
        "a-cut.jpg": "truncated",
        "b-text.jpg": "unsupported",
        "gone.dcm": "not_found",
        "z.png": failed["z.png"],
    }
    assert failed["z.png"] in ("corrupt", "truncated")
    good = [line for line in timeless(tmp_path / "dirty") if line["kind"] == "reading"]
    assert good == timeless(tmp_path / "clean")
    assert pictures(tmp_path / "dirty") == pictures(tmp_path / "clean")


def test_our_own_mistake_costs_one_file(
    radiographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detect import pipeline

    def read(path: Path, name: str) -> Any:
        if name == "b.jpg":
            raise ZeroDivisionError("first line\nsecond line")
        return real(path, name)

    real = pipeline.read
    monkeypatch.setattr(pipeline, "read", read)
    assert run(radiographs, out=tmp_path / "out").failures == 1
    line = lines(tmp_path / "out")[1]
    assert line["reason"] == "internal"
    assert line["message"].endswith("ZeroDivisionError: first line second line")
    jsonschema.validate(line, reading_schema())


def test_the_operating_point_decides(
    radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    weights = str(make_bundle(screening=0.4, balanced=0.6, confirm=0.7))
    outcome = run(
        radiographs,
        out=tmp_path / "screening",
        weights=weights,
        images=False,
        operating_point="screening",
    )
    assert (outcome.fractured, outcome.not_fractured) == (4, 0)
    for line in lines(tmp_path / "screening"):
        assert line["verdict"] == {
            "label": "fractured",
            "certainty": "doubtful",
            "probability": 0.5,
            "operating_point": "screening",
            "threshold": 0.4,
        }
        assert line["findings"]  # never fractured with nothing shown
    outcome = run(radiographs, out=tmp_path / "balanced", weights=weights, images=False)
    assert (outcome.fractured, outcome.not_fractured) == (0, 4)
    assert not any(line["findings"] for line in lines(tmp_path / "balanced"))
    with pytest.raises(InputError, match=r"--operating-point strict: .* has .*screening"):
        run(radiographs, out=tmp_path / "none", weights=weights, operating_point="strict")
    assert not (tmp_path / "none").exists()


def test_a_minimum_score_lists_every_box(
    radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    weights = str(make_bundle(screening=0.6, balanced=0.6, confirm=0.6))
    options: dict[str, Any] = {"weights": weights, "images": False}
    run(radiographs, out=tmp_path / "all", min_score=0.0, **options)
    found = [finding for line in lines(tmp_path / "all") for finding in line["findings"]]
    assert found
    assert {finding["certainty"] for finding in found} == {"none"}
    middle = sorted(finding["score"] for finding in found)[(len(found) - 1) // 2]
    # between two scores as they are written, with four decimals
    run(radiographs, out=tmp_path / "some", min_score=middle - 0.00005, **options)
    kept = [finding for line in lines(tmp_path / "some") for finding in line["findings"]]
    assert 0 < len(kept) <= len(found)
    assert sorted(f["score"] for f in kept) == sorted(
        f["score"] for f in found if f["score"] >= middle
    )


def test_a_run_can_read_mirror_images_too(radiographs: Path, tmp_path: Path) -> None:
    run(radiographs / "a.png", out=tmp_path / "plain", images=False)
    run(radiographs / "a.png", out=tmp_path / "both", images=False, mirror=True)
    bundle = load_bundle("fracture-n")
    predict = mirrored(build_predictor(bundle), bundle.calibration)
    (radiograph,) = read(radiographs / "a.png", "a.png")
    (plain,), (both,) = lines(tmp_path / "plain"), lines(tmp_path / "both")
    expected = predict(radiograph).probability
    assert both["verdict"]["probability"] == pytest.approx(expected, abs=1e-6)
    assert plain["verdict"]["probability"] != pytest.approx(expected, abs=1e-6)
    settings = [
        yaml.safe_load((tmp_path / name / "run.yaml").read_bytes()) for name in ("plain", "both")
    ]
    assert [one["mirror"] for one in settings] == [False, True]


def test_pictures_widen_with_the_heat_map_and_can_be_left_out(
    radiographs: Path, tmp_path: Path
) -> None:
    run(radiographs / "a.png", out=tmp_path / "plain")
    run(radiographs / "a.png", out=tmp_path / "heat", heatmap=True)
    run(radiographs / "a.png", out=tmp_path / "none", images=False)
    assert not (tmp_path / "none" / "images").exists()
    assert (
        timeless(tmp_path / "plain") == timeless(tmp_path / "heat") == timeless(tmp_path / "none")
    )
    with (
        Image.open(tmp_path / "plain" / "images" / "a.png.jpg") as plain,
        Image.open(tmp_path / "heat" / "images" / "a.png.jpg") as heat,
    ):
        assert heat.width > plain.width


def test_a_picture_that_cannot_be_annotated_is_read_all_the_same(
    radiographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "ü" * 124 + ".png"  # 252 bytes: .jpg after it is beyond what a name may have
    (radiographs / "b.jpg").rename(radiographs / long)
    assert run(radiographs, out=tmp_path / "long").failures == 0
    warnings = {line["source"]["path"]: line["warnings"] for line in lines(tmp_path / "long")}
    assert warnings[long][-1] == "no annotated image: its file name would be too long"
    assert sorted(pictures(tmp_path / "long")) == [
        f"{name}.jpg" for name in NAMES if name != "b.jpg"
    ]

    monkeypatch.setattr("detect.draw.jpeg.MAX_SIDE", 100)
    assert run(radiographs, out=tmp_path / "large").failures == 0
    assert not pictures(tmp_path / "large")
    for line in lines(tmp_path / "large"):
        assert line["warnings"][-1].startswith("no annotated image: a JPEG holds 100 pixels")
        jsonschema.validate(line, reading_schema())


def test_unknown_formats_and_damaged_bundles_are_refused_before_anything_is_written(
    radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"--format docx: unknown; choose from .*csv"):
        run(radiographs, out=out, formats=("docx",))
    with pytest.raises(BundleError, match="--weights nowhere: no such bundle"):
        run(radiographs, out=out, weights="nowhere")
    bundle = make_bundle()
    with (bundle / "model.onnx").open("ab") as graph:
        graph.write(b"\0")
    with pytest.raises(BundleError, match=r"model\.onnx: was changed"):
        run(radiographs, out=out, weights=str(bundle))
    assert not out.exists()


def test_a_run_anew_leaves_nothing_of_any_format_of_the_one_before(
    radiographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    formats = tuple(name for name in FORMATS if name != "json")
    capture_of = write_radiograph(tmp_path / "study.dcm")
    options = FormatOptions(secondary_capture_of=capture_of)
    first = run(radiographs, out=out, formats=formats, options=options, heatmap=True)
    assert first.not_written == ()
    for name in formats:
        assert all((out / output).exists() for output in FORMATS[name].outputs), name
    run(radiographs, out=out, overwrite=True, images=False)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    assert left == {"results.jsonl", "results.csv", "findings.csv", "run.yaml"}
