"""Folders named after the label."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.data.load import load_dataset
from detect.data.sources.labels import folder_label, fracture_classes
from detect.errors import DataError


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"never opened")
    return root


def test_splits_and_spellings(tmp_path: Path) -> None:
    put(
        tmp_path,
        "train/fractured/1.png",
        "train/fractured/deeper/2.JPG",
        "train/not fractured/3.png",
        "Valid/Not_Fractured/4.png",
        "Valid/Fractured/5.png",
        "test/non-fractured/6.png",
        "test/non-fractured/notes.docx",
        "test/fracture/.hidden.png",
    )
    samples = {s.image.name: s for s in load_dataset(tmp_path).samples}
    assert {name: (s.split, s.fractured, s.boxes) for name, s in samples.items()} == {
        "1.png": ("train", True, None),
        "2.JPG": ("train", True, None),
        "3.png": ("train", False, ()),
        "4.png": ("val", False, ()),
        "5.png": ("val", True, None),
        "6.png": ("test", False, ()),
    }


def test_pictures_without_a_suffix_are_found(tmp_path: Path) -> None:
    put(tmp_path, "fractured/1.png", "normal/readme", "normal/LICENSE.txt")
    (tmp_path / "normal" / "IM0001").write_bytes(bytes(128) + b"DICM")
    assert [s.image.name for s in load_dataset(tmp_path).samples] == ["1.png", "IM0001"]


def test_flat_form_has_no_split(tmp_path: Path) -> None:
    put(tmp_path, "Fracture/1.png", "normal/2.png", "other/3.png")
    samples = load_dataset(tmp_path).samples
    assert [(s.split, s.fractured) for s in samples] == [(None, True), (None, False)]


def test_one_label_alone_is_not_this_form(tmp_path: Path) -> None:
    put(tmp_path, "train/normal/1.png")
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path)


def test_no_image_at_all_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "fractured/readme.txt", "normal/readme.txt")
    with pytest.raises(DataError, match="hold no image"):
        load_dataset(tmp_path)


def test_a_link_to_a_folder_above_does_not_loop(tmp_path: Path) -> None:
    put(tmp_path, "fractured/1.png", "normal/2.png")
    (tmp_path / "fractured" / "up").symlink_to(tmp_path)
    assert len(load_dataset(tmp_path).samples) == 2


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Fractured", True),
        ("POSITIVE", True),
        ("Non_fractured", False),
        ("not-fractured", False),
        ("No  Fracture", False),
        ("negative", False),
        ("images", None),
        ("fractured old", None),
    ],
)
def test_folder_label(name: str, label: bool | None) -> None:
    assert folder_label(name) is label


@pytest.mark.parametrize(
    ("classes", "meaning"),
    [
        (["fracture"], {"fracture"}),
        (["bone"], {"bone"}),
        (["boneanomaly", "fracture", "metal", "text"], {"fracture"}),
        (["elbow positive", "forearm fracture", "humerus"], {"elbow positive", "forearm fracture"}),
        (["fractured", "not fractured"], {"fractured"}),
        (["Fractured", "Unfractured", "healed-fracture"], {"Fractured"}),
        (["a", "b"], {"a", "b"}),
    ],
)
def test_fracture_classes(classes: list[str], meaning: set[str]) -> None:
    assert fracture_classes(classes) == meaning
