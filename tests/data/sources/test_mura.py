"""MURA-v1.1: its form with its dirt."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.data.label_rule import fractured_if, require_labels
from detect.data.load import load_dataset, load_fractures
from detect.data.sample import Dataset, Sample
from detect.errors import DataError

IMAGES = (
    "train/XR_ELBOW/patient00011/study1_negative/image1.png",
    "train/XR_ELBOW/patient00011/study1_negative/image2.png",
    "train/XR_WRIST/patient00011/study2_positive/image1.png",
    "train/XR_HAND/patient00012/study1_positive/image1.png",
    "valid/XR_WRIST/patient11185/study1_positive/image1.png",
    "valid/XR_WRIST/patient11186/study1_negative/image1.png",
)


def studies(split: str) -> str:
    folders = dict.fromkeys(name.rpartition("/")[0] for name in IMAGES if name.startswith(split))
    return "".join(f"MURA-v1.1/{name}/,{int('positive' in name)}\n" for name in folders)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "MURA-v1.1"
    for name in IMAGES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"never opened")
    (root / IMAGES[0]).with_name("._image1.png").write_bytes(b"\x00\x05\x16\x07")
    for split in ("train", "valid"):
        (root / f"{split}_labeled_studies.csv").write_text(studies(split))
        lines = (f"MURA-v1.1/{name}\n" for name in IMAGES if name.startswith(split))
        (root / f"{split}_image_paths.csv").write_text("".join(lines))
    return root


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {s.image.relative_to(dataset.root).as_posix(): s for s in dataset.samples}


def test_patient_region_study_and_abnormal_but_no_label(small: Path) -> None:
    dataset = load_dataset(small)
    assert {
        name: (s.split, s.group, s.attributes["region"], s.attributes["study"])
        for name, s in by_name(dataset).items()
    } == {
        IMAGES[0]: ("train", "patient00011", "elbow", "study1"),
        IMAGES[1]: ("train", "patient00011", "elbow", "study1"),
        IMAGES[2]: ("train", "patient00011", "wrist", "study2"),
        IMAGES[3]: ("train", "patient00012", "hand", "study1"),
        IMAGES[4]: ("val", "patient11185", "wrist", "study1"),
        IMAGES[5]: ("val", "patient11186", "wrist", "study1"),
    }
    abnormal = [by_name(dataset)[name].attributes["abnormal"] for name in IMAGES]
    assert abnormal == ["no", "no", "yes", "yes", "yes", "no"]
    assert {(s.fractured, s.boxes) for s in dataset.samples} == {(None, None)}
    assert dataset.notes[0].endswith("--fractured-if abnormal=yes")
    assert dataset.notes[1:] == ("4 patients, none of them in two splits",)


def test_the_folder_above_will_do(small: Path) -> None:
    assert load_dataset(small.parent).samples == load_dataset(small).samples


def test_without_a_rule_nothing_trains_and_the_message_says_so(small: Path) -> None:
    with pytest.raises(DataError, match=r"none of the 4 images of train.*--fractured-if abnormal="):
        require_labels(load_fractures([small]), ("train", "val"))
    told = fractured_if(load_dataset(small), "abnormal=yes")
    require_labels(told, ("train", "val"))
    assert [s.fractured for s in told.samples].count(True) == 3


def test_csv_and_folder_that_disagree_leave_it_unknown(small: Path) -> None:
    table = small / "train_labeled_studies.csv"
    table.write_text(table.read_text().replace("study2_positive/,1", "study2_positive/,0"))
    dataset = load_dataset(small)
    assert "abnormal" not in by_name(dataset)[IMAGES[2]].attributes
    assert any("disagree" in note and IMAGES[2] in note for note in dataset.notes)


def test_a_table_with_header_and_other_prefix_tells_what_folders_do_not(small: Path) -> None:
    study = small / "valid" / "XR_WRIST" / "patient11185"
    (study / "study1_positive").rename(study / "study1")
    (small / "valid_labeled_studies.csv").write_text(
        "Path,label\r\nD:\\data\\valid\\XR_WRIST\\patient11185\\study1,1\r\n"
    )
    (small / "valid_image_paths.csv").unlink()
    samples = by_name(load_dataset(small))
    assert samples["valid/XR_WRIST/patient11185/study1/image1.png"].attributes["abnormal"] == "yes"


def test_without_tables_the_folders_tell(small: Path) -> None:
    before = load_dataset(small).samples
    for table in small.glob("*.csv"):
        table.unlink()
    assert load_dataset(small).samples == before


def test_what_is_missing_on_either_side_is_noted(small: Path) -> None:
    (small / IMAGES[1]).rename((small / IMAGES[1]).with_name("image9.png"))
    stray = small / "train" / "XR_HAND" / "collage.png"
    stray.write_bytes(b"")
    notes = load_dataset(small).notes
    image9 = IMAGES[1].replace("image2", "image9")
    assert f"1 image: in the list of images, but not here ({IMAGES[1]})" in notes
    assert f"1 image: not in the list of images; kept ({image9})" in notes
    assert any("left out (train/XR_HAND/collage.png)" in note for note in notes)


def test_a_patient_in_both_splits_is_told(small: Path) -> None:
    (small / "valid/XR_WRIST/patient11185").rename(small / "valid/XR_WRIST/patient00012")
    notes = load_dataset(small).notes
    assert "1 of 3 patients are in two splits (patient00012)" in notes


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("train_labeled_studies.csv", "MURA-v1.1/train/XR_HAND/p/,1", "line 4: 'MURA-v1.1/train"),
        ("train_labeled_studies.csv", "a/train/XR_HAND/patient1/study1/,2", "no study's path"),
        ("train_labeled_studies.csv", "a/train/XR_HAND/patient1/study1/", "no study's path"),
        ("valid_image_paths.csv", "a/valid/XR_HAND/patient1/study1/", "is no image's path"),
    ],
)
def test_malformed_lines_are_named(small: Path, file: str, line: str, says: str) -> None:
    with (small / file).open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(DataError) as caught:
        load_dataset(small)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{small / file}, line ")
    assert "\n" not in str(caught.value)


def test_empty_folders_are_refused(small: Path) -> None:
    for name in IMAGES:
        (small / name).unlink()
    with pytest.raises(DataError, match="holds an image; unpack it again"):
        load_dataset(small)
