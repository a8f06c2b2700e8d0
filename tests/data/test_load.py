"""Recognising forms, and merging datasets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detect.data.load import load_dataset, load_fractures, merge_datasets
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError
from detect.record import Box


def test_an_unknown_form_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: ")
    for sign in ("dataset.yaml", "dataset.csv", "data.yaml", "not_fractured"):
        assert sign in message
    assert "\n" not in message


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing: no such folder"):
        load_dataset(tmp_path / "nothing")


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.zip: no dataset of a known form"):
        load_dataset(tmp_path / "a.zip")


def test_a_yaml_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docker.yaml").write_text("services: {}\n")
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path / "docker.yaml")


@pytest.mark.parametrize("text", ["[" * 100_000, "a: 2024-13-45\n"])
def test_yaml_that_breaks_its_parser_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.yaml").write_text(text)
    with pytest.raises(DataError, match=r"dataset\.yaml: not usable YAML"):
        load_dataset(tmp_path)


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(DataError, match="loop"):
        load_dataset(tmp_path / "loop")


def make(name: str, classes: tuple[str, ...] = ("fracture",), boxed: bool = True) -> Dataset:
    boxes = (LabelledBox(Box(0, 0, 1, 1), classes[0]),) if boxed else None
    samples = (
        Sample(Path(f"/{name}/1.png"), "train", "1", True, boxes),
        Sample(Path(f"/{name}/2.png"), "val", None, True, boxes),
    )
    return Dataset(name, Path(f"/{name}"), classes, samples, licence="MIT", notes=("one",))


def test_groups_of_merged_datasets_do_not_collide() -> None:
    merged = merge_datasets([make("a"), make("b"), make("b")])
    assert [s.group for s in merged.samples] == ["a/1", None, "b#2/1", None, "b#3/1", None]
    assert len(merged.split("train")) == 3
    assert merged.licence == "a: MIT; b#2: MIT; b#3: MIT"
    assert merged.notes == ("a: one", "b#2: one", "b#3: one")
    assert merged.origin is None


def test_one_dataset_stays_as_it_is() -> None:
    only = make("a")
    assert merge_datasets([only]) is only


def test_classes_are_united() -> None:
    merged = merge_datasets([make("a"), make("b", ("fracture", "metal"))])
    assert merged.classes == ("fracture", "metal")


def test_classes_that_say_nothing_of_a_fracture_are_not_lost_beside_one_that_does() -> None:
    with pytest.raises(DataError) as caught:
        merge_datasets([make("a"), make("b", ("crack", "metal"))])
    assert "/b: none of its classes crack, metal says fracture" in str(caught.value)
    assert "classes:" in str(caught.value)


def test_the_one_class_of_a_set_is_the_fracture() -> None:
    merged = merge_datasets([make("a"), make("b", ("crack",))])
    assert merged.classes == ("fracture",)
    assert {entry.label for s in merged.samples for entry in s.boxes or ()} == {"fracture"}
    assert "b: its one class, crack, is taken for the fracture" in merged.notes


def test_a_yes_no_set_has_no_say_in_the_classes() -> None:
    yes_no = make("a", boxed=False)
    merged = merge_datasets([yes_no, make("b", ("crack", "metal"))])
    assert merged.classes == ("crack", "metal")
    assert merge_datasets([yes_no, replace(yes_no, name="c")]).classes == ("fracture",)


def test_nothing_to_merge_is_refused() -> None:
    with pytest.raises(DataError, match="--data"):
        merge_datasets([])


def test_merging_for_training_refuses_what_an_import_refuses(tmp_path: Path, picture) -> None:
    for name, classes in (("a", "[cast, metal]"), ("b", "[fracture, metal]")):
        picture(tmp_path / name / "images" / "x.png", seed=ord(name))
        (tmp_path / name / "labels").mkdir()
        (tmp_path / name / "labels" / "x.txt").write_text("0 0.5 0.5 0.2 0.2\n")
        (tmp_path / name / "data.yaml").write_text(f"train: images\nnames: {classes}\n")
    both = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(DataError, match="none of its classes cast, metal says fracture"):
        load_fractures(both)
    table = {"cast": None, "metal": None, "fracture": "fracture"}
    assert [sample.fractured for sample in load_fractures(both, table).samples] == [False, True]


def test_a_set_merged_before_keeps_where_its_images_come_from() -> None:
    inner = replace(merge_datasets([make("a"), make("b")]), name="m")
    merged = merge_datasets([inner, make("c")])
    origins = [sample.attributes["dataset"] for sample in merged.samples]
    assert origins == ["m/a", "m/a", "m/b", "m/b", "c", "c"]


def test_a_table_of_foreign_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "befunde.csv").write_text("Aufnahme;Urteil\n1;ja\n")
    with pytest.raises(DataError, match=r"befunde\.csv has the columns Aufnahme, Urteil; say"):
        load_dataset(tmp_path)
