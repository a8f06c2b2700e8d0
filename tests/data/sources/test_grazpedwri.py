"""GRAZPEDWRI-DX: as published and as arranged for ultralytics, with the dirt of both."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from detect.data.load import load_dataset, load_fractures
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.data.sources.grazpedwri import recognise
from detect.data.sources.options import ImportOptions
from detect.errors import DataError

CLASSES = [
    *("boneanomaly", "bonelesion", "foreignbody", "fracture", "metal"),
    *("periostealreaction", "pronatorsign", "softtissue", "text"),
]
HEADER = (
    "filestem,patient_id,study_number,timehash,gender,age,laterality,projection,initial_exam,"
    "ao_classification,cast,diagnosis_uncertain,osteopenia,fracture_visible,metal,pixel_spacing,"
    "device_manufacturer"
)
A = "0001_1297860395_01_WRI-L1_M014"  # a fracture by AO, but only the other view shows it
B = "0001_1297860435_01_WRI-L2_M014"  # fractured
C = "0002_0354485735_01_WRI-R1_F012"  # not fractured, with metal boxed and an uncertain diagnosis
D = "0003_0662359226_01_WRI-R1_M011"  # fracture_visible, but none boxed
E = "0004_0770614893_01_WRI-R2_M011"  # a fracture boxed, but the row says none
ROWS = {
    A: "1,1,1297860395,M,14.1,L,1,1.0,23r-M/2.1,,,,,,0.144,Siemens",
    B: "1,1,1297860435,M,14.1,L,2,1.0,23r-M/2.1; 23u-E/7,1.0,,1.0,1.0,,0.144,Siemens",
    C: "2,1,354485735,F,12.0,R,1,,,,1.0,,,,0.144,Agfa",
    D: "3,1,662359226,M,11,R,3,,23r-M/3.1,,,,1,1,0.144,Siemens",
    E: "4,2,770614893,O,,R,,,,,,,0,,,",
}
WIDTH, HEIGHT = 100, 200
LABELS = {
    A: "8 0.1 0.1 0.1 0.1\n",
    B: "3 0.5 0.25 0.2 0.1\n8 0.1 0.1 0.1 0.1\n",
    C: "4 0.5 0.5 0.5 0.5\n",
    D: "5 0.5 0.5 0.2 0.2\n",
    E: "3 0.5 0.5 0.2 0.2\n",
}


def voc(*boxes: tuple[str, int, int, int, int], width: int = WIDTH) -> str:
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, a, b, c, d in boxes
    )
    size = f"<size><width>{width}</width><height>{HEIGHT}</height></size>"
    return f"<annotation>{size}{objects}</annotation>"


def png16(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 65535, (HEIGHT, WIDTH), np.uint16)
    Image.fromarray(pixels).save(path)


def write_table(root: Path, rows: dict[str, str] = ROWS) -> None:
    lines = [HEADER, *(f"{stem},{row}" for stem, row in rows.items())]
    (root / "dataset.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    root = tmp_path / "graz"
    for seed, stem in enumerate(ROWS):
        png16(root / f"images_part{seed % 4 + 1}" / f"{stem}.png", seed)
    (root / "images_part1" / f"._{A}.png").write_bytes(b"\x00\x05\x16\x07")
    yolo = root / "folder_structure" / "yolov5"
    (yolo / "labels").mkdir(parents=True)
    (yolo / "images").mkdir()
    for stem, text in LABELS.items():
        (yolo / "labels" / f"{stem}.txt").write_text(text)
    meta = {"names": CLASSES, "nc": 9, "path": "/graz/yolov5", "train": "images/train"}
    (yolo / "meta.yaml").write_text(yaml.safe_dump(meta))
    write_table(root)
    return root


@pytest.fixture
def arranged(published: Path) -> Path:
    """The same images in train/ and val/ of `data`, dataset.csv one folder above."""
    data = published / "data"
    for stem, split in zip(ROWS, ("train", "val", "train", "val", "train"), strict=True):
        (image,) = published.glob(f"images_part*/{stem}.png")
        for kind, source in (
            ("images", image),
            ("labels", published / "folder_structure" / "yolov5" / "labels" / f"{stem}.txt"),
        ):
            (data / kind / split).mkdir(parents=True, exist_ok=True)
            source.rename(data / kind / split / source.name)
    for folder in ("images_part1", "images_part2", "images_part3", "images_part4"):
        shutil.rmtree(published / folder)
    shutil.rmtree(published / "folder_structure")
    content = {"names": CLASSES, "train": "images/train", "val": "images/val"}
    (data / "data.yaml").write_text(yaml.safe_dump(content))
    return data


def by_stem(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.stem: sample for sample in dataset.samples}


def noted(dataset: Dataset, what: str) -> str:
    return next(note for note in dataset.notes if what in note)


def test_patients_labels_and_boxes(published: Path) -> None:
    dataset = load_dataset(published)
    samples = by_stem(dataset)
    assert dataset.name == "graz"
    assert dataset.classes == tuple(CLASSES)
    assert {stem: (s.group, s.fractured, s.split) for stem, s in samples.items()} == {
        A: ("1", False, None),
        B: ("1", True, None),
        C: ("2", False, None),
        D: ("3", True, None),
        E: ("4", True, None),
    }
    fracture, text = samples[B].boxes or ()
    assert (fracture.label, text.label) == ("fracture", "text")
    corners = (fracture.box.x1, fracture.box.y1, fracture.box.x2, fracture.box.y2)
    assert corners == pytest.approx((40, 40, 60, 60))


def test_contradictions_and_doubts_are_noted(published: Path) -> None:
    dataset = load_dataset(published)
    assert noted(dataset, "the box counts").startswith("1 image")
    assert E in noted(dataset, "fracture_visible says none")
    assert D in noted(dataset, "no fracture is boxed")
    assert A in noted(dataset, "not visible in this view")
    assert C in noted(dataset, "diagnosis_uncertain")
    assert not any("not here" in note for note in dataset.notes)


def test_of_all_boxes_only_fractures_train(published: Path) -> None:
    samples = by_stem(load_fractures([published]))
    assert {stem: s.boxes and len(s.boxes) for stem, s in samples.items()} == {
        A: (),
        B: 1,
        C: (),
        D: None,  # fractured, nobody knows where
        E: 1,
    }
    report = quick_check(load_fractures([published]), workers=2)
    assert {problem.kind for problem in report.problems} == {"label_box", "no_split", "split_unfit"}


def test_attributes_come_from_the_row(published: Path) -> None:
    samples = by_stem(load_dataset(published))
    assert samples[B].attributes == {
        "region": "wrist",
        "view": "lateral",
        "laterality": "L",
        "hardware": "no",
        "cast": "yes",
        "osteopenia": "yes",
        "initial_exam": "yes",
        "diagnosis_uncertain": "no",
        "ao_classification": "23r-M/2.1; 23u-E/7",
        "age": "14.1",
        "sex": "M",
        "study": "1",
        "manufacturer": "Siemens",
        "pixel_spacing": "0.144",
    }
    assert samples[D].attributes["view"] == "oblique"
    assert samples[D].attributes["hardware"] == "yes"
    assert samples[C].attributes["hardware"] == "yes"  # boxed, though its row says none
    assert samples[C].attributes["diagnosis_uncertain"] == "yes"
    assert C in noted(load_dataset(published), "metal is boxed, but its row says none")
    assert {"age", "view"}.isdisjoint(samples[E].attributes)


def test_half_of_the_download_will_do(published: Path) -> None:
    shutil.rmtree(published / "images_part2")
    dataset = load_dataset(published)
    assert set(by_stem(dataset)) == set(ROWS) - {B}
    assert noted(dataset, "not here") == f"1 image: in dataset.csv, but not here; left out ({B})"


def test_without_any_image_the_way_out_is_told(published: Path) -> None:
    for part in published.glob("images_part*/*.png"):
        part.unlink()
    with pytest.raises(DataError, match=r"none of the 5 images of dataset\.csv.*--images FOLDER"):
        load_dataset(published)


def test_images_may_lie_elsewhere(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "disk2"
    elsewhere.mkdir()
    for number in range(1, 5):
        (published / f"images_part{number}").rename(elsewhere / f"part{number}")
    dataset = load_dataset(published, options=ImportOptions(images=elsewhere))
    monkeypatch.chdir(tmp_path)
    assert load_dataset(published, options=ImportOptions(images=Path("disk2"))) == dataset
    assert len(dataset.samples) == 5
    assert all(s.image.is_relative_to(elsewhere) for s in dataset.samples)
    assert by_stem(dataset)[B].fractured is True


def test_what_is_missing_on_either_side_is_noted(published: Path) -> None:
    rows = {stem: row for stem, row in ROWS.items() if stem != B}
    write_table(published, rows)
    (published / "folder_structure" / "yolov5" / "labels" / f"{A}.txt").unlink()
    png16(published / "images_part1" / "overview.png", 9)
    png16(published / "images_part4" / f"{C}.png", 2)
    dataset = load_dataset(published)
    samples = by_stem(dataset)
    assert B in noted(dataset, "not in dataset.csv; kept, patient by name")
    assert (samples[B].group, samples[B].fractured) == ("1", True)
    assert A in noted(dataset, "without a label file")
    assert (samples[A].fractured, samples[A].boxes) == (False, ())
    assert "overview.png" in noted(dataset, "left out")
    assert "overview" not in samples
    assert C in noted(dataset, "lies here twice")
    assert len(dataset.samples) == 5


def test_pascal_voc_that_agrees_is_said_and_that_does_not_as_well(published: Path) -> None:
    folder = published / "folder_structure" / "pascalvoc"
    folder.mkdir()
    (folder / f"{B}.xml").write_text(voc(("text", 5, 10, 15, 30), ("fracture", 40, 41, 60, 60)))
    (folder / f"{E}.xml").write_text(voc(("fracture", 40, 80, 60, 130), ("axis", 0, 0, 9, 9)))
    dataset = load_dataset(published)
    assert B in noted(dataset, "agree to within 1.5 px")
    assert E in noted(dataset, "disagree; YOLO's are used")
    assert [entry.box.y2 for entry in by_stem(dataset)[E].boxes or ()] == pytest.approx([120])


def test_pascal_voc_stands_in_for_yolo_unless_of_another_size(published: Path) -> None:
    shutil.rmtree(published / "folder_structure" / "yolov5")
    folder = published / "folder_structure" / "pascalvoc"
    folder.mkdir()
    (folder / f"{B}.xml").write_text(voc(("fracture", 40, 41, 60, 60), ("axis", 0, 0, 9, 9)))
    (folder / f"{E}.xml").write_text(voc(("fracture", 40, 80, 60, 130), width=50))
    dataset = load_dataset(published)
    samples = by_stem(dataset)
    assert [(entry.label, entry.box.y1) for entry in samples[B].boxes or ()] == [("fracture", 41)]
    assert E in noted(dataset, "another size")
    assert (samples[E].fractured, samples[E].boxes) == (False, ())  # as its row says
    assert (samples[D].fractured, samples[D].boxes) == (True, None)


def test_an_arranged_set_has_the_patients_of_the_table(arranged: Path) -> None:
    for place in (arranged, arranged / "data.yaml", arranged.parent):
        dataset = load_dataset(place)
        assert {stem: (s.group, s.split) for stem, s in by_stem(dataset).items()} == {
            A: ("1", "train"),
            B: ("1", "val"),
            C: ("2", "train"),
            D: ("3", "val"),
            E: ("4", "train"),
        }
        assert [s.fractured for s in by_stem(dataset).values()].count(True) == 3
    report = quick_check(load_fractures([arranged]), workers=2)
    (leak,) = report.leaks
    assert "1 in train and val" in leak.line


def test_an_arranged_set_whose_yaml_is_of_another_machine(arranged: Path) -> None:
    expected = {stem: (s.split, s.boxes) for stem, s in by_stem(load_dataset(arranged)).items()}
    content = {"names": CLASSES, "path": "/home/ron/graz", "train": "images/train"}
    (arranged / "data.yaml").write_text(yaml.safe_dump(content))
    for place in (arranged, arranged.parent):
        found = by_stem(load_dataset(place))
        assert {stem: (s.split, s.boxes) for stem, s in found.items()} == expected


def test_own_classes_are_those_of_the_file_nearest_above_the_labels(arranged: Path) -> None:
    for file in arranged.glob("labels/*/*.txt"):
        lines = [line for line in file.read_text().splitlines() if line.startswith("3 ")]
        file.write_text("".join(f"0{line[1:]}\n" for line in lines))
    for path in ("", "/home/ron/graz"):
        content = {"names": ["fracture"], "path": path, "train": "images/train"}
        (arranged / "data.yaml").write_text(yaml.safe_dump(content))
        dataset = load_dataset(arranged.parent)
        assert dataset.classes == ("fracture",)
        assert [entry.label for entry in by_stem(dataset)[E].boxes or ()] == ["fracture"]


def test_without_a_table_the_names_tell_the_patients(arranged: Path) -> None:
    (arranged.parent / "dataset.csv").unlink()
    assert {s.image.stem: s.group for s in load_dataset(arranged).samples}[B] == "1"


def test_copies_with_longer_names_keep_their_row(arranged: Path) -> None:
    for kind, suffix in (("images", ".png"), ("labels", ".txt")):
        file = arranged / kind / "train" / f"{C}{suffix}"
        file.rename(file.with_name(f"{C}_png.rf.0a1b2c{suffix}"))
    dataset = load_dataset(arranged)
    assert by_stem(dataset)[f"{C}_png.rf.0a1b2c"].group == "2"
    assert not any("not here" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda text: text.replace("fracture_visible", "x"), "line 1: no column fracture_visible"),
        (lambda text: text.replace(",M,11,", ",M,eleven,"), "line 5, age: 'eleven'"),
        (lambda text: text.replace("1.0,1.0,,0.144", "1.0,maybe,,0.144"), "line 3: fracture_visib"),
        (lambda text: text + text.splitlines()[1] + "\n", f"line 7: {A} has a row already"),
        (lambda text: text.replace(A, f"images/{A}"), "line 2: filestem is"),
        (lambda text: text.replace(f"{C},2,", f"{C},,"), "line 4: patient_id is empty"),
    ],
)
def test_malformed_rows_are_named(published: Path, edit: Callable[[str], str], says: str) -> None:
    table = published / "dataset.csv"
    table.write_text(edit(table.read_text()))
    with pytest.raises(DataError) as caught:
        load_dataset(published)
    assert says in str(caught.value)
    assert str(table) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_malformed_label_file_is_named(published: Path) -> None:
    (published / "folder_structure" / "yolov5" / "labels" / f"{A}.txt").write_text("9 0 0 0 0\n")
    with pytest.raises(DataError, match=rf"{A}\.txt, line 1: class 9 is none of the 9"):
        load_dataset(published)


def test_a_box_without_area_leaves_the_label_of_the_row(published: Path) -> None:
    (published / "folder_structure/yolov5/labels" / f"{B}.txt").write_text("3 0.5 0.5 0 0\n")
    dataset = load_dataset(published)
    sample = by_stem(dataset)[B]
    assert (sample.fractured, sample.boxes) == (True, None)
    assert B in noted(dataset, "no area")


def test_label_files_with_different_classes_are_refused(arranged: Path) -> None:
    stale = {"names": CLASSES, "path": "/home/ron/graz", "train": "images/train"}
    (arranged / "data.yaml").write_text(yaml.safe_dump(stale))
    own = {"names": ["fracture"], "path": "/home/ron/graz", "train": "images/train"}
    (arranged / "labels" / "val" / "names.yaml").write_text(yaml.safe_dump(own))
    for stem in (B, D):
        (arranged / "labels" / "val" / f"{stem}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DataError, match="different classes; give the folder that is meant"):
        load_dataset(arranged)


def test_another_dataset_csv_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "dataset.csv").write_text("file,label\na.png,1\n")
    assert not recognise(tmp_path)
