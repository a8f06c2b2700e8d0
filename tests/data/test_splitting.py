"""`data split` from folders to a written dataset, through the command line."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from command_line import Call, Ended
from PIL import Image

from detect.data.canonical import read_dataset, write_dataset
from detect.data.full_check import full_check
from detect.data.load import load_dataset
from detect.data.phantom.render import render_phantom
from detect.data.sample import SPLITS, Dataset, LabelledBox, Sample
from detect.record import Box

Picture = Callable[..., Path]


@pytest.fixture
def call(call: Call) -> Call:
    """Run `data split …`."""
    return partial(call, "data", "split")


@pytest.fixture
def clinic(tmp_path: Path, picture: Picture) -> Path:
    """Thirty patients of two images, in canonical form without a split; 3a is a copy of 20a."""
    folder = tmp_path / "clinic"
    samples = []
    for patient in range(30):
        for view in "ab":
            image = picture(
                folder / "images" / f"{patient}{view}.png", seed=patient * 2 + ord(view)
            )
            fractured = patient % 3 == 0
            boxes = (LabelledBox(Box(1, 1, 9, 9), "fracture"),) if fractured else ()
            metal = (LabelledBox(Box(2, 2, 8, 8), "metal"),)
            attributes = {"region": "hand" if patient % 2 else "leg"}
            samples.append(Sample(image, None, f"p{patient}", fractured, boxes + metal, attributes))
    shutil.copy(folder / "images" / "20a.png", folder / "images" / "3a.png")
    whole = Dataset("clinic", folder, ("fracture", "metal"), tuple(samples), "mine", "here")
    write_dataset(whole, folder)
    return folder


def splits(folder: Path) -> dict[str, str]:
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["image"]).name: row["split"] for row in csv.DictReader(file)}


def test_a_dataset_without_a_split_is_rewritten_in_place(call: Call, clinic: Path) -> None:
    before = read_dataset(clinic)
    ended = call(clinic, "--seed", 3)
    assert (ended.code, ended.err) == (0, "")
    assert f"Dataset in {clinic}. Next: python cli.py data check {clinic}" in ended.out
    assert "2 groups share pictures with others; they stay together as 1" in ended.out
    after = read_dataset(clinic)
    found = splits(clinic)
    assert sorted(set(found.values())) == ["test", "train", "val"]
    by_patient = defaultdict(set)
    for name, split in found.items():
        by_patient[name[:-5]].add(split)
    assert all(len(inside) == 1 for inside in by_patient.values())
    assert found["3a.png"] == found["20a.png"]
    for old, new in zip(before.samples, after.samples, strict=True):
        assert (new.image, new.group, new.boxes) == (old.image, old.group, old.boxes)
        assert (new.fractured, new.attributes) == (old.fractured, old.attributes)
    assert (after.classes, after.licence, after.origin) == (
        ("fracture", "metal"),
        "mine",
        "here",
    )
    (note,) = yaml.safe_load((clinic / "dataset.yaml").read_text(encoding="utf-8"))["notes"]
    assert note == (
        f"split by `python cli.py data split {clinic} --seed 3`: train, val, test 0.7, 0.1, 0.2; "
        "seed 3; 29 units of patients, copies and near duplicates, "
        "stratified by label, boxes, region"
    )
    assert "note: 1 set of identical files and 0 of near duplicates kept together" in ended.out


def test_a_split_is_replaced_only_when_told_to(call: Call, clinic: Path) -> None:
    assert call(clinic).code == 0
    first = splits(clinic)
    ended = call(clinic, "--seed", 1)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"error: {clinic}: 60 of 60 images have a split already; "
        "--overwrite replaces it, --out FOLDER leaves it as it is\n"
    )
    assert splits(clinic) == first
    ended = call(clinic, "--seed", 1, "--overwrite")
    assert "note: the split that 60 images had is replaced" in ended.out
    assert splits(clinic) != first
    assert len(read_dataset(clinic).notes) == 1  # of the last split alone
    assert call(clinic, "--overwrite", "--quiet") == Ended(0, "", "")
    assert splits(clinic) == first


def test_another_folder_gets_the_dataset_and_the_images_stay(
    call: Call, clinic: Path, tmp_path: Path
) -> None:
    out = tmp_path / "datasets" / "new"
    assert call(clinic / "dataset.yaml", "--out", out, "--ratios", "0.8,0.2,0").code == 0
    assert set(splits(out).values()) == {"train", "val"}
    assert set(splits(clinic).values()) == {""}
    after = read_dataset(out)
    assert after.name == "new"
    assert after.samples[0].image == clinic / "images" / "0a.png"
    ended = call(clinic, "--out", out)
    assert ended.err.endswith("holds a dataset already; choose another, or --overwrite\n")
    assert call(clinic, "--out", out, "--overwrite").code == 0
    assert set(splits(out).values()) == {"train", "val", "test"}


def test_a_moved_dataset_is_split_alike(call: Call, clinic: Path, tmp_path: Path) -> None:
    moved = tmp_path / "other machine" / "set"
    shutil.copytree(clinic, moved)
    lines = (moved / "table.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (moved / "table.csv").write_text("".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    assert call(clinic).code == call(moved).code == 0
    assert splits(clinic) == splits(moved)


def test_other_forms_need_a_folder_for_the_result(
    call: Call, picture: Picture, tmp_path: Path
) -> None:
    source = tmp_path / "Data"
    places = [(s, label) for s in ("train", "test") for label in ("fractured", "normal")]
    for seed in range(24):
        split, label = places[seed % 4]
        picture(source / split / label / f"{split}{seed}.png", seed=seed)
    ended = call(source)
    assert ended.code == 1
    assert ended.err.startswith("error: --out: name a folder for the result, such as datasets/NAME")
    ended = call(source, "--out", tmp_path / "out", "--ratios", "0.5,0.25,0.25")
    assert (ended.code, ended.err) == (0, "")
    assert "note: the split that 24 images had is replaced" in ended.out
    assert "note: 24 images without patient or group: neighbours may leak" in ended.out
    assert set(splits(tmp_path / "out").values()) == {"train", "val", "test"}


def test_several_datasets_are_split_as_one(
    call: Call, clinic: Path, picture: Picture, tmp_path: Path
) -> None:
    image = picture(tmp_path / "b" / "x.png", seed=999)
    more = Dataset("more", tmp_path / "b", ("fracture",), (Sample(image, None, "p0", False, ()),))
    write_dataset(more, tmp_path / "b")
    ended = call(clinic, tmp_path / "b")
    assert ended.err.startswith("error: --out: name a folder for the result")
    assert "several datasets cannot be rewritten" in ended.err
    assert call(clinic, tmp_path / "b", "--out", tmp_path / "both").code == 0
    assert len(splits(tmp_path / "both")) == 61


@pytest.fixture
def radiographs(tmp_path: Path) -> Path:
    """Forty patients of one radiograph, the last ten of them the first, brighter and smaller."""
    folder = tmp_path / "arms"
    folder.mkdir()
    samples = []
    for patient in range(40):
        drawn = render_phantom(patient % 30, fractured=patient % 2 == 0, size=(320, 256)).pixels
        picture = Image.fromarray((drawn >> (drawn.max().item().bit_length() - 8)).astype("uint8"))
        if patient >= 30:
            picture = picture.resize((200, 250)).point(lambda grey: min(255, grey + 12))
        picture.save(folder / f"{patient:02}.png")
        image = folder / f"{patient:02}.png"
        samples.append(Sample(image, None, f"p{patient}", patient % 2 == 0, None))
    write_dataset(Dataset("arms", folder, ("fracture",), tuple(samples)), folder)
    return folder


def parted(folder: Path) -> int:
    found = splits(folder)
    return sum(found[f"{n:02}.png"] != found[f"{n + 30}.png"] for n in range(10))


def test_near_duplicates_stay_together_unless_told_not_to_look(
    call: Call, radiographs: Path
) -> None:
    ended = call(radiographs)
    assert (ended.code, ended.err) == (0, "")
    assert "note: 0 sets of identical files and 10 of near duplicates kept together" in ended.out
    assert parted(radiographs) == 0
    assert full_check(load_dataset(radiographs)).leaks == ()
    ended = call(radiographs, "--overwrite", "--no-near-duplicates")
    assert (ended.code, ended.err) == (0, "")
    assert (
        "note: 0 sets of identical files kept together; near duplicates were not looked for: "
        "pictures encoded anew may leak" in ended.out
    )
    assert parted(radiographs) > 0
    assert "40 units of patients, identical files, " in read_dataset(radiographs).notes[0]


def test_without_the_extra_the_way_on_is_told(
    call: Call, clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "detect.extras.find_spec", lambda name: None if name == "imagehash" else find_spec(name)
    )
    ended = call(clinic)
    assert ended.code == 1
    assert ended.err.startswith("error: imagehash: not installed; run: python -m pip install")
    assert call(clinic, "--no-near-duplicates").code == 0


@pytest.mark.shared
@pytest.mark.slow
def test_the_real_set_is_split_without_a_leak(call: Call, shared_dir: Path, tmp_path: Path) -> None:
    ended = call(shared_dir / "data" / "fracatlas", "--out", tmp_path / "out")
    assert ended.code == 0
    rows = {line[:30].strip(): line for line in ended.out.splitlines()}
    for name in ("images", "fractured", "not fractured", "with boxes", "region hand"):
        assert float(rows[name].split()[-1].rstrip("%")) <= 1.0
    after = load_dataset(tmp_path / "out")
    assert full_check(after).leaks == ()
    known = {name for split in SPLITS for name in {s.group for s in after.split(split)} if name}
    assert sum(len({s.group for s in after.split(one)} - {None}) for one in SPLITS) == len(known)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--ratios", "0.7,0.3"], 2, "write three shares, as in 0.7,0.1,0.2"),
        (["--ratios", "a,b,c"], 2, "write three shares, as in 0.7,0.1,0.2"),
        (["--ratios", "0.7,0.1,0.1"], 1, "did you mean 0.778,0.111,0.111?"),
        (["--stratify", "regoin"], 1, "no image has it; attributes here are: region"),
        (["--form", "nonsense"], 1, "no such form"),
    ],
)
def test_wrong_options_are_told_before_anything_is_written(
    call: Call, clinic: Path, options: list[str], code: int, said: str
) -> None:
    ended = call(clinic, *options)
    assert ended.code == code
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert set(splits(clinic).values()) == {""}


def test_paths_that_lead_nowhere_are_one_line(call: Call, tmp_path: Path) -> None:
    loop, empty = tmp_path / "loop", tmp_path / "empty"
    loop.symlink_to("loop")
    empty.mkdir()
    for given in (tmp_path / "nothing", empty, loop):
        ended = call(given, "--out", tmp_path / "out")
        assert ended.code == 1
        assert ended.err.startswith(f"error: {given}: ")
        assert ended.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_result_in_a_link_to_itself_is_one_line(call: Call, clinic: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    ended = call(clinic, "--out", loop, "--no-near-duplicates")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith(f"error: {loop}: cannot be written to")


def test_the_result_is_not_put_into_a_source_of_another_form(
    call: Call, tmp_path: Path, picture: Picture
) -> None:
    for name in ("fractured", "normal"):
        picture(tmp_path / "set" / name / f"{name}.png", seed=len(name))
    ended = call(tmp_path / "set", "--out", tmp_path / "set" / "split")
    assert ended.code == 1
    assert "lies in" in ended.err
    assert not (tmp_path / "set" / "split").exists()
