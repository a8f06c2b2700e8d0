"""Datasets of phantoms: read back by other programs, the same bytes by seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.data.canonical import read_dataset
from detect.data.phantom import render_phantom, write_demo, write_phantoms
from detect.errors import InputError, OutputError

SIZE = (128, 104)


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_pngs_hold_all_sixteen_bits_of_the_phantom_that_their_group_names(tmp_path: Path) -> None:
    file = write_phantoms(tmp_path, 4, seed=3, size=SIZE)
    for sample in read_dataset(file).samples:
        with Image.open(sample.image) as picture:
            assert picture.mode == "I;16"
            stored = np.asarray(picture)
        assert sample.group is not None
        phantom = render_phantom(
            int(sample.group.removeprefix("phantom-")), fractured=bool(sample.fractured), size=SIZE
        )
        assert np.array_equal(stored, phantom.pixels)
        assert stored.max() > 255
        assert sample.boxes is not None
        assert tuple(entry.box for entry in sample.boxes) == phantom.boxes


def test_shares_splits_and_labels(tmp_path: Path) -> None:
    dataset = read_dataset(write_phantoms(tmp_path, 40, seed=1, fractured_share=0.5, size=SIZE))
    assert len(dataset.samples) == 40
    assert dataset.classes == ("fracture",)
    assert dataset.licence == "CC0-1.0"
    counted = Counter((sample.split, sample.fractured) for sample in dataset.samples)
    for state in (True, False):
        counts = [counted[split, state] for split in ("train", "val", "test")]
        assert counts == [14, 3, 3]
    for sample in dataset.samples:
        assert bool(sample.boxes) == sample.fractured
        assert (sample.attributes["fracture_type"] != "none") == sample.fractured
        assert sample.attributes["region"] in ("hand", "leg")
    assert len({sample.group for sample in dataset.samples}) == 40


def test_one_split_and_one_region_can_be_asked_for(tmp_path: Path) -> None:
    file = write_phantoms(
        tmp_path, 4, seed=2, fractured_share=1.0, split="test", region="femur", size=SIZE
    )
    samples = read_dataset(file).samples
    assert {(s.split, s.fractured, s.attributes["body_part"]) for s in samples} == {
        ("test", True, "femur")
    }


def test_both_forms_of_a_phantom_share_group_and_split(tmp_path: Path) -> None:
    samples = read_dataset(write_phantoms(tmp_path, 5, seed=2, form="both", size=SIZE)).samples
    assert Counter(sample.image.suffix for sample in samples) == {".png": 5, ".dcm": 5}
    assert len({sample.group for sample in samples}) == 5
    assert len({(sample.group, sample.split, sample.boxes) for sample in samples}) == 5


@pytest.mark.parametrize("form", ["png", "dicom"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        write_phantoms(tmp_path / name, 3, seed=seed, form=form, size=SIZE)  # type: ignore[arg-type]
    one, two, three = (digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    pictures = [name for name in one if name.startswith("images/")]
    assert len(pictures) == 3
    assert all(one[name] != three[name] for name in pictures)


def test_the_folder_says_that_it_is_synthetic_and_free(tmp_path: Path) -> None:
    write_phantoms(tmp_path, 1, seed=11, size=SIZE)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "synthetic" in readme
    assert "seed 11" in readme
    assert "CC0 1.0" in (tmp_path / "LICENSE").read_text(encoding="utf-8")


def test_progress_is_told_of_each_phantom(tmp_path: Path) -> None:
    steps: list[int] = []
    write_phantoms(tmp_path, 3, size=SIZE, progress=steps.append)
    assert steps == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"count": 0}, "count 0"),
        ({"seed": -4}, "seed -4"),
        ({"fractured_share": 1.5}, "share 1.5"),
        ({"fractured_share": float("nan")}, "share nan"),
        ({"form": "gif"}, "'gif'"),
        ({"split": "dev"}, "'dev'"),
        ({"region": "skull"}, "'skull'"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, object], named: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=named):
        write_phantoms(out, **({"count": 2} | arguments))  # type: ignore[arg-type]
    assert not out.exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    out = tmp_path / "taken"
    out.write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        write_phantoms(out, 1, size=SIZE)


def test_a_folder_of_others_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="holds other files"):
            write_phantoms(tmp_path, 1, size=SIZE, overwrite=overwrite)
    (tmp_path / "dataset.yaml").write_text("names: [a]\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        write_demo(tmp_path, overwrite=True)
    (tmp_path / "dataset.yaml").write_text("origin: [", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        write_demo(tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "dataset.yaml"]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_phantoms_are_replaced_only_when_told_to(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "old", 3, size=SIZE)
    before = digests(tmp_path / "old")
    with pytest.raises(InputError, match="--overwrite replaces them"):
        write_phantoms(tmp_path / "old", 1, size=SIZE)
    assert digests(tmp_path / "old") == before
    (tmp_path / "old" / "images" / "notes.txt").write_text("mine", encoding="utf-8")
    write_phantoms(tmp_path / "old", 1, seed=4, size=SIZE, overwrite=True)
    (tmp_path / "old" / "images" / "notes.txt").unlink()
    write_phantoms(tmp_path / "new", 1, seed=4, size=SIZE)
    assert digests(tmp_path / "old") == digests(tmp_path / "new")


def test_a_picture_outside_the_folder_is_not_removed(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "set", 1, size=SIZE)
    other = tmp_path / "other.png"
    other.write_bytes(b"a picture")
    table = tmp_path / "set" / "table.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("images/phantom_0001.png", str(other)), encoding="utf-8")
    write_phantoms(tmp_path / "set", 1, size=SIZE, overwrite=True)
    assert other.read_bytes() == b"a picture"
