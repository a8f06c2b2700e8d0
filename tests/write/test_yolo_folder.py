"""yolo/, read back by labelformat and ultralytics, and by our own import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path

import pytest
import yaml
from annotation_samples import BROKEN, DEEP, ODD, PATIENT, readings_of, shown_of
from labelformat.formats.yolov8 import YOLOv8ObjectDetectionInput

from detect.data.load import load_dataset
from detect.data.sources.options import ImportOptions
from detect.errors import OutputError
from detect.read.plain import PLAIN_SUFFIXES
from detect.record import Failure, Reading, Source
from detect.write.context import WriteContext
from detect.write.formats import remove_formats, write_formats
from detect.write.yolo import YoloWriter

Contexts = Callable[..., WriteContext]
Records = tuple[Reading | Failure, ...]

LABELS = {  # image → label file, as ultralytics looks for it
    "a/plain.jpg": "labels/a/plain.txt",
    "a/plain.png": "labels/a/plain.png.txt",
    ODD: f"labels/{ODD.replace('.png', '.txt')}",
    "turned.jpg": "labels/turned.txt",
    DEEP: "images/x/labels/deep.txt",
    "hand.dcm": "labels/hand.dcm.txt",
}


@pytest.fixture
def written(tmp_path: Path, images: Path, context: Contexts) -> Path:
    records = readings_of(images)
    (missed,) = write_formats(records, context(tmp_path / "out", images), ["yolo"])
    assert (missed.path, missed.format) == (BROKEN, "yolo")
    return tmp_path / "out" / "yolo"


def by_label_file(images: Path) -> dict[str, Reading]:
    found = {}
    for record in readings_of(images):
        if isinstance(record, Reading):
            source = record.source
            default = f"labels/{source.path}.frame{source.frame}.txt"
            found[LABELS.get(source.path, default)] = record
    return found


def predictions_of(name: str) -> str:
    if name == LABELS[DEEP]:
        return f"predictions/{DEEP.replace('.png', '.txt')}"
    return name.replace("labels/", "predictions/")


def test_boxes_come_back_through_another_reader(written: Path, images: Path) -> None:
    source = YOLOv8ObjectDetectionInput(written / "data.yaml", "train")
    found = {}
    for label in source.get_labels():
        name = f"labels/{Path(label.image.filename).with_suffix('.txt').as_posix()}"
        found[name] = sorted(
            (o.category.name, o.box.xmin, o.box.ymin, o.box.xmax, o.box.ymax) for o in label.objects
        )
    known = {name: shown_of(reading) for name, reading in by_label_file(images).items()}
    # labelformat takes the size of a picture as it is stored, and knows one folder of labels
    for other in ("labels/turned.txt", LABELS[DEEP]):
        known.pop(other)
    assert {name: found[name] for name in known} == {
        name: [pytest.approx(box, abs=1e-4) for box in boxes] for name, boxes in known.items()
    }


def test_our_own_import_takes_the_labels(written: Path, images: Path) -> None:
    dataset = load_dataset(written, form="yolo")
    known = by_label_file(images)
    assert len(dataset.samples) == len(known)
    for sample in dataset.samples:
        picture = sample.image.relative_to(written).with_suffix(".txt").as_posix()
        name = "labels/".join(picture.rsplit("images/", 1))
        boxes = sorted((b.label, *astuple(b.box)) for b in sample.boxes or ())
        assert boxes == [pytest.approx(box, abs=1e-4) for box in shown_of(known[name])], name
    assert dataset.classes == ("fracture", "metal & <b>")


def test_labels_fit_the_originals_where_those_are_plain(written: Path, images: Path) -> None:
    record = by_label_file(images)["labels/turned.txt"]
    (images / "a/plain.png").unlink()  # two of one name up to the suffix fit nobody
    options = ImportOptions(images=images)
    (written / "data.yaml").unlink()  # as annotation tools export it: classes.txt alone
    dataset = load_dataset(written, form="yolo", options=options)
    found = {s.image.relative_to(images).as_posix(): s.boxes for s in dataset.samples}
    boxes = sorted((b.label, *astuple(b.box)) for b in found["turned.jpg"] or ())
    assert boxes == [pytest.approx(box, abs=1e-4) for box in shown_of(record)]


def test_predictions_have_a_confidence(written: Path, images: Path) -> None:
    classes = yaml.safe_load((written / "data.yaml").read_text(encoding="utf-8"))["names"]
    assert (written / "classes.txt").read_text().splitlines() == list(classes.values())
    for name, reading in by_label_file(images).items():
        text = (written / predictions_of(name)).read_text()
        rows = [line.split() for line in text.splitlines()]
        detected = [f for f in reading.findings if f.origin == "detector"]
        assert [(classes[int(row[0])], float(row[5])) for row in rows] == [
            (f.label, f.score) for f in detected
        ]
        assert reading.source.width is not None
        for row, finding in zip(rows, detected, strict=True):
            x, width = float(row[1]), float(row[3])
            left = (x - width / 2) * reading.source.width
            assert left == pytest.approx(finding.box.x1, abs=1e-4)


def test_a_negative_has_empty_files(written: Path, images: Path) -> None:
    negatives = [n for n, r in by_label_file(images).items() if not shown_of(r)]
    assert negatives
    for name in negatives:
        assert (written / name).read_bytes() == b""
        assert (written / predictions_of(name)).read_text().endswith(" 0.04\n")


@pytest.mark.slow
def test_ultralytics_takes_the_labels_and_no_predictions(written: Path, images: Path) -> None:
    from ultralytics.data.utils import check_det_dataset, img2label_paths, verify_image_label

    data = check_det_dataset(str(written / "data.yaml"))
    pictures = [path for path in (written / "images").rglob("*") if path.suffix in PLAIN_SUFFIXES]
    assert len(pictures) == len(by_label_file(images))
    for picture in pictures:
        (label,) = img2label_paths([str(picture)])
        args = (str(picture), label, "", False, len(data["names"]), 0, 0, False)
        _, boxes, shape, *_, missing, _, _, corrupt, message = verify_image_label(args)
        assert (missing, corrupt, message) == (0, 0, ""), label
        name = Path(label).relative_to(written).as_posix()
        known = shown_of(by_label_file(images)[name])
        height, width = shape
        found = sorted(
            (
                data["names"][int(number)],
                (x - w / 2) * width,
                (y - h / 2) * height,
                (x + w / 2) * width,
                (y + h / 2) * height,
            )
            for number, x, y, w, h in boxes.tolist()
        )
        assert found == [pytest.approx(box, abs=1e-3) for box in known]
        predictions = written / predictions_of(name)
        if predictions.read_text():
            with_confidence = verify_image_label((str(picture), str(predictions), *args[2:]))
            assert "require 5 columns" in with_confidence[-1]


def test_nothing_personal_is_in_it(written: Path) -> None:
    secret = PATIENT.split("^")[0].encode()
    assert not [p for p in written.rglob("*") if p.is_file() and secret in p.read_bytes()]


def test_a_moved_image_is_told_and_the_others_go_on(
    tmp_path: Path, images: Path, context: Contexts
) -> None:
    records = readings_of(images)
    (images / "hand.dcm").unlink()
    missed = write_formats(records, context(tmp_path / "out", images), ["yolo"])
    assert sorted(m.path for m in missed) == ["hand.dcm", BROKEN]
    assert any("--images" in m.message for m in missed)
    assert len(list((tmp_path / "out/yolo/predictions").rglob("*.txt"))) == len(records) - 2


def test_no_record_at_all_is_a_dataset_without_images(tmp_path: Path, context: Contexts) -> None:
    write_formats([], context(tmp_path), ["yolo"])
    content = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert content == {"train": "images", "val": None, "names": {0: "fracture"}}
    assert not list((tmp_path / "yolo/images").iterdir())


def test_class_names_stay_on_their_line(tmp_path: Path, images: Path, context: Contexts) -> None:
    (record,) = (r for r in readings_of(images) if r.source.path == "a/plain.jpg")
    assert isinstance(record, Reading)
    odd = tuple(replace(finding, label="a: #b\n\tc'é") for finding in record.findings)
    renamed = replace(record, findings=odd)
    write_formats([renamed], context(tmp_path / "out", images), ["yolo"])
    content = yaml.safe_load((tmp_path / "out/yolo/data.yaml").read_text(encoding="utf-8"))
    assert content["names"] == {0: "a: #b c'é"}
    assert (tmp_path / "out/yolo/classes.txt").read_text(encoding="utf-8") == "a: #b c'é\n"


def test_an_earlier_folder_is_replaced_whole_and_only_if_it_is_ours(
    tmp_path: Path, written: Path, images: Path, context: Contexts
) -> None:
    (reading,) = (r for r in readings_of(images) if r.source.path == "turned.jpg")
    assert write_formats([reading], context(tmp_path / "out", images), ["yolo"]) == ()
    assert [p.name for p in (written / "labels").rglob("*.txt")] == ["turned.txt"]
    (written / "notes.md").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.md is not of this program"):
        YoloWriter(context(tmp_path / "out", images))
    (written / "notes.md").unlink()
    remove_formats(tmp_path / "out")
    assert not written.exists()


def test_an_error_leaves_the_earlier_folder(
    tmp_path: Path, written: Path, images: Path, context: Contexts
) -> None:
    before = {p: p.read_bytes() for p in written.rglob("*") if p.is_file()}
    with pytest.raises(KeyboardInterrupt), YoloWriter(context(tmp_path / "out", images)) as writer:
        writer.write(readings_of(images)[1])
        raise KeyboardInterrupt
    assert {p: p.read_bytes() for p in written.rglob("*") if p.is_file()} == before
    assert not list((tmp_path / "out").glob(".*"))


def test_a_failure_says_why_it_is_not_there(tmp_path: Path, context: Contexts) -> None:
    failure = Failure(Source("b.png", None), "empty", "b.png: 0 bytes")
    (missed,) = write_formats([failure], context(tmp_path), ["yolo"])
    assert missed.message.startswith("b.png: could not be read (empty)")
