"""label-studio/: tasks that fit their labelling interface, and come back as annotations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from annotation_samples import BROKEN, DEEP, ODD, PATIENT, readings_of, shown_of

from detect.data.load import load_dataset
from detect.data.sources.options import ImportOptions
from detect.record import Failure, Reading
from detect.write.context import WriteContext
from detect.write.formats import write_formats
from detect.write.label_studio import LabelStudioWriter

Contexts = Callable[..., WriteContext]
Records = tuple[Reading | Failure, ...]
Json = dict[str, Any]


@pytest.fixture
def written(tmp_path: Path, images: Path, context: Contexts) -> Path:
    records = readings_of(images)
    (missed,) = write_formats(records, context(tmp_path / "out", images), ["label-studio"])
    assert (missed.path, missed.format) == (BROKEN, "label-studio")
    return tmp_path / "out" / "label-studio"


def readings(images: Path) -> list[Reading]:
    return [r for r in readings_of(images) if isinstance(r, Reading)]


def tasks_of(written: Path) -> list[Json]:
    tasks: list[Json] = json.loads((written / "tasks.json").read_text(encoding="ascii"))
    return tasks


def test_rectangles_are_in_percent_of_the_picture_shown(written: Path, images: Path) -> None:
    for task, reading in zip(tasks_of(written), readings(images), strict=True):
        (prediction,) = task["predictions"]
        found = []
        for entry in prediction["result"]:
            if entry["type"] != "rectanglelabels":
                continue
            width, height = entry["original_width"], entry["original_height"]
            assert (width, height) == (reading.source.width, reading.source.height)
            value = entry["value"]
            left, top = value["x"] * width / 100, value["y"] * height / 100
            right = left + value["width"] * width / 100
            bottom = top + value["height"] * height / 100
            (label,) = value["rectanglelabels"]
            found.append((label, left, top, right, bottom))
        assert sorted(found) == [pytest.approx(box) for box in shown_of(reading)]


def test_the_verdict_is_a_choice_with_its_probability(written: Path, images: Path) -> None:
    for task, reading in zip(tasks_of(written), readings(images), strict=True):
        (prediction,) = task["predictions"]
        assert prediction["score"] == reading.verdict.probability
        assert prediction["model_version"] == "bundle 1.0.0"
        (choice,) = (e for e in prediction["result"] if e["type"] == "choices")
        fractured = reading.verdict.label == "fractured"
        assert choice["value"] == {"choices": ["fractured" if fractured else "not fractured"]}
        assert choice["score"] == pytest.approx(prediction["score"] if fractured else 0.8)


def test_certainty_is_the_note_of_a_region(written: Path) -> None:
    notes = {
        entry["meta"]["text"][0]
        for task in tasks_of(written)
        for entry in task["predictions"][0]["result"]
        if "meta" in entry
    }
    assert notes == {
        "definite",
        "suspicious",
        "suspicious, outlined from the verdict's evidence",
    }


def test_everything_predicted_is_in_the_labelling_interface(written: Path) -> None:
    root = ElementTree.parse(written / "labeling_config.xml").getroot()
    controls = {control.get("name"): control for control in root if control.get("toName")}
    for task in tasks_of(written):
        for name in ("image", "summary"):  # what the interface shows
            assert task["data"][name]
        for entry in task["predictions"][0]["result"]:
            control = controls[entry["from_name"]]
            assert control.tag.lower() == entry["type"]
            assert control.get("toName") == entry["to_name"] == "image"
            values = {option.get("value") for option in control}
            assert set(entry["value"][entry["type"]]) <= values


def test_each_image_is_addressed_below_the_folder_of_results(written: Path, images: Path) -> None:
    found = []
    for task in tasks_of(written):
        address = urlsplit(task["data"]["image"])
        assert (address.path, address.fragment) == ("/data/local-files/", "")
        ((path,),) = parse_qs(address.query, strict_parsing=True).values()
        assert (written.parent / path).is_file()
        found.append(path)
    assert f"label-studio/images/{ODD}" in found
    assert len(set(found)) == len(readings(images))


def test_each_task_leads_back_to_what_was_read(written: Path, images: Path) -> None:
    for task, reading in zip(tasks_of(written), readings(images), strict=True):
        data = task["data"]
        assert (data["source"], data["sha256"]) == (reading.source.path, reading.source.sha256)
        assert data.get("frame") == reading.source.frame
        assert data.get("warnings", "") == "; ".join(reading.warnings)


def corrected(written: Path, file: Path) -> Path:
    """Save the tasks with each prediction accepted, as an export has them."""
    tasks = tasks_of(written)
    for number, task in enumerate(tasks):
        (prediction,) = task["predictions"]
        annotation = {"id": number, "was_cancelled": False, "result": prediction["result"]}
        task |= {"id": number, "annotations": [annotation]}
    file.write_text(json.dumps(tasks))
    return file


def test_what_is_accepted_comes_back_as_a_dataset(
    tmp_path: Path, written: Path, images: Path
) -> None:
    export = corrected(written, tmp_path / "export.json")
    options = ImportOptions(images=written / "images")
    dataset = load_dataset(export, form="label_studio", options=options)
    known = readings(images)
    assert len(dataset.samples) == len(known)
    for sample, reading in zip(dataset.samples, known, strict=True):
        boxes = sorted((b.label, *astuple(b.box)) for b in sample.boxes or ())
        assert boxes == [pytest.approx(box, abs=0.01) for box in shown_of(reading)]
        assert sample.boxes is not None
        assert sample.fractured is (reading.verdict.label == "fractured")
        assert not sample.attributes


def test_plain_originals_are_found_again(tmp_path: Path, written: Path, images: Path) -> None:
    export = corrected(written, tmp_path / "export.json")
    dataset = load_dataset(export, form="label_studio", options=ImportOptions(images=images))
    names = {sample.image.relative_to(images).as_posix() for sample in dataset.samples}
    assert names == {"a/plain.jpg", ODD, "turned.jpg", DEEP}


def test_the_short_export_takes_no_datum_for_a_choice(tmp_path: Path, written: Path) -> None:
    """JSON-MIN puts data and answers side by side."""
    tasks = []
    for number, task in enumerate(tasks_of(written)):
        answer = {"verdict": "unsure", "annotation_id": number, "annotator": 1, "id": number}
        tasks.append(task["data"] | answer)
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    options = ImportOptions(images=written / "images")
    dataset = load_dataset(tmp_path / "export.json", form="label_studio", options=options)
    assert {(s.fractured, s.conflict) for s in dataset.samples} == {(None, None)}


def test_nothing_personal_is_in_it(written: Path) -> None:
    secret = PATIENT.split("^")[0].encode()
    assert not [p for p in written.rglob("*") if p.is_file() and secret in p.read_bytes()]


def test_a_name_that_is_no_text_is_told(tmp_path: Path, images: Path, context: Contexts) -> None:
    first, second, *_ = readings(images)
    odd = replace(first, source=replace(first.source, path="caf\udce9.png"))
    (missed,) = write_formats([odd, second], context(tmp_path / "out", images), ["label-studio"])
    assert missed.message.endswith("an address cannot hold this name; rename the file")
    assert len(tasks_of(tmp_path / "out/label-studio")) == 1


def test_no_record_at_all_is_a_project_without_tasks(tmp_path: Path, context: Contexts) -> None:
    write_formats([], context(tmp_path), ["label-studio"])
    assert tasks_of(tmp_path / "label-studio") == []
    root = ElementTree.parse(tmp_path / "label-studio/labeling_config.xml").getroot()
    assert [label.get("value") for label in root.iter("Label")] == ["fracture"]


def test_the_same_records_give_the_same_bytes(
    tmp_path: Path, images: Path, context: Contexts
) -> None:
    contents = []
    for name in ("one", "two"):
        with LabelStudioWriter(context(tmp_path / name, images)) as writer:
            for reading in readings(images):
                writer.write(reading)
        folder = tmp_path / name / "label-studio"
        contents.append(
            {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        )
    assert contents[0] == contents[1]
