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


@pytest.mark.parametrize(
    "wrapping",
    [
        "Data",
        "archive/Data",
        "Bone_Fracture_Binary_Classification/Bone_Fracture_Binary_Classification",
        "dataset/dataset",
        "a/b/images",
    ],
)
def test_wrapping_folders_are_looked_through(tmp_path: Path, wrapping: str) -> None:
    put(
        tmp_path,
        f"{wrapping}/train/fractured/1.png",
        f"{wrapping}/train/not fractured/2.png",
        f"{wrapping}/Validation/Fractured/3.png",
        f"{wrapping}/test/not fractured/4.png",
        f"{wrapping}/docs/figure.png",
        "__MACOSX/Data/train/fractured/._1.png",
        ".cache/train/fractured/1.png",
        "README.md",
    )
    dataset = load_dataset(tmp_path)
    assert {(s.image.name, s.split, s.fractured) for s in dataset.samples} == {
        ("1.png", "train", True),
        ("2.png", "train", False),
        ("3.png", "val", True),
        ("4.png", "test", False),
    }
    note = "1 image: in no folder named after a label; left out (figure.png)"
    assert dataset.notes[-1] == note


def test_several_datasets_in_one_folder_are_named(tmp_path: Path) -> None:
    for name in ("1. Original", "2. Augmented"):
        put(tmp_path, f"{name}/Fractured/1.png", f"{name}/Non-Fractured/2.png")
    with pytest.raises(DataError, match=r"several datasets: .*Original, .*Augmented; give the one"):
        load_dataset(tmp_path)
    assert len(load_dataset(tmp_path / "1. Original").samples) == 2


@pytest.mark.parametrize(
    "pattern",
    ["{split}/{region}/{label}", "{region}/{split}/{label}", "x/{split}/{region}/{label}"],
)
def test_body_regions_become_an_attribute(tmp_path: Path, pattern: str) -> None:
    for split in ("train", "val"):
        for region in ("Elbow", "XR_HAND", "fingers"):
            for label in ("fractured", "normal"):
                put(tmp_path, f"{pattern.format(split=split, region=region, label=label)}/1.png")
    samples = load_dataset(tmp_path).samples
    assert {(s.split, s.attributes["region"], s.fractured) for s in samples} == {
        (split, region, fractured)
        for split in ("train", "val")
        for region in ("elbow", "hand", "finger")
        for fractured in (True, False)
    }
    assert len(samples) == 12


def test_positive_and_negative_may_mean_something_else_and_that_is_said(tmp_path: Path) -> None:
    put(tmp_path, "Forearm/Positive/1.png", "Forearm/Negative/2.png")
    dataset = load_dataset(tmp_path)
    assert [s.fractured for s in dataset.samples] == [False, True]
    assert "made from MURA they mean abnormal" in dataset.notes[-1]
    put(tmp_path / "other", "fractured/1.png", "normal/2.png")
    assert not any("MURA" in note for note in load_dataset(tmp_path / "other").notes)


def test_names_shared_by_labels_and_splits_are_all_kept_for_the_check(tmp_path: Path) -> None:
    names = [f"{s}/{f}/0.png" for s in ("train", "test") for f in ("fractured", "not fractured")]
    assert len(load_dataset(put(tmp_path, *names)).samples) == 4


def test_a_tree_of_many_folders_is_not_searched(tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path, f"patient{number}/fractured/1.png", f"patient{number}/normal/1.png")
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path)
    with pytest.raises(DataError, match="no folders fractured and not_fractured"):
        load_dataset(tmp_path, "folders")


def test_a_label_folder_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/1.png", "set/normal/2.png")
    (tmp_path / "set" / "fractured").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set" / "loop")
    assert len(load_dataset(tmp_path / "set").samples) == 2


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
        ("Fractured Bone", True),
        ("bone_fracture", True),
        ("1. Fractured", True),
        ("0_normal", False),
        ("not_fractured_images", False),
        ("Non-Fractured X-rays", False),
        ("NotFractured", False),
        ("images", None),
        ("abnormal", None),
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
        # a fracture all the same, whatever it is not
        *(
            (["displaced fracture", name], {"displaced fracture", name})
            for name in (
                "Non-displaced fracture",
                "not_displaced_fracture",
                "undisplaced fracture",
                "unstable fracture",
                "fracture without displacement",
            )
        ),
        *(
            (["fracture", name], {"fracture"})
            for name in (
                "no displaced fracture",
                "No acute fracture",
                "not a fracture",
                "non fracture",
                "nonfracture",
                "unbroken",
                "uncertain fracture",
            )
        ),
        (["Fraktur", "Metall"], {"Fraktur"}),
        (["fx", "no fx", "cast"], {"fx"}),
    ],
)
def test_fracture_classes(classes: list[str], meaning: set[str]) -> None:
    assert fracture_classes(classes) == meaning
