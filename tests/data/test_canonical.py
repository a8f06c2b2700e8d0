"""The canonical form: written, read back, and refused where it is wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from detect.data.canonical import read_dataset, write_dataset
from detect.data.load import load_dataset
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError, OutputError
from detect.record import Box

Picture = Callable[..., Path]


@pytest.fixture
def dataset(tmp_path: Path, picture: Picture) -> Dataset:
    inside = picture(tmp_path / "set" / "images" / "Röntgen, links.png")
    outside = picture(tmp_path / "elsewhere" / "b.png")
    boxes = (
        LabelledBox(Box(1 / 3, 2.5, 10.1, 20), "fracture"),
        LabelledBox(Box(0, 0, 1, 1), "metal"),
    )
    return Dataset(
        name="clinic",
        root=tmp_path / "set",
        classes=("fracture", "metal"),
        samples=(
            Sample(inside, "train", "p1", True, boxes, {"region": "wrist", "note": 'a "b"\r\n,c'}),
            Sample(outside, "val", None, False, ()),
            Sample(picture(tmp_path / "set" / "c.png"), None, None, None, None),
        ),
        licence="CC BY 4.0",
        notes=("no: 1", "zwei"),
    )


def test_what_is_written_is_read_back_equal(dataset: Dataset) -> None:
    file = write_dataset(dataset, dataset.root)
    assert file == dataset.root / "dataset.yaml"
    assert load_dataset(dataset.root) == dataset
    assert load_dataset(file) == dataset
    assert sorted(p.name for p in dataset.root.iterdir()) == [
        "c.png",
        "dataset.yaml",
        "images",
        "table.csv",
    ]


def test_other_programs_can_read_it(dataset: Dataset) -> None:
    file = write_dataset(dataset, dataset.root)
    header = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert header["schema_version"] == "1.0"
    assert header["classes"] == ["fracture", "metal"]
    with (dataset.root / header["table"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:5] == ["image", "split", "group", "fractured", "boxes"]
    assert rows[0]["image"] == "images/Röntgen, links.png"
    assert rows[1]["image"] == str(dataset.samples[1].image)
    assert [row["fractured"] for row in rows] == ["yes", "no", "unknown"]
    assert [row["boxes"] for row in rows[1:]] == ["[]", ""]


def test_a_moved_folder_still_reads(dataset: Dataset, tmp_path: Path) -> None:
    write_dataset(dataset, dataset.root)
    moved = dataset.root.rename(tmp_path / "moved")
    assert load_dataset(moved).samples[0].image.is_file()


def test_a_byte_order_mark_is_tolerated(dataset: Dataset) -> None:
    write_dataset(dataset, dataset.root)
    for name in ("dataset.yaml", "table.csv"):
        file = dataset.root / name
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load_dataset(dataset.root) == dataset


GOOD = "schema_version: '1.0'\nname: x\nclasses: [fracture]\n"
COLUMNS = "image,split,group,fractured,boxes\n"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (GOOD + "clases: [a]\n", "clases: Extra inputs"),
        ("name: x\nclasses: [fracture]\n", "schema_version: Field required"),
        (GOOD.replace("1.0", "9.0"), "schema_version: Input should be '1.0'"),
        (GOOD.replace("[fracture]", "fracture"), "classes: Input should be a valid list"),
        (GOOD.replace("[fracture]", "[a, a]"), "classes holds a name twice"),
        (GOOD + "table: other.csv\n", "other.csv: no such file"),
        ("- a\n- b\n", "not a mapping"),
        ("a: [\n", "dataset.yaml, line 2: not YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", "dataset.yaml, line 1: not YAML"),
    ],
)
def test_mistakes_in_the_header_are_named(tmp_path: Path, header: str, says: str) -> None:
    (tmp_path / "dataset.yaml").write_text(header)
    (tmp_path / "table.csv").write_text(COLUMNS)
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert says in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("image,split,group,boxes\n", "line 1: no column fractured"),
        ("image,split,group,fractured,boxes,split\n", "line 1: a column name occurs twice"),
        (COLUMNS + "a.png,train,,yes\n", "line 2: 4 fields, not 5"),
        (COLUMNS + "a.png,dev,,yes,\n", "line 2: split is 'dev'"),
        (COLUMNS + "a.png,train,,1,\n", "line 2: fractured is '1'"),
        (COLUMNS + "/home/else/a.png,train,,yes,\n", "line 2: no such image /home/else/a.png"),
        (COLUMNS + "C:\\x\\a.png,train,,yes,\n", "line 2: no such image C:\\x\\a.png"),
        (COLUMNS + ",train,,yes,\n", "line 2: no such image (empty)"),
        (COLUMNS + "a.png,,,no,\na.png,,,no,\n", "line 3: a.png has a row already, in line 2"),
        (COLUMNS + "a.png,,,yes,[{\n", "line 2: boxes is not JSON"),
        (COLUMNS + "a.png,,,yes,{}\n", "line 2: boxes must be a list"),
        (COLUMNS + "a.png,,,yes,[1]\n", "line 2: boxes must be a list"),
        (
            COLUMNS + 'a.png,,,yes,"[{""label"": ""fracture"", ""box_xyxy"": [1, 2, 3]}]"\n',
            "line 2: boxes must be",
        ),
        (
            COLUMNS + 'a.png,,,yes,"[{""label"": ""bone"", ""box_xyxy"": [1, 2, 3, 4]}]"\n',
            "line 2: label 'bone' is none of the classes",
        ),
        (
            COLUMNS + 'a.png,,,yes,"[{""label"": ""fracture"", ""box_xyxy"": [1, 2, 1, 4]}]"\n',
            "line 2: [1, 2, 1, 4] is no box",
        ),
        (
            COLUMNS + 'a.png,,,yes,"[{""label"": ""fracture"", ""box_xyxy"": [1, 2, NaN, 4]}]"\n',
            "line 2: nan is not a number",
        ),
        (COLUMNS + 'a.png,,,yes,"[\n', "line 2: not CSV"),
    ],
)
def test_mistakes_in_the_table_are_named_with_their_line(
    tmp_path: Path, picture: Picture, table: str, says: str
) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "dataset.yaml").write_text(GOOD)
    (tmp_path / "table.csv").write_text(table)
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert says in str(caught.value)
    assert str(tmp_path / "table.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_attribute_with_the_name_of_a_column_is_refused(dataset: Dataset) -> None:
    clash = replace(dataset.samples[0], attributes={"split": "left"})
    with pytest.raises(DataError, match="attribute is called split"):
        write_dataset(replace(dataset, samples=(clash,)), dataset.root)
    assert not (dataset.root / "dataset.yaml").exists()


@pytest.mark.parametrize("name", ["a;b;c;d;e;f;g", "a,b", "é\t;", "", 'say "x"'])
def test_any_name_of_an_attribute_is_read_back(dataset: Dataset, name: str) -> None:
    attributes = {f"{name}1": "one\ntwo\r\n", name: " ü; "}
    samples = tuple(replace(sample, attributes=attributes) for sample in dataset.samples)
    write_dataset(replace(dataset, samples=samples), dataset.root)
    assert read_dataset(dataset.root).samples == samples


@pytest.mark.parametrize("name", [" a", "a\nb"])
def test_a_name_that_the_table_cannot_keep_is_refused(dataset: Dataset, name: str) -> None:
    odd = replace(dataset.samples[0], attributes={name: "x"})
    with pytest.raises(DataError, match="rename it"):
        write_dataset(replace(dataset, samples=(odd,)), dataset.root)


def test_a_dataset_without_classes_is_not_written(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="classes"):
        write_dataset(replace(dataset, classes=()), dataset.root)


def test_a_file_name_that_is_no_text_is_refused(dataset: Dataset) -> None:
    odd = replace(dataset.samples[0], image=dataset.root / "a\udcff.png")
    with pytest.raises(DataError, match=r"udcff.*rename it"):
        write_dataset(replace(dataset, samples=(odd,)), dataset.root)
    assert not list(dataset.root.glob("*.part")) + list(dataset.root.glob("*.yaml"))


def test_a_folder_that_cannot_be_made_is_named(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write_dataset(dataset, tmp_path / "file" / "inside")


@pytest.mark.shared
def test_the_real_set_survives_the_round_trip(shared_dir: Path, tmp_path: Path) -> None:
    original = load_dataset(shared_dir / "data" / "fracatlas")
    write_dataset(original, tmp_path)
    copy = read_dataset(tmp_path)
    assert copy.samples == original.samples
    assert copy.notes == original.notes


@pytest.mark.parametrize("corners", [(5, 0, 5, 9), (0, 9, 5, 2), (0, float("nan"), 5, 9)])
def test_a_box_that_could_not_be_read_back_is_not_written(
    tmp_path: Path, corners: tuple[float, float, float, float]
) -> None:
    sample = Sample(tmp_path / "a.png", None, None, True, (LabelledBox(Box(*corners), "fracture"),))
    dataset = Dataset("d", tmp_path, ("fracture",), (sample,))
    with pytest.raises(DataError, match=r"a\.png: .* is no box"):
        write_dataset(dataset, tmp_path / "out")
    assert not (tmp_path / "out" / "dataset.yaml").exists()


def test_what_sources_contradict_each_other_in_is_kept(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    samples = (
        Sample(tmp_path / "a.png", None, None, True, (), {}, "row says no; the box counts"),
        Sample(tmp_path / "b.png", None, None, False, (), {"region": "hand"}),
    )
    dataset = Dataset("d", tmp_path, ("fracture",), samples)
    assert read_dataset(write_dataset(dataset, tmp_path)).samples == samples
