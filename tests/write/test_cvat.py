"""cvat/, read back by labelformat and by the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from annotation_samples import BROKEN, ODD, PATIENT, readings_of, shown_of
from labelformat.formats.coco import COCOObjectDetectionOutput
from labelformat.formats.cvat import CVATObjectDetectionInput

from detect.data.load import load_dataset
from detect.data.sources.options import ImportOptions
from detect.record import Failure, Reading
from detect.write.context import WriteContext
from detect.write.cvat import CvatWriter
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
Records = tuple[Reading | Failure, ...]


@pytest.fixture
def written(tmp_path: Path, images: Path, context: Contexts) -> Path:
    records = readings_of(images)
    (missed,) = write_formats(records, context(tmp_path / "out", images), ["cvat"])
    assert (missed.path, missed.format) == (BROKEN, "cvat")
    return tmp_path / "out" / "cvat"


def readings(images: Path) -> list[Reading]:
    return [r for r in readings_of(images) if isinstance(r, Reading)]


def test_boxes_come_back_through_another_reader(written: Path, images: Path) -> None:
    source = CVATObjectDetectionInput(written / "annotations.xml")
    assert [c.name for c in source.get_categories()] == ["fracture", "metal & <b>"]
    for label, reading in zip(source.get_labels(), readings(images), strict=True):
        assert (written / "images" / label.image.filename).is_file()
        assert label.image.width == reading.source.width
        assert label.image.height == reading.source.height
        found = sorted(
            (o.category.name, o.box.xmin, o.box.ymin, o.box.xmax, o.box.ymax) for o in label.objects
        )
        assert found == [pytest.approx(box, abs=1e-3) for box in shown_of(reading)]


def test_the_file_is_of_the_form_that_cvat_reads(written: Path) -> None:
    root = ElementTree.parse(written / "annotations.xml").getroot()
    assert [child.tag for child in root][:2] == ["version", "meta"]
    assert root.findtext("version") == "1.1"
    entries = root.findall("image")
    assert root.findtext("meta/task/size") == str(len(entries))
    assert root.findtext("meta/dumped") == "2026-03-14T09:26:53+00:00"
    assert [entry.get("id") for entry in entries] == [str(n) for n in range(len(entries))]
    names = [entry.get("name", "") for entry in entries]
    assert ODD in names
    stems = [str(Path(name).with_suffix("")) for name in names]
    assert len(set(stems)) == len(stems)  # CVAT cuts the suffix off before it looks for a name
    box = entries[0].find("box")
    assert box is not None
    assert {"label", "occluded", "z_order", "source"} < set(box.keys())  # those it insists on
    assert {a.get("name"): a.text for a in box} == {"score": "0.8300", "certainty": "definite"}


def test_the_labels_of_a_new_task_fit(written: Path) -> None:
    labels = json.loads((written / "labels.json").read_text(encoding="utf-8"))
    root = ElementTree.parse(written / "annotations.xml").getroot()
    specified = {}
    for label in root.iterfind("meta/task/labels/label"):
        specified[label.findtext("name")] = {
            a.findtext("name"): (
                a.findtext("input_type"),
                (a.findtext("values") or "").splitlines(),
            )
            for a in label.iterfind("attributes/attribute")
        }
    assert specified == {
        label["name"]: {a["name"]: (a["input_type"], a["values"]) for a in label["attributes"]}
        for label in labels
    }
    for box in root.iter("box"):
        attributes = specified[box.get("label")]
        given = {a.get("name"): a.text or "" for a in box}
        assert given["certainty"] in attributes["certainty"][1]
        low, high, _ = map(float, attributes["score"][1])
        assert low <= float(given["score"]) <= high


def test_what_comes_back_as_coco_is_imported(tmp_path: Path, written: Path, images: Path) -> None:
    """As CVAT exports it, another program turns it into COCO."""
    back = tmp_path / "back.json"
    source = CVATObjectDetectionInput(written / "annotations.xml")
    COCOObjectDetectionOutput(back).save(source)
    options = ImportOptions(images=written / "images")
    dataset = load_dataset(back, form="coco", options=options)
    found = [sorted((b.label, *astuple(b.box)) for b in s.boxes or ()) for s in dataset.samples]
    known = [shown_of(reading) for reading in readings(images)]
    assert found == [[pytest.approx(box, abs=1e-3) for box in boxes] for boxes in known]


def test_nothing_personal_is_in_it(written: Path) -> None:
    secret = PATIENT.split("^")[0].encode()
    assert not [p for p in written.rglob("*") if p.is_file() and secret in p.read_bytes()]


@pytest.mark.parametrize("path", ["bell\x07.png", "caf\udce9.png", "no\ufffe.png"])
def test_a_name_that_xml_cannot_hold_is_told(
    tmp_path: Path, images: Path, context: Contexts, path: str
) -> None:
    first, second, *_ = readings(images)
    odd = replace(first, source=replace(first.source, path=path))
    (missed,) = write_formats([odd, second], context(tmp_path / "out", images), ["cvat"])
    assert "XML cannot hold this name; change it" in missed.message
    root = ElementTree.parse(tmp_path / "out/cvat/annotations.xml").getroot()
    assert len(root.findall("image")) == 1


def test_no_record_at_all_is_a_file(tmp_path: Path, context: Contexts) -> None:
    write_formats([], context(tmp_path), ["cvat"])
    source = CVATObjectDetectionInput(tmp_path / "cvat/annotations.xml")
    assert ([c.name for c in source.get_categories()], list(source.get_labels())) == (
        ["fracture"],
        [],
    )


def test_the_same_records_give_the_same_bytes(
    tmp_path: Path, images: Path, context: Contexts
) -> None:
    contents = []
    for name in ("one", "two"):
        with CvatWriter(context(tmp_path / name, images)) as writer:
            for reading in readings(images):
                writer.write(reading)
        folder = tmp_path / name / "cvat"
        contents.append(
            {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        )
    assert contents[0] == contents[1]
