"""coco.json and coco_results.json, read back by pycocotools, faster-coco-eval and labelformat."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from annotation_samples import BROKEN, PATIENT, readings_of, shown_of, write_images
from faster_coco_eval import COCO as FasterCoco
from faster_coco_eval import COCOeval_faster
from labelformat.formats.coco import COCOObjectDetectionInput
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detect.data.load import load_dataset
from detect.data.sources.options import ImportOptions
from detect.record import Failure, Reading, Source
from detect.write.coco import CocoWriter
from detect.write.context import WriteContext
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
Records = tuple[Reading | Failure, ...]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_images(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def written(tmp_path: Path, images: Path, context: Contexts) -> Path:
    assert write_formats(readings_of(images), context(tmp_path / "out"), ["coco"]) == ()
    return tmp_path / "out"


def quietly(action: Callable[..., Any], *arguments: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return action(*arguments)


@pytest.mark.parametrize(
    ("read", "evaluate"), [(COCO, COCOeval), (FasterCoco, COCOeval_faster)], ids=["coco", "faster"]
)
def test_evaluation_tools_take_dataset_and_results(
    written: Path, images: Path, read: Any, evaluate: Any
) -> None:
    truth = quietly(read, str(written / "coco.json"))
    results = quietly(truth.loadRes, str(written / "coco_results.json"))
    readings = [r for r in readings_of(images) if isinstance(r, Reading)]
    assert len(truth.getImgIds()) == len(readings)
    detected = [f for r in readings for f in r.findings if f.origin == "detector"]
    assert sorted(results.anns[i]["score"] for i in results.anns) == sorted(
        f.score for f in detected
    )
    evaluation = evaluate(truth, results, "bbox")
    for step in (evaluation.evaluate, evaluation.accumulate, evaluation.summarize):
        quietly(step)
    assert evaluation.stats[0] > 0.5  # but the outlines, every box is found where it is


def test_boxes_come_back_through_another_reader(written: Path, images: Path) -> None:
    known = {}
    for record in readings_of(images):
        source = record.source
        frame = "" if source.frame is None else f".frame{source.frame}.png"
        known[f"{source.path}{frame}"] = shown_of(record)
    del known[BROKEN]
    found = {}
    for label in COCOObjectDetectionInput(written / "coco.json").get_labels():
        found[label.image.filename] = sorted(
            (o.category.name, o.box.xmin, o.box.ymin, o.box.xmax, o.box.ymax) for o in label.objects
        )
    assert found == {name: [pytest.approx(box) for box in boxes] for name, boxes in known.items()}


def test_what_coco_has_no_key_for_is_there(written: Path) -> None:
    plain = json.loads((written / "coco.json").read_text(encoding="ascii"))
    assert plain["failures"] == [
        {"file_name": BROKEN, "reason": "corrupt", "message": f"{BROKEN}: no picture"}
    ]
    first = plain["images"][0]
    assert first["verdict"] == {
        "label": "fractured",
        "certainty": "definite",
        "probability": 0.9,
        "operating_point": "balanced",
        "threshold": 0.25,
    }
    assert first["warnings"] == ["small image"]
    info = plain["info"]
    assert (info["date_created"], info["year"]) == ("2026-03-14T09:26:53+00:00", 2026)
    assert info["models"] == [{"name": "bundle", "version": "1.0.0", "sha256": "f" * 64}]
    frames = [(i["file_name"], i["path"]) for i in plain["images"] if i.get("frame") == 2]
    assert frames == [("multi.frame2.png", "multi"), ("pages.tif.frame2.png", "pages.tif")]
    certainties = {(a["attributes"]["certainty"], a["origin"]) for a in plain["annotations"]}
    assert certainties == {
        ("definite", "detector"),
        ("suspicious", "detector"),
        ("suspicious", "evidence"),
    }


def test_results_hold_boxes_of_low_score_and_no_outlines(written: Path) -> None:
    results = json.loads((written / "coco_results.json").read_text(encoding="ascii"))
    scores = {result["score"] for result in results}
    assert 0.04 in scores
    assert 0.7 not in scores
    assert set(results[0]) == {"image_id", "category_id", "bbox", "score", "file_name"}


def test_our_own_import_takes_it(written: Path, images: Path) -> None:
    dataset = load_dataset(written, form="coco", options=ImportOptions(images=images))
    readings = {r.source.path: r for r in readings_of(images)}
    found = {s.image.relative_to(images).as_posix(): s.boxes for s in dataset.samples}
    for name in ("a/plain.jpg", "a/plain.png", "turned.jpg", "hand.dcm"):
        boxes = sorted((b.label, b.box.x1, b.box.y1, b.box.x2, b.box.y2) for b in found[name])
        assert boxes == [pytest.approx(box) for box in shown_of(readings[name])], name
    assert set(dataset.classes) == {"fracture", "metal & <b>"}
    assert all(not sample.attributes for sample in dataset.samples)  # no verdict as a shortcut


def test_nothing_personal_is_in_it(written: Path) -> None:
    for path in written.iterdir():
        assert PATIENT.split("^")[0].encode() not in path.read_bytes()


def test_a_set_without_any_box_is_a_dataset(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    write_formats([records[1], records[3]], context(tmp_path), ["coco"])
    truth = quietly(COCO, str(tmp_path / "coco.json"))
    assert [c["name"] for c in truth.loadCats(truth.getCatIds())] == ["fracture"]
    assert json.loads((tmp_path / "coco_results.json").read_bytes()) == []
    write_formats([], context(tmp_path), ["coco"])
    assert json.loads((tmp_path / "coco.json").read_bytes())["images"] == []


def test_a_name_that_is_no_text_comes_back(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    reading = records[1]
    named = replace(reading, source=replace(reading.source, path="caf\udce9.png"))
    write_formats([named], context(tmp_path), ["coco"])
    (image,) = json.loads((tmp_path / "coco.json").read_bytes())["images"]
    assert image["file_name"] == "caf\udce9.png"


def test_a_reading_without_size_is_told_and_the_others_go_on(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    bare = replace(records[1], source=replace(records[1].source, width=None))
    (missed,) = write_formats([bare, records[0]], context(tmp_path), ["coco"])
    assert (missed.path, missed.format) == ("b.png", "coco")
    assert len(json.loads((tmp_path / "coco.json").read_bytes())["images"]) == 1


def test_the_same_records_give_the_same_bytes(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    for folder in ("one", "two"):
        write_formats(records, context(tmp_path / folder), ["coco"])
    for name in ("coco.json", "coco_results.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("other"), ValueError("line 2")])
def test_an_error_leaves_earlier_files(
    tmp_path: Path, records: Records, context: Contexts, error: BaseException
) -> None:
    write_formats(records, context(tmp_path), ["coco"])
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(type(error)) as caught, CocoWriter(context(tmp_path)) as writer:
        writer.write(records[1])
        raise error
    assert caught.value is error
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_memory_does_not_grow_with_the_run(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    reading = records[0]

    def many(count: int) -> Iterator[Reading | Failure]:
        for number in range(count):
            yield replace(reading, source=Source(f"{number}.png", "a" * 64, 373, 454))
            yield Failure(Source(f"{number}.jpg", None), "empty", "0 bytes")

    peaks = []
    for count in (200, 1500):
        tracemalloc.start()
        write_formats(many(count), context(tmp_path / str(count)), ["coco"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(json.loads((tmp_path / "1500" / "coco.json").read_bytes())["images"]) == 1500
    assert peaks[1] - peaks[0] < 100_000
