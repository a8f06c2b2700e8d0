"""YOLO folders as ultralytics reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread

from detect.data.canonical import read_dataset, write_dataset
from detect.data.forms import FORMS, Form
from detect.data.load import load_dataset, load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.data.sample import Dataset
from detect.data.sources.options import ImportOptions
from detect.errors import DataError

Picture = Callable[..., Path]


def label(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def small(tmp_path: Path, picture: Picture) -> Path:
    root = tmp_path / "set"
    for place in ("train/a.png", "train/b.png", "train/c.png", "val/d.png"):
        picture(root / "images" / place, 40, 30)
    label(root, "labels/train/a.txt", "0 0.5 0.5 0.5 0.2\n")
    label(root, "labels/train/b.txt", "")
    label(root, "labels/val/d.txt", "1 0.1 0.1 0.4 0.1 0.3 0.6\n")
    label(root, "data.yaml", "train: images/train\nval: images/val\nnames: [fracture, metal]\n")
    return root


def corners(dataset: Dataset, name: str) -> list[tuple[str, tuple[float, ...]]]:
    (sample,) = [s for s in dataset.samples if s.image.name == name]
    return [
        (entry.label, (entry.box.x1, entry.box.y1, entry.box.x2, entry.box.y2))
        for entry in sample.boxes or ()
    ]


def test_a_split_without_any_label_file_was_never_annotated(small: Path) -> None:
    (small / "labels/val/d.txt").unlink()
    dataset = load_fractures([small])
    told = {s.image.name: (s.fractured, s.boxes) for s in dataset.samples}
    assert told["d.png"] == (None, None)
    assert told["c.png"] == (False, ())
    assert any("as all of val; unlabelled" in note and "d.png" in note for note in dataset.notes)
    label(small, "labels/val/d.txt", "")
    assert load_fractures([small]).split("val")[0].fractured is False


def test_boxes_and_polygons_become_pixels(small: Path) -> None:
    dataset = load_dataset(small)
    assert dataset.classes == ("fracture", "metal")
    assert corners(dataset, "a.png") == [("fracture", pytest.approx((10, 12, 30, 18)))]
    assert corners(dataset, "d.png") == [("metal", pytest.approx((4, 3, 16, 18)))]


def test_a_missing_label_file_is_background_and_counted(small: Path) -> None:
    dataset = load_fractures([small])
    assert {s.image.name: (s.split, s.fractured) for s in dataset.samples} == {
        "a.png": ("train", True),
        "b.png": ("train", False),
        "c.png": ("train", False),
        "d.png": ("val", False),  # metal is no fracture
    }
    assert all(s.boxes is not None for s in dataset.samples)
    assert "1 image: without a label file; background (c.png)" in dataset.notes
    assert "boxes of metal are not used, since it is no fracture: 1" in dataset.notes


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
def test_sizes_are_those_after_the_exif_turn(small: Path, picture: Picture, suffix: str) -> None:
    picture(small / f"images/train/t.{suffix}", 40, 30, orientation=6)
    label(small, "labels/train/t.txt", "0 0.5 0.5 1 1\n")
    assert corners(load_dataset(small), f"t.{suffix}") == [("fracture", (0, 0, 30, 40))]


def test_dicom_without_a_suffix_is_found_with_its_own_labels(small: Path, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "phantoms", 2, form="dicom", size=(160, 128))
    for number, file in enumerate(sorted((tmp_path / "phantoms").rglob("*.dcm")), start=1):
        shutil.copy(file, small / f"images/train/1.2.840.{number}")
    label(small, "labels/train/1.2.840.1.txt", "0 0.5 0.5 1 1\n")
    label(small, "labels/train/1.2.840.2.txt", "1 0.5 0.5 0.5 0.5\n")
    (small / "images/train/README").write_text("no picture")
    (small / "images/train/.hidden").write_bytes((small / "images/train/1.2.840.1").read_bytes())
    dataset = load_dataset(small)
    with dcmread(small / "images/train/1.2.840.1") as header:
        whole = (0, 0, header.Columns, header.Rows)
    assert corners(dataset, "1.2.840.1") == [("fracture", pytest.approx(whole))]
    assert [name for name, _ in corners(dataset, "1.2.840.2")] == ["metal"]
    assert len(dataset.split("train")) == 5


def test_lists_of_folders_and_of_files(small: Path, picture: Picture) -> None:
    picture(small / "more/e.png")
    label(small, "more/e.txt", "0 0.5 0.5 0.5 0.2\n")
    label(small, "lists/val.txt", f"../images/val/d.png\n\nmore/e.png\n{small}/more/e.png\n")
    names = "names:\n  0: fracture\n  1: metal\n"
    label(small, "data.yaml", f"path: .\ntrain: [images/train]\nvalid: lists/val.txt\n{names}")
    dataset = load_dataset(small)
    assert [s.image.name for s in dataset.split("val")] == ["d.png", "e.png"]
    assert corners(dataset, "d.png")  # its labels are found through the ../
    assert corners(dataset, "e.png")  # its labels lie beside it


def test_a_link_named_images_finds_the_labels_beside_it(small: Path, tmp_path: Path) -> None:
    (small / "images").rename(tmp_path / "pictures")
    (small / "images").symlink_to(tmp_path / "pictures")
    assert corners(load_dataset(small), "a.png")


def test_roboflow_paths_and_copies(tmp_path: Path, picture: Picture) -> None:
    for place in ("train/images/x_png.rf.0a1.jpg", "valid/images/x_png.rf.9f2.jpg"):
        picture(tmp_path / place)
        label(tmp_path, place.replace("images", "labels").replace(".jpg", ".txt"), "0 .5 .5 .1 .1")
    label(
        tmp_path,
        "data.yaml",
        "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['fracture']\n",
    )
    samples = load_fractures([tmp_path]).samples
    assert [(s.split, s.group, s.fractured) for s in samples] == [
        ("train", "x_png", True),
        ("val", "x_png", True),
    ]


def test_the_yaml_file_may_be_given_and_be_called_dataset(small: Path) -> None:
    (small / "data.yaml").rename(small / "dataset.yaml")
    assert load_dataset(small).samples == load_dataset(small / "dataset.yaml").samples
    (small / "other.yaml").write_text((small / "dataset.yaml").read_text())
    with pytest.raises(DataError, match=r"dataset\.yaml, other\.yaml"):
        load_dataset(small)
    assert load_dataset(small / "other.yaml").name == "other"


def test_an_image_whose_size_cannot_be_read_is_left_out(small: Path) -> None:
    (small / "images/train/a.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (small / "images/train/b.png").write_bytes(b"")  # needs no size: it has no box
    dataset = load_dataset(small)
    assert [s.image.name for s in dataset.split("train")] == ["b.png", "c.png"]
    assert any("size cannot be read" in note and "a.png" in note for note in dataset.notes)


def test_a_box_listed_twice_is_taken_once(small: Path) -> None:
    label(small, "labels/train/a.txt", "0 0.5 0.5 0.5 0.2\n0 0.5 0.5 0.5 0.2\n")
    dataset = load_dataset(small)
    assert len(corners(dataset, "a.png")) == 1
    assert any("listed twice" in note for note in dataset.notes)


HEAD = "train: images/train\nval: images/val\n"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("labels/train/a.txt", "\n2 0.5 0.5 0.5 0.2\n", "a.txt, line 2: class 2 is none of the 2"),
        ("labels/train/a.txt", "0 0.5 0.5 0.5\n", "a.txt, line 1: 4 fields"),
        ("labels/train/a.txt", "-1 0.5 0.5 0.5 0.2\n", "a.txt, line 1: class -1 is none of"),
        ("labels/train/a.txt", "0.5 0.5 0.5 0.5 0.2\n", "a.txt, line 1: class 0.5 is none of"),
        ("labels/train/a.txt", "0 .5 .5 .5 .2 0.93\n", "a.txt, line 1: 6 fields; the last is a"),
        ("data.yaml", 'names: [a]\ntrain: "C:\\new"\n', "train names 'C:\\new'"),
        ("data.yaml", 'names: [a]\ntrain: "x\\ny"\n', "train names 'x\\ny'"),
        ("data.yaml", "names: [a, b]\ntrain: images/train\nval:\n- []\n", "val names '[]'"),
        ("labels/train/a.txt", "0 0.5 x 0.5 0.2\n", "a.txt, line 1: 'x' is not a number"),
        ("labels/train/a.txt", "0 0.5 nan 0.5 0.2\n", "a.txt, line 1: 'nan' is not a number"),
        ("labels/train/a.txt", "0 20 15 20 6\n", "a.txt, line 1: 20 is no share"),
        ("data.yaml", HEAD + "names: [a, a]\n", "data.yaml: names holds a class twice"),
        ("data.yaml", HEAD + "names: {1: a}\n", "data.yaml: names must count from 0"),
        ("data.yaml", HEAD + "names: 3\n", "data.yaml: names must be a list"),
        ("data.yaml", HEAD + "nc: 3\nnames: [a, b]\n", "data.yaml: nc is 3"),
        ("data.yaml", HEAD + "names: [a, b\n", "data.yaml, line 4: not YAML"),
        ("data.yaml", "names: [a, b]\ntrain: nowhere\n", "data.yaml: train names 'nowhere'"),
        (
            "data.yaml",
            "names: [a, b]\npath: /home/someone/else/xray\ntrain: images\n",
            "data.yaml: path is '/home/someone/else/xray', which is no folder here",
        ),
    ],
)
def test_malformed_files_are_named_with_their_line(
    small: Path, file: str, text: str, says: str
) -> None:
    (small / file).write_text(text)
    with pytest.raises(DataError) as caught:
        load_dataset(small)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_with_paths_of_another_machine_is_refused(small: Path) -> None:
    label(small, "train.txt", "images/train/a.png\n/content/xray/images/b.png\n")
    label(small, "data.yaml", "train: train.txt\nval: images/val\nnames: [fracture, metal]\n")
    with pytest.raises(DataError, match=r"train\.txt, line 2: no such image '/content/xray"):
        load_dataset(small)


def test_no_label_file_at_all_is_refused(small: Path) -> None:
    (small / "labels").rename(small / "annotations")
    with pytest.raises(DataError, match="no image has a label file"):
        load_dataset(small)


def test_oriented_boxes_become_the_boxes_around_them(small: Path) -> None:
    label(small, "labels/train/a.txt", "1 0.5 0.2 0.75 0.4 0.5 0.8 0.25 0.6\n")
    assert corners(load_dataset(small), "a.png") == [("metal", pytest.approx((10, 6, 30, 24)))]


def test_line_ends_of_windows_and_empty_lines(small: Path) -> None:
    content = b"\r\n0 0.5 0.5 0.5 0.2\r\n\r\n1.0 0.5 0.5 1 1 \r\n \t \r\n"
    (small / "labels/train/a.txt").write_bytes(content)
    assert [name for name, _ in corners(load_dataset(small), "a.png")] == ["fracture", "metal"]


def test_labels_and_yaml_in_utf_16(small: Path) -> None:
    yaml = (small / "data.yaml").read_text().replace("fracture", "Brüche")
    (small / "data.yaml").write_text(yaml, encoding="utf-16")
    text = (small / "labels/train/a.txt").read_text()
    (small / "labels/train/a.txt").write_text(text, encoding="utf-16")
    assert [name for name, _ in corners(load_dataset(small), "a.png")] == ["Brüche"]


@pytest.mark.parametrize("file", ["labels/train/a.txt", "data.yaml"])
def test_another_encoding_is_refused_with_its_line(small: Path, file: str) -> None:
    content = (small / file).read_text()
    (small / file).write_bytes(f"# über\n{content}".encode("cp1252"))
    with pytest.raises(DataError, match=rf"{Path(file).name}, line 1: not UTF-8"):
        load_dataset(small)


def test_a_box_without_area_leaves_the_verdict(small: Path, tmp_path: Path) -> None:
    label(small, "labels/train/a.txt", "0 0.5 0.5 0 0\n1 0.5 0.5 0.5 0.5\n")
    dataset = load_dataset(small)
    (sample,) = [s for s in dataset.samples if s.image.name == "a.png"]
    assert (sample.fractured, sample.boxes) == (True, None)
    assert any("no area" in note and "a.png" in note for note in dataset.notes)
    assert len(read_dataset(write_dataset(dataset, tmp_path / "out").parent).samples) == 4


def test_without_val_there_is_none(small: Path) -> None:
    label(small, "data.yaml", "train: images/train\nval:\nnames: [fracture, metal]\n")
    assert {s.split for s in load_dataset(small).samples} == {"train"}


@pytest.mark.parametrize(
    "splits",
    [
        "train: images/train\nval: images/train\n",
        "train: images/train\nval: images/val\ntest: images\n",
        "train: images/train\nval: val.txt\n",
    ],
)
def test_an_image_in_two_splits_is_refused(small: Path, splits: str) -> None:
    label(small, "val.txt", "images/val/d.png\nimages/train/b.png\n")
    label(small, "data.yaml", f"{splits}names: [fracture, metal]\n")
    with pytest.raises(
        DataError, match=r"data\.yaml: train and \w+ share \d images?, as .*/[ab]\.png"
    ):
        load_dataset(small)


def test_backslashes_part_folders(small: Path) -> None:
    label(small, "val.txt", "images\\val\\d.png\n")
    label(small, "data.yaml", "train: .\\images\\train\nval: val.txt\nnames: [fracture, metal]\n")
    dataset = load_dataset(small)
    assert len(dataset.split("train")) == 3
    assert corners(dataset, "d.png")


FOREIGN = {
    "data.yaml": (
        "path: /content/drive/MyDrive/xray\ntrain: images/train\nval: images/val\n",
        "path is '/content/drive/MyDrive/xray', which is no folder here",
    ),
    "absolute": (
        "train: /kaggle/input/xray/images/train\nval: /kaggle/input/xray/images/val\n",
        "train names '/kaggle/input/xray/images/train', which is not in",
    ),
    "windows": (
        "train: C:\\Users\\else\\images\\train\nval: 'D:\\images\\val'\n",
        "train names 'C:\\\\Users\\\\else\\\\images\\\\train', which is not in",
    ),
    "list": ("train: train.txt\nval: images/val\n", "train.txt, line 1: no such image"),
}


@pytest.mark.parametrize("case", FOREIGN)
@pytest.mark.parametrize("labels_stay", [False, True])
def test_paths_of_another_machine(
    small: Path, tmp_path: Path, case: str, labels_stay: bool
) -> None:
    here = load_dataset(small)
    splits, says = FOREIGN[case]
    label(small, "train.txt", "".join(f"/home/else/xray/images/train/{n}.png\n" for n in "abc"))
    label(small, "data.yaml", f"{splits}names: [fracture, metal]\n")
    disk = tmp_path / "disk"
    disk.mkdir()
    (small / "images").rename(disk / "images")
    if not labels_stay:
        (small / "labels").rename(disk / "labels")
    with pytest.raises(DataError) as caught:
        load_dataset(small)
    assert says in str(caught.value)
    assert "give --images FOLDER" in str(caught.value)
    with pytest.raises(DataError, match="no such folder of images; correct --images"):
        load_dataset(small, options=ImportOptions(images=tmp_path / "nowhere"))
    relative = Path(os.path.relpath(disk))
    moved = load_dataset(small, options=ImportOptions(images=relative))
    assert all(s.image.is_absolute() for s in moved.samples)
    assert [(s.image.name, s.split, s.boxes) for s in moved.samples] == [
        (s.image.name, s.split, s.boxes) for s in here.samples
    ]


def test_only_yaml_files_are_opened_to_recognise(small: Path) -> None:
    (small / "data.yaml").rename(small / "huge.json")
    assert form_named("yolo").recognise(small / "huge.json") is False
    assert form_named("yolo").recognise(small / "images/train/a.png") is False


def form_named(name: str) -> Form:
    return next(form for form in FORMS if form.name == name)


def test_a_test_split_that_an_export_names_without_having_it_is_noted(
    tmp_path: Path, picture: Picture
) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "images" / f"{split}.png")
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels" / f"{split}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    text = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnames: [fracture]\n"
    (tmp_path / "data.yaml").write_text(text)
    dataset = load_dataset(tmp_path)
    assert [sample.split for sample in dataset.samples] == ["train", "val"]
    assert "data.yaml names a test split, ../test/images, that is not there" in dataset.notes
    (tmp_path / "data.yaml").write_text(text.replace("../valid", "../nowhere"))
    with pytest.raises(DataError, match=r"val names '\.\./nowhere/images', which is not in"):
        load_dataset(tmp_path)
