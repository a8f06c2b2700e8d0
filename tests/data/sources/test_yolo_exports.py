"""YOLO label files with a list of class names, as annotation tools export them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest

from detect.data.forms import form_of
from detect.data.load import load_dataset, load_fractures
from detect.data.sample import Dataset
from detect.data.sources.options import ImportOptions
from detect.errors import DataError

Picture = Callable[..., Path]


def put(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def export(tmp_path: Path, picture: Picture) -> Path:
    """As Label Studio writes it."""
    root = tmp_path / "set"
    for name in ("0a1b2c3d-a.png", "1a1b2c3d-b.png", "2a1b2c3d-c.png"):
        picture(root / "images" / name, 40, 30)
    put(root, classes_txt="fracture\nmetal\n", README_txt="about this set\n")
    (root / "notes.json").write_text(json.dumps({"categories": []}))
    (root / "labels").mkdir()
    (root / "labels/0a1b2c3d-a.txt").write_text("0 0.5 0.5 0.5 0.2\n1 0 0 0.5 0 0.5 0.5 0 0.5\n")
    (root / "labels/1a1b2c3d-b.txt").write_text("")
    return root


def corners(dataset: Dataset) -> dict[str, list[tuple[str, object]]]:
    return {
        s.image.name: [(e.label, pytest.approx(astuple(e.box))) for e in s.boxes or ()]
        for s in dataset.samples
    }


@pytest.mark.parametrize("place", [".", "classes.txt"])
def test_label_studio(export: Path, place: str) -> None:
    assert form_of(export / place).name == "yolo"
    dataset = load_dataset(export / place)
    assert dataset.classes == ("fracture", "metal")
    assert corners(dataset) == {
        "0a1b2c3d-a.png": [("fracture", (10, 12, 30, 18)), ("metal", (0, 0, 20, 15))],
        "1a1b2c3d-b.png": [],
    }
    assert [s.fractured for s in load_fractures([export]).samples] == [True, False]
    assert any(
        "not annotated; left out" in note and "2a1b2c3d-c.png" in note for note in dataset.notes
    )


def test_labels_alone_find_the_pictures_they_were_drawn_on(
    export: Path, tmp_path: Path, picture: Picture
) -> None:
    for name in ("a.png", "sub/b.jpg", "d.png"):
        picture(tmp_path / "pictures" / name, 80, 60)
    for image in (export / "images").iterdir():
        image.unlink()
    with pytest.raises(DataError, match=r"none of its images .*--images FOLDER"):
        load_dataset(export)
    (export / "labels/9a1b2c3d-gone.txt").write_text("0 .5 .5 .1 .1")
    dataset = load_dataset(export, options=ImportOptions(images=tmp_path / "pictures"))
    assert corners(dataset)["a.png"][0] == ("fracture", (20, 24, 60, 36))
    assert corners(dataset)["b.jpg"] == []
    assert any("9a1b2c3d-gone.txt" in note for note in dataset.notes)


def test_two_label_files_of_one_image_are_refused(export: Path) -> None:
    (export / "images/0a1b2c3d-a.png").rename(export / "images/a.png")
    (export / "labels/3a1b2c3d-a.txt").write_text("")
    with pytest.raises(
        DataError, match=r"3a1b2c3d-a\.txt: labels .*a\.png, and so does .*0a1b2c3d-a"
    ):
        load_dataset(export)


@pytest.mark.parametrize("folder", ["", "labels"])
def test_label_img(tmp_path: Path, picture: Picture, folder: str) -> None:
    picture(tmp_path / "a.png", 40, 30)
    picture(tmp_path / "b.png", 40, 30)
    put(tmp_path / folder, classes_txt="fracture\n", a_txt="0 0.5 0.5 0.5 0.2\n", todo_txt="1. b")
    if folder:
        (tmp_path / folder / "todo.txt").unlink()
    assert form_of(tmp_path).name == "yolo"
    assert corners(load_dataset(tmp_path)) == {"a.png": [("fracture", (10, 12, 30, 18))]}


def test_cvat_with_subsets(tmp_path: Path, picture: Picture) -> None:
    for subset in ("obj_train_data", "obj_Validation_data"):
        picture(tmp_path / subset / "a.png", 40, 30)
        put(tmp_path / subset, a_txt="0 0.5 0.5 0.5 0.2\n")
    put(tmp_path, train_txt="data/obj_train_data/a.png\n")
    (tmp_path / "obj.names").write_text("fracture\n")
    (tmp_path / "obj.data").write_text("classes = 1\nnames = data/obj.names\n")
    samples = load_dataset(tmp_path).samples
    assert sorted((s.image.parent.name, s.split) for s in samples) == [
        ("obj_Validation_data", "val"),
        ("obj_train_data", "train"),
    ]


def test_splits_are_folders(export: Path) -> None:
    for kind, name in (("images", "0a1b2c3d-a.png"), ("labels", "0a1b2c3d-a.txt")):
        (export / kind / "valid").mkdir()
        (export / kind / name).rename(export / kind / "valid" / name)
    assert [(s.image.name, s.split) for s in load_dataset(export).samples] == [
        ("1a1b2c3d-b.png", None),
        ("0a1b2c3d-a.png", "val"),
    ]


def test_a_yaml_file_wins(export: Path) -> None:
    (export / "data.yaml").write_text("train: images\nnames: [one, two]\n")
    assert load_dataset(export).classes == ("one", "two")


def test_a_list_of_names_alone_is_no_dataset(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    put(tmp_path, classes_txt="fracture\n", notes_txt="Patients of 2019\n")
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("classes.txt", "", "classes.txt: is empty"),
        ("classes.txt", "a\n\na\n", "classes.txt: holds a class twice"),
        ("labels/0a1b2c3d-a.txt", "0 0.5 0.5\n", "0a1b2c3d-a.txt, line 1: 3 fields"),
        ("labels/0a1b2c3d-a.txt", "\n9 0.5 0.5 .1 .1\n", "line 2: class 9 is none of the 2"),
    ],
)
def test_malformed_files_are_named(export: Path, name: str, text: str, says: str) -> None:
    (export / name).write_text(text)
    with pytest.raises(DataError) as caught:
        load_dataset(export)
    assert says in str(caught.value)
