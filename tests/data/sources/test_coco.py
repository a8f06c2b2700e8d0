"""COCO datasets as tools write them, with their dirt."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from detect.data.canonical import write_dataset
from detect.data.load import load_dataset, load_fractures
from detect.data.sample import Dataset, Sample
from detect.data.sources.options import ImportOptions
from detect.errors import DataError

Picture = Callable[..., Path]
Json = dict[str, Any]


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def image(identity: int | str, name: str, width: int = 40, height: int = 30) -> Json:
    return {"id": identity, "file_name": name, "width": width, "height": height}


def mark(identity: int, image_id: int | str, box: Any, category: int = 1, **more: Any) -> Json:
    return {"id": identity, "image_id": image_id, "category_id": category, "bbox": box, **more}


def coco(images: list[Json], annotations: list[Json], names: dict[int, str] | None = None) -> Json:
    categories = [{"id": i, "name": n} for i, n in (names or {1: "fracture"}).items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def corners(sample: Sample) -> list[tuple[str, tuple[float, ...]]]:
    return [(entry.label, astuple(entry.box)) for entry in sample.boxes or ()]


def expected(file: Path) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """Return label and corners of each box by image, as pycocotools reads them."""
    parsed = COCO(str(file))
    result = {}
    for identity, entry in parsed.imgs.items():
        found = []
        for one in parsed.loadAnns(parsed.getAnnIds(imgIds=[identity])):
            x, y, width, height = one["bbox"]
            name = parsed.cats[one["category_id"]]["name"]
            found.append((name, (x, y, x + width, y + height)))
        result[Path(entry["file_name"]).name] = found
    return result


@pytest.fixture
def plain(tmp_path: Path, picture: Picture) -> Path:
    """annotations/instances_{train,val2017}.json, images/{train,val2017}, ids with gaps."""
    root = tmp_path / "set"
    for name in ("train/a.png", "train/b.png", "val2017/a.png", "val2017/c.png"):
        picture(root / "images" / name)
    names = {3: "fracture", 90: "metal"}
    content = coco(
        [image(7, "a.png"), image(4, "b.png")],
        [
            mark(1, 7, [10.25, 4, 15, 5.5], 3),
            mark(2, 7, [0, 0, 40, 30], 90),
            mark(9, 7, [1, 1, 2, 2], 3, iscrowd=1),
        ],
        names,
    )
    content["licenses"] = [{"id": 1, "name": "CC BY 4.0", "url": "x"}, {"id": 2, "name": ""}]
    content["info"] = {"description": "Hands", "url": "https://example.org"}
    content["images"][0]["license"] = 1
    content["images"][1]["attributes"] = {"view": "lateral", "cast": True, "note": None}
    write(root / "annotations/instances_train.json", content)
    other = coco(
        [image("x", "a.png"), image("y", "c.png")], [mark(1, "y", [1, 2, 3, 4], 90)], names
    )
    write(root / "annotations/instances_val2017.json", other)
    write(root / "annotations/person_keypoints_train.json", content)
    write(root / "annotations/captions_train.json", {"images": [], "annotations": []})
    return root


def test_boxes_are_those_that_pycocotools_reads(plain: Path) -> None:
    dataset = load_dataset(plain)
    assert dataset.classes == ("fracture", "metal")
    for split, name in (("train", "train"), ("val", "val2017")):
        found = {s.image.name: corners(s) for s in dataset.split(split)}
        assert found == expected(plain / f"annotations/instances_{name}.json")
        assert {s.image.parent.name for s in dataset.split(split)} == {name}
    assert all(s.boxes is not None and s.fractured is None for s in dataset.samples)
    assert "1 image: a box is around several objects (iscrowd); kept (a.png)" in dataset.notes


def test_licence_origin_and_attributes(plain: Path) -> None:
    dataset = load_dataset(plain)
    assert (dataset.licence, dataset.origin) == ("CC BY 4.0", "Hands, https://example.org")
    train = {s.image.name: s.attributes for s in dataset.split("train")}
    assert train["a.png"] == {"licence": "CC BY 4.0"}  # the others have none
    assert train["b.png"] == {"view": "lateral", "cast": "yes"}


def test_attributes_with_names_that_are_taken_or_odd_survive_the_import(
    tmp_path: Path, picture: Picture
) -> None:
    picture(tmp_path / "set" / "a.png")
    entry = image(1, "a.png") | {"attributes": {"split": "a", " body\npart ": "hand", "": "b"}}
    write(tmp_path / "set" / "c.json", coco([entry], []))
    write_dataset(load_dataset(tmp_path / "set"), tmp_path / "out")
    (sample,) = load_dataset(tmp_path / "out").samples
    assert sample.attributes == {"coco_split": "a", "body part": "hand"}


def test_one_file_or_the_annotations_folder_may_be_given(plain: Path) -> None:
    one = load_dataset(plain / "annotations/instances_val2017.json")
    assert [(s.image.name, s.split) for s in one.samples] == [("a.png", "val"), ("c.png", "val")]
    assert any("in no COCO file; left out" in note for note in one.notes)
    assert load_dataset(plain / "annotations").samples == load_dataset(plain).samples


@pytest.fixture
def roboflow(tmp_path: Path, picture: Picture) -> Path:
    root = tmp_path / "export"
    places = {
        "train": ["x_jpg.rf.0a1", "y_jpg.rf.3c"],
        "valid": ["x_jpg.rf.9f2"],
        "test": ["z_jpg.rf.7d"],
    }
    for folder, names in places.items():
        for name in names:
            picture(root / folder / f"{name}.jpg")
        content = coco(
            [image(i, f"{name}.jpg") for i, name in enumerate(names)],
            [mark(0, 0, [1, 2, 10, 12.5])] if folder != "test" else [],
            {0: "fractures-of-the-hand", 1: "fracture", 2: "metal"},
        )
        for category in content["categories"]:
            parent = "none" if category["id"] == 0 else "fractures-of-the-hand"
            category["supercategory"] = parent
        write(root / folder / "_annotations.coco.json", content)
    return root


def test_roboflow_has_a_parent_class_and_copies(roboflow: Path) -> None:
    dataset = load_dataset(roboflow)
    assert dataset.classes == ("fracture", "metal")
    found = {s.image.name: (s.split, s.group, len(s.boxes or ())) for s in dataset.samples}
    assert found == {
        "x_jpg.rf.0a1.jpg": ("train", "x_jpg", 1),
        "y_jpg.rf.3c.jpg": ("train", "y_jpg", 0),
        "x_jpg.rf.9f2.jpg": ("val", "x_jpg", 1),
        "z_jpg.rf.7d.jpg": ("test", "z_jpg", 0),
    }
    assert {s.split for s in load_dataset(roboflow / "train").samples} == {"train"}
    labels = {s.image.name: s.fractured for s in load_fractures([roboflow]).samples}
    assert labels["x_jpg.rf.0a1.jpg"] is True
    assert labels["z_jpg.rf.7d.jpg"] is False


def test_a_parent_that_boxes_use_stays(roboflow: Path) -> None:
    file = roboflow / "train/_annotations.coco.json"
    content = json.loads(file.read_text())
    content["annotations"].append(mark(1, 1, [1, 2, 3, 4], 0))
    write(file, content)
    assert "fractures-of-the-hand" in load_dataset(roboflow).classes


def test_cvat_names_its_subsets(tmp_path: Path, picture: Picture) -> None:
    for subset in ("Train", "Test"):
        picture(tmp_path / f"images/{subset}/deep/a.png")
        content = coco([image(1, "deep/a.png")], [mark(1, 1, [1, 2, 3, 4])])
        content["licenses"] = [{"name": "", "id": 0, "url": ""}]
        content["info"] = {"contributor": "", "description": "", "url": ""}
        content["images"][0]["license"] = 0
        write(tmp_path / f"annotations/instances_{subset}.json", content)
    dataset = load_dataset(tmp_path)
    assert [(s.split, s.image.parent.parent.name) for s in dataset.samples] == [
        ("test", "Test"),
        ("train", "Train"),
    ]
    assert (dataset.licence, dataset.origin) == (None, None)


@pytest.mark.parametrize(
    "name",
    [
        "images/1f-a.png",
        r"images\1/1f-a.png",
        r"..\..\label-studio\media\upload\4\1f-a.png",
        "https://host/data/upload/4/1f-a.png",
    ],
)
def test_label_studio_writes_paths_of_its_own(tmp_path: Path, picture: Picture, name: str) -> None:
    picture(tmp_path / "images/1f-a.png")
    write(tmp_path / "result.json", coco([image(0, name)], [mark(0, 0, [1, 2, 3, 4], 0)], {0: "f"}))
    (sample,) = load_dataset(tmp_path).samples
    assert sample.image == tmp_path / "images/1f-a.png"
    assert corners(sample) == [("f", (1, 2, 4, 6))]


def test_the_split_may_be_that_of_the_image_folder(tmp_path: Path, picture: Picture) -> None:
    for name in ("train/a.png", "valid/a.png", "rest/b.png"):
        picture(tmp_path / name)
    names = ("train/a.png", "valid/a.png", "rest/b.png")
    write(tmp_path / "all.json", coco([image(i, n) for i, n in enumerate(names)], []))
    assert [s.split for s in load_dataset(tmp_path).samples] == ["train", "val", None]


def test_images_may_lie_elsewhere(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "pictures/deep/a.png")
    file = write(
        tmp_path / "json/set.json", coco([image(1, "C:\\x\\a.png"), image(2, "b.png")], [])
    )
    with pytest.raises(DataError, match=r"set\.json: none of its images .*give --images FOLDER"):
        load_dataset(file)
    dataset = load_dataset(file, options=ImportOptions(images=tmp_path / "pictures"))
    assert [s.image for s in dataset.samples] == [tmp_path / "pictures/deep/a.png"]
    assert dataset.notes == ("1 image: listed, but without a file; left out (b.png)",)
    with pytest.raises(DataError, match="no such folder of images; correct --images"):
        load_dataset(file, options=ImportOptions(images=tmp_path / "none"))


def test_segmentations_stand_in_for_boxes(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png", 4, 3)
    bare = {"image_id": 1, "category_id": 1}
    content = coco(
        [image(1, "a.png", 4, 3)],
        [
            {**bare, "segmentation": [[0.5, 1, 2, 1, 2, 2.5]]},
            {**bare, "bbox": [], "segmentation": {"size": [3, 4], "counts": [4, 1, 7]}},
            {**bare, "bbox": [0, 0, 0, 0], "segmentation": [[1, 1, 3, 1, 3, 2]]},
        ],
    )
    write(tmp_path / "set.json", content)
    (sample,) = load_dataset(tmp_path).samples
    assert [box for _, box in corners(sample)] == [(0.5, 1, 2, 2.5), (1, 1, 2, 2), (1, 1, 3, 2)]


def test_boxes_follow_the_exif_turn_and_a_resize(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "turned.jpg", 40, 30, orientation=6)
    picture(tmp_path / "small.png", 20, 15)
    images = [image(1, "turned.jpg"), image(2, "small.png")]
    write(
        tmp_path / "set.json",
        coco(images, [mark(1, 1, [10, 4, 15, 5]), mark(2, 2, [10, 4, 15, 5])]),
    )
    samples = by_name(load_dataset(tmp_path))
    assert corners(samples["turned.jpg"]) == [("fracture", (21, 10, 26, 25))]
    assert corners(samples["small.png"]) == [("fracture", (5, 2, 12.5, 4.5))]


BASE = coco([image(1, "a.png"), image(2, "b.png")], [mark(5, 1, [1, 2, 3, 4])])


def changed(path: str, value: Any) -> Json:
    content: Any = copy.deepcopy(BASE)
    place = content
    *keys, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in keys:
        place = place[key]
    place[last] = value
    return dict(content)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("annotations.0.bbox", [1, 2, 3], "annotation 5: bbox is [1, 2, 3]; it must be [x, y,"),
        ("annotations.0.bbox", {"x": 1}, "annotation 5: bbox is {'x': 1}"),
        ("annotations.0.bbox", [1, 2, 3, float("nan")], "annotation 5: nan is not a number"),
        ("annotations.0.bbox", [1, 2, 3, None], "annotation 5: None is not a number"),
        ("annotations.0.bbox", None, "annotation 5: neither a bbox nor a segmentation"),
        ("annotations.0.image_id", 9, "annotation 5: no image has the id 9"),
        ("annotations.0.image_id", [1], "annotation 5: image_id is [1]"),
        ("annotations.0.category_id", 9, "annotation 5: no category has the id 9"),
        ("annotations.0", 3, "annotations[0]: 3 is no mapping"),
        ("annotations", {}, "not COCO: no list of annotations"),
        ("images.1.id", 1, "image 1: the id occurs twice in images"),
        ("images.1.id", None, "images[1]: id is None"),
        ("images.1.file_name", "a.png", "image 2: 'a.png' is image 1 already"),
        ("images.1.file_name", "./a.png", "image 2: './a.png' means"),
        ("images.1.file_name", "", "image 2: file_name is empty"),
        ("images.1.width", -3, "image 2: its size is -3 × 30"),
        ("images.1.width", "wide", "image 2: 'wide' is not a number"),
        ("images", [], "annotation 5: no image has the id 1"),
        ("categories.0.name", None, "category 1: name is None"),
        ("categories.0.supercategory", 1, "category 1: 1 is no text"),
        ("licenses", 3, "no list of licenses"),
    ],
)
def test_malformed_entries_are_named(
    tmp_path: Path, picture: Picture, path: str, value: Any, says: str
) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    file = write(tmp_path / "set.json", changed(path, value))
    with pytest.raises(DataError) as caught:
        load_dataset(file, "coco")
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_image_in_two_files_is_refused(plain: Path) -> None:
    write(
        plain / "annotations/instances_test.json",
        coco([image(1, "images/train/b.png")], []),
    )
    with pytest.raises(
        DataError, match=r"instances_train\.json, image 4: .*b\.png.*instances_test"
    ):
        load_dataset(plain)


def test_a_name_that_fits_two_images_is_refused(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "x/a.png")
    picture(tmp_path / "y/a.png")
    file = write(tmp_path / "set.json", coco([image(1, "/home/me/a.png")], []))
    with pytest.raises(DataError, match=r"set\.json, image 1: '/home/me/a\.png' may mean"):
        load_dataset(file)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"images": [', '{"images": [], "annotations": []}', '[{"images": [], "id": 1}]'],
)
def test_other_json_is_not_recognised(tmp_path: Path, text: str) -> None:
    (tmp_path / "set.json").write_text(text)
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path)
    with pytest.raises(DataError, match=r"set\.json"):
        load_dataset(tmp_path / "set.json", "coco")


def test_a_truncated_file_is_named_with_its_line(plain: Path) -> None:
    file = plain / "annotations/instances_train.json"
    file.write_text(json.dumps(json.loads(file.read_text()), indent=1)[:-200])
    with pytest.raises(DataError, match=r"instances_train\.json, line \d+: not JSON"):
        load_dataset(plain)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)
paths = st.sampled_from(
    [
        *("images", "annotations", "categories", "licenses", "info", "images.0", "annotations.0"),
        *(f"images.0.{key}" for key in ("id", "file_name", "width", "license", "attributes")),
        *(f"annotations.0.{key}" for key in ("id", "image_id", "category_id", "bbox", "iscrowd")),
        *("annotations.0.bbox.2", "annotations.0.segmentation", "categories.0.id"),
        *("categories.0.name", "categories.0.supercategory", "categories.0"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=paths, value=values)
def test_nothing_malformed_gives_anything_but_a_data_error(
    tmp_path: Path, picture: Picture, path: str, value: Any
) -> None:
    if not (tmp_path / "a.png").exists():
        picture(tmp_path / "a.png")
        picture(tmp_path / "b.png")
    file = write(tmp_path / "set.json", changed(path, value))
    try:
        dataset = load_dataset(file, "coco")
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert dataset.samples
        assert all(
            isinstance(value, str) for s in dataset.samples for value in s.attributes.values()
        )


@pytest.mark.shared
@pytest.mark.parametrize("place", ["COCO JSON", "COCO JSON/COCO_fracture_masks.json"])
def test_fracatlas_coco_is_what_its_importer_reads(shared_dir: Path, place: str) -> None:
    root = shared_dir / "data/fracatlas"
    dataset = load_dataset(
        root / "Annotations" / place, options=ImportOptions(images=root / "images")
    )
    fracatlas = by_name(load_dataset(root))
    assert len(dataset.samples) == 586
    for sample in dataset.samples:
        other = fracatlas[sample.image.name]
        assert sample.image == other.image
        assert [box for _, box in corners(sample)] == [box for _, box in corners(other)]
    parsed = expected(root / "Annotations/COCO JSON/COCO_fracture_masks.json")
    for name, sample in by_name(dataset).items():
        for (label, found), (name_read, read) in zip(corners(sample), parsed[name], strict=True):
            assert label == name_read
            assert found == pytest.approx(read, abs=1e-6)  # dust at the edge is cut
