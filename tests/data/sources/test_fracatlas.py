"""FracAtlas: its form with its dirt, and the real one."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from detect.data.load import load_dataset
from detect.data.sample import Dataset, Sample
from detect.errors import DataError

HEADER = (
    "image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,"
    "fractured,fracture_count,frontal,lateral,oblique"
)
ROWS = {
    "a.jpg": "1,0,0,0,0,0,0,1,1,1,0,0",
    "b.jpg": "0,1,0,0,0,1,1,0,0,1,1,0",
    "c.jpg": "1,1,0,0,1,0,0,0,1,0,1,0",  # says not fractured, has a box
    "d.jpg": "0,0,0,0,0,0,0,1,0,0,0,1",  # says fractured, has no box
}
COCO = "Annotations/COCO JSON/COCO_fracture_masks.json"


def voc(*boxes: tuple[int, int, int, int]) -> str:
    objects = "".join(
        f"<object><name>fractured</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for a, b, c, d in boxes
    )
    size = "<size><width>100</width><height>80</height></size>"
    return f"<annotation>{size}{objects}</annotation>"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for folder, names in {"Fractured": "acd", "Non_fractured": "b"}.items():
        (root / "images" / folder).mkdir(parents=True)
        for name in names:
            (root / "images" / folder / f"{name}.jpg").write_bytes(b"never opened")
    (root / "images" / "Fractured" / "Thumbs.db").write_bytes(b"")
    for kind in ("COCO JSON", "PASCAL VOC", "YOLO"):
        (root / "Annotations" / kind).mkdir(parents=True)
    coco = {
        "categories": [{"id": 0, "name": "fractured"}],
        "images": [
            {"id": 1, "width": 100, "height": 80, "file_name": "a.jpg"},
            {"id": 2, "width": 100, "height": 80, "file_name": "c.jpg"},
        ],
        "annotations": [
            {"id": 0, "image_id": 1, "category_id": 0, "bbox": [10.5, 20.25, 30, 59.7500001]},
            {"id": 1, "image_id": 2, "category_id": 0, "bbox": [1.5, 2.5, 10, 10]},
        ],
    }
    (root / COCO).write_text(json.dumps(coco))
    boxes = {"a": [(10, 20, 40, 80)], "b": [], "c": [(1, 2, 11, 12)], "d": []}
    for name, corners in boxes.items():
        (root / "Annotations" / "PASCAL VOC" / f"{name}.xml").write_text(voc(*corners))
    (root / "Annotations" / "YOLO" / "a.txt").write_text("0 0.255 0.6266 0.3 0.7469\n")
    lines = [HEADER, *(f"{name},{row}" for name, row in ROWS.items())]
    (root / "dataset.csv").write_text("\r\n".join(lines) + "\r\n")
    return root


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def test_boxes_are_those_of_coco_and_rounding_dust_is_cut(small: Path) -> None:
    dataset = load_dataset(small)
    assert dataset.classes == ("fracture",)
    (entry,) = by_name(dataset)["a.jpg"].boxes or ()
    box = entry.box
    assert (box.x1, box.y1, box.x2, box.y2) == (10.5, 20.25, 40.5, 80.0)
    assert not any("disagree" in note for note in dataset.notes)


def test_a_box_wins_over_the_row_and_a_label_without_box_keeps_its_verdict(small: Path) -> None:
    dataset = load_dataset(small)
    samples = by_name(dataset)
    assert samples["c.jpg"].fractured is True
    assert len(samples["c.jpg"].boxes or ()) == 1
    assert samples["d.jpg"].fractured is True
    assert samples["d.jpg"].boxes is None
    assert samples["b.jpg"].fractured is False
    assert samples["b.jpg"].boxes == ()
    assert any("c.jpg" in note and "row says not fractured" in note for note in dataset.notes)
    assert any("d.jpg" in note and "without a box" in note for note in dataset.notes)


def test_attributes_come_from_the_row(small: Path) -> None:
    samples = by_name(load_dataset(small))
    assert samples["a.jpg"].attributes == {
        "region": "hand",
        "hand": "yes",
        "leg": "no",
        "hip": "no",
        "shoulder": "no",
        "hardware": "no",
        "multiscan": "no",
        "view": "frontal",
        "fracture_count": "1",
    }
    assert samples["b.jpg"].attributes["view"] == "mixed"
    assert samples["b.jpg"].attributes["hardware"] == "yes"
    mixed = samples["c.jpg"].attributes
    assert (mixed["region"], mixed["hand"], mixed["leg"], mixed["hip"]) == (
        *("mixed", "yes", "yes", "no"),
    )
    assert "region" not in samples["d.jpg"].attributes


def test_row_and_folder_that_disagree_make_the_label_unknown(small: Path) -> None:
    text = (small / "dataset.csv").read_text()
    (small / "dataset.csv").write_text(
        text.replace("d.jpg," + ROWS["d.jpg"], "d.jpg,0,0,0,0,0,0,0,0,0,0,0,1")
    )
    dataset = load_dataset(small)
    assert by_name(dataset)["d.jpg"].fractured is None
    assert by_name(dataset)["d.jpg"].boxes is None
    assert any("d.jpg" in note and "unknown" in note for note in dataset.notes)


def test_voc_stands_in_where_coco_lacks_the_image(small: Path) -> None:
    (small / "Annotations" / "PASCAL VOC" / "d.xml").write_text(voc((5, 6, 7, 8)))
    (entry,) = by_name(load_dataset(small))["d.jpg"].boxes or ()
    assert (entry.box.x1, entry.box.y2) == (5.0, 8.0)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("PASCAL VOC/a.xml", voc((10, 20, 44, 80))),
        ("YOLO/a.txt", "0 0.255 0.6266 0.35 0.7469\n"),
    ],
)
def test_disagreement_of_the_box_files_is_noted(small: Path, file: str, text: str) -> None:
    (small / "Annotations" / file).write_text(text)
    dataset = load_dataset(small)
    assert any("disagree" in note and "a.jpg" in note for note in dataset.notes)
    assert (by_name(dataset)["a.jpg"].boxes or ())[0].box.x2 == 40.5


def test_agreement_of_the_box_files_is_said(small: Path) -> None:
    notes = load_dataset(small).notes
    assert "1 image: boxes of COCO, PASCAL VOC and YOLO agree to within 1.5 px (a.jpg)" in notes
    assert "1 image: boxes of COCO and PASCAL VOC agree to within 1.5 px (c.jpg)" in notes
    assert "1 image: with boxes, but not in YOLO (c.jpg)" in notes


def test_boxes_that_not_all_files_have_are_noted(small: Path) -> None:
    (small / "Annotations" / "PASCAL VOC" / "d.xml").write_text(voc((5, 6, 7, 8)))
    (small / "Annotations" / "PASCAL VOC" / "a.xml").unlink()
    notes = load_dataset(small).notes
    assert "1 image: with boxes, but not in COCO (d.jpg)" in notes
    assert "1 image: with boxes, but not in PASCAL VOC (a.jpg)" in notes
    assert "1 image: boxes of COCO and YOLO agree to within 1.5 px (a.jpg)" in notes


def test_a_count_that_is_not_that_of_the_boxes_is_noted(small: Path) -> None:
    table = small / "dataset.csv"
    table.write_text(table.read_text().replace(ROWS["a.jpg"], "1,0,0,0,0,0,0,1,2,1,0,0"))
    note = "1 image: fracture_count is not the number of boxes; the boxes count (a.jpg)"
    assert note in load_dataset(small).notes


def test_the_folder_above_will_do_and_its_label_folders_alone_are_not_taken(small: Path) -> None:
    assert load_dataset(small.parent).samples == load_dataset(small).samples
    assert load_dataset(small.parent).root == small


def test_splits_are_taken_where_there_are_any(small: Path) -> None:
    assert {sample.split for sample in load_dataset(small).samples} == {None}
    (small / "split.csv").write_text("image_id,split,group\na.jpg,train,0\nb.jpg,val,1\n")
    dataset = load_dataset(small)
    samples = by_name(dataset)
    assert (samples["a.jpg"].split, samples["a.jpg"].group) == ("train", "0")
    assert samples["c.jpg"].split is None
    assert any("c.jpg, d.jpg" in note and "split.csv" in note for note in dataset.notes)


def test_rows_without_a_file_and_files_without_a_row_are_noted(small: Path) -> None:
    (small / "images" / "Fractured" / "a.jpg").rename(small / "images" / "Fractured" / "z.jpg")
    dataset = load_dataset(small)
    assert "a.jpg" not in by_name(dataset)
    assert by_name(dataset)["z.jpg"].fractured is True
    assert by_name(dataset)["z.jpg"].boxes is None
    assert any("in dataset.csv, but without a file" in note for note in dataset.notes)
    assert "1 image: in COCO, but without a file; left out (a.jpg)" in dataset.notes
    assert any("not in dataset.csv" in note and "z.jpg" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("dataset.csv", b"image_id,hand\na.jpg,1\n", "dataset.csv, line 1: no column leg"),
        ("dataset.csv", f"{HEADER}\na.jpg,1\n".encode(), "dataset.csv, line 2: 2 fields"),
        ("dataset.csv", f"{HEADER}\n\xe9.jpg,1".encode("latin-1"), "dataset.csv, line 2: not UTF"),
        (
            "dataset.csv",
            f"{HEADER}\na.jpg,1,0,0,0,0,0,0,maybe,1,1,0,0\n".encode(),
            "line 2: fractured is 'maybe'",
        ),
        (
            "dataset.csv",
            f"{HEADER}\na.jpg,{ROWS['a.jpg']}\na.jpg,{ROWS['a.jpg']}\n".encode(),
            "line 3: a.jpg has a row already",
        ),
        (
            "dataset.csv",
            f"{HEADER}\n/home/me/a.jpg,{ROWS['a.jpg']}\n".encode(),
            "line 2: image_id is '/home/me/a.jpg'",
        ),
        ("split.csv", b"image_id,split,group\na.jpg,dev,0\n", "split.csv, line 2: split is 'dev'"),
        (COCO, b'{"images": [\n}', "COCO_fracture_masks.json, line 2: not JSON"),
        (COCO, b'{"images": []}', "COCO_fracture_masks.json: not COCO"),
        (
            COCO,
            b'{"categories": [], "images": [], "annotations": [{"id": 7, "image_id": 9}]}',
            "annotation 7: no image has the id 9",
        ),
        ("Annotations/PASCAL VOC/b.xml", b"<annotation>\n<size>\n", "b.xml, line 3: not XML"),
        ("Annotations/PASCAL VOC/b.xml", b"<annotation/>", "b.xml: states no size"),
        (
            "Annotations/PASCAL VOC/b.xml",
            b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "b.xml: has a document type",
        ),
        ("Annotations/YOLO/a.txt", b"0 0.1 0.1\n", "a.txt, line 1: 3 fields, not 5"),
    ],
)
def test_malformed_files_are_named_with_their_line(
    small: Path, file: str, content: bytes, says: str
) -> None:
    (small / file).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_dataset(small)
    assert says in str(caught.value)
    assert str(small) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.shared
def test_the_real_one(shared_dir: Path) -> None:
    dataset = load_dataset(shared_dir / "data" / "fracatlas")
    samples = by_name(dataset)
    assert len(dataset.samples) == 3373
    assert Counter(sample.fractured for sample in dataset.samples) == {True: 586, False: 2787}
    assert sum(len(sample.boxes or ()) for sample in dataset.samples) == 750
    assert {name: len(dataset.split(name)) for name in ("train", "val", "test")} == {
        "train": 2454,
        "val": 379,
        "test": 481,
    }
    assert sum(sample.split is None for sample in dataset.samples) == 59
    assert all(sample.boxes is not None for sample in dataset.samples)
    assert samples["IMG0003298.jpg"].fractured is True
    assert any("IMG0003298.jpg" in note for note in dataset.notes)
    assert [name for name, sample in samples.items() if sample.conflict] == ["IMG0003298.jpg"]
    assert not any("disagree" in note for note in dataset.notes)
    agree = [note.partition(" (")[0] for note in dataset.notes if "agree" in note]
    assert agree[0] == "2787 images: boxes of PASCAL VOC and YOLO agree to within 1.5 px"
    assert agree[1] == "586 images: boxes of COCO, PASCAL VOC and YOLO agree to within 1.5 px"
    with (shared_dir / "data" / "fracatlas" / "dataset.csv").open(newline="") as stream:
        expected = sum(row["hardware"] == "1" for row in csv.DictReader(stream))
    assert sum(sample.attributes["hardware"] == "yes" for sample in dataset.samples) == expected


@pytest.mark.shared
def test_boxes_of_the_turned_picture_lie_in_the_turned_frame(shared_dir: Path) -> None:
    sample = by_name(load_dataset(shared_dir / "data" / "fracatlas"))["IMG0002628.jpg"]
    with Image.open(sample.image) as image:
        assert image.getexif()[0x0112] == 8
        stored_width, stored_height = image.size
    assert (stored_height, stored_width) == (454, 373)  # as COCO states width and height
    (entry,) = sample.boxes or ()
    # seen by eye in the turned picture: on the head of the humerus
    assert (entry.box.x1, entry.box.y1) == pytest.approx((177.3, 74.8), abs=0.1)


def test_an_image_in_both_folders_is_refused(small: Path) -> None:
    (small / "images" / "Non_fractured" / "a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.jpg: lies in both folders"):
        load_dataset(small)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"images": [' + "9" * 5000 + "]}"])
def test_json_that_breaks_its_parser_is_refused(small: Path, text: str) -> None:
    (small / COCO).write_text(text)
    with pytest.raises(DataError, match=r"masks\.json: not usable JSON"):
        load_dataset(small)


def test_a_split_file_that_links_to_itself_is_refused(small: Path) -> None:
    (small / "split.csv").symlink_to(small / "split.csv")
    with pytest.raises(DataError, match=r"split\.csv: cannot be opened"):
        load_dataset(small)
