"""Exports of Label Studio, JSON and JSON-MIN, with their dirt."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.data.forms import FORMS, form_of
from detect.data.load import load_dataset, load_fractures
from detect.data.sample import Dataset, Sample
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError

Picture = Callable[..., Path]
Json = dict[str, Any]
Make = Callable[..., Path]


def rectangle(label: str, x: float, y: float, w: float, h: float, **more: Any) -> Json:
    return {
        "id": f"{label}{x}{y}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 400,
        "original_height": 200,
        "image_rotation": 0,
        "value": {
            "x": x,
            "y": y,
            "width": w,
            "height": h,
            "rotation": 0,
            "rectanglelabels": [label],
        },
    } | more


def choice(*values: str, control: str = "verdict") -> Json:
    return {
        "id": f"c{control}",
        "type": "choices",
        "from_name": control,
        "to_name": "image",
        "value": {"choices": list(values)},
    }


def annotation(*result: Json, **more: Any) -> Json:
    return {
        "id": 1,
        "completed_by": 1,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2024-05-01T10:00:00.000000Z",
        "updated_at": "2024-05-01T10:00:00.000000Z",
        "result": list(result),
    } | more


def task(identity: int, image: str, *annotations: Json, **more: Any) -> Json:
    return {
        "id": identity,
        "annotations": list(annotations),
        "predictions": [],
        "data": {"image": image},
    } | more


@pytest.fixture
def make(tmp_path: Path, picture: Picture) -> Make:
    """Write pictures of 400 × 200 and an export: `make(tasks, *names)`."""

    def write(tasks: object, *names: str) -> Path:
        for seed, name in enumerate(names):
            picture(tmp_path / "set" / name, 400, 200, seed)
        (tmp_path / "set").mkdir(exist_ok=True)
        file = tmp_path / "set" / "project-1-at-2024-05-01-10-00-0a1b2c3d.json"
        file.write_text(json.dumps(tasks), encoding="utf-8")
        return tmp_path / "set"

    return write


def corners(sample: Sample) -> list[tuple[str, Any]]:
    return [(entry.label, pytest.approx(astuple(entry.box))) for entry in sample.boxes or ()]


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def only(dataset: Dataset) -> Sample:
    (sample,) = dataset.samples
    return sample


def test_percents_become_pixels_and_silence_is_no_annotation(make: Make) -> None:
    folder = make(
        [
            task(
                1,
                "/data/upload/1/0a1b2c3d-a.png",
                annotation(rectangle("fracture", 10, 20, 30, 40)),
            ),
            task(2, "/data/upload/1/1a1b2c3d-b.png", annotation()),
            task(3, "/data/upload/1/2a1b2c3d-c.png"),
            task(4, "/data/upload/1/3a1b2c3d-d.png", annotation(was_cancelled=True)),
        ],
        *("a.png", "b.png", "c.png", "d.png"),
    )
    assert form_of(folder).name == "label_studio"
    dataset = load_dataset(folder)
    samples = by_name(dataset)
    assert dataset.classes == ("fracture",)
    assert corners(samples["a.png"]) == [("fracture", (40, 40, 160, 120))]
    assert {name: (s.fractured, s.boxes) for name, s in samples.items() if name != "a.png"} == {
        "b.png": (None, ()),
        "c.png": (None, None),
        "d.png": (None, None),
    }
    assert "1 image: not annotated; label and boxes are unknown (c.png)" in dataset.notes
    assert any("skipped by the annotator" in note and "d.png" in note for note in dataset.notes)
    labels = {s.image.name: s.fractured for s in load_fractures([folder]).samples}
    assert labels == {"a.png": True, "b.png": False, "c.png": None, "d.png": None}


def test_the_file_itself_may_be_given(make: Make) -> None:
    folder = make([task(1, "a.png", annotation(rectangle("fracture", 0, 0, 10, 10)))], "a.png")
    (file,) = folder.glob("*.json")
    assert load_dataset(file).samples == load_dataset(folder).samples
    (folder / "second.json").write_text(file.read_text())
    with pytest.raises(DataError, match=r"one export .* not project-1.*, second\.json"):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("/data/upload/7/0a1b2c3d-a.png", "a.png"),
        ("/data/upload/7/0a1b2c3d-a.png", "0a1b2c3d-a.png"),
        ("/data/upload/7/0a1b2c3d-b_c_%C3%BC.png", "b c ü.png"),
        ("/data/upload/7/0a1b2c3d-hand_1.png", "hand (1).png"),
        ("upload/7/0a1b2c3d-a.png", "deep/er/a.png"),
        ("http://localhost:8080/data/upload/7/0a1b2c3d-a.png", "a.png"),
        ("/data/local-files/?d=study%201/hand/a.png", "study 1/hand/a.png"),
        ("/data/local-files/?d=/home/else/hand/a.png", "hand/a.png"),
        ("/storage-data/uploaded/?filepath=upload/7/0a1b2c3d-a.png", "a.png"),
        ("s3://bucket/hand/a.png", "hand/a.png"),
        ("https://host/hand/a.png?sig=1&d=", "a.png"),
        (r"C:\Users\else\hand\a.png", "hand/a.png"),
        ("hand/a.png", "hand/a.png"),
    ],
)
def test_images_are_found_by_whatever_names_them(make: Make, reference: str, name: str) -> None:
    content = [task(1, reference, annotation(rectangle("fracture", 0, 0, 10, 10)))]
    folder = make(content, name, "other/z.png")
    assert only(load_dataset(folder)).image == folder / name


def test_the_folder_of_a_local_file_decides_between_names(make: Make) -> None:
    content = [task(n, f"/data/local-files/?d=x/{n}/a.png", annotation()) for n in (1, 2)]
    folder = make(content, "1/a.png", "2/a.png")
    assert [s.image.parent.name for s in load_dataset(folder).samples] == ["1", "2"]


def test_images_may_lie_elsewhere(make: Make, picture: Picture, tmp_path: Path) -> None:
    folder = make([task(1, "a.png", annotation(rectangle("fracture", 0, 0, 50, 50)))])
    with pytest.raises(DataError, match=r"none of its images .*give --images FOLDER"):
        load_dataset(folder)
    picture(tmp_path / "pictures/a.png", 400, 200)
    options = ImportOptions(images=tmp_path / "pictures")
    assert corners(only(load_dataset(folder, options=options))) == [("fracture", (0, 0, 200, 100))]


def test_tasks_without_an_image_here_are_left_out_and_counted(make: Make) -> None:
    embedded = "data:image/png;base64," + "A" * 500
    folder = make([task(1, "a.png", annotation()), task(2, embedded, annotation())], "a.png")
    dataset = load_dataset(folder)
    assert len(dataset.samples) == 1
    assert any("not here; left out" in note and len(note) < 200 for note in dataset.notes)


@pytest.mark.parametrize("degrees", [30, 90, 135.5, 270, 359])
def test_a_turned_rectangle_becomes_the_box_around_it(make: Make, degrees: float) -> None:
    turned = rectangle("fracture", 50, 40, 20, 10)
    turned["value"]["rotation"] = degrees
    angle = math.radians(degrees)
    # in pixels: 80 × 20 at (200, 80), turned clockwise around that corner
    along, aside = (
        (80 * math.cos(angle), 80 * math.sin(angle)),
        (-20 * math.sin(angle), 20 * math.cos(angle)),
    )
    xs = [200, 200 + along[0], 200 + aside[0], 200 + along[0] + aside[0]]
    ys = [80, 80 + along[1], 80 + aside[1], 80 + along[1] + aside[1]]
    sample = only(load_dataset(make([task(1, "a.png", annotation(turned))], "a.png")))
    assert corners(sample) == [("fracture", (min(xs), min(ys), max(xs), max(ys)))]


def test_polygons_and_ellipses_become_the_boxes_around_them(make: Make) -> None:
    shapes = [
        {
            "type": "polygonlabels",
            "value": {"points": [[10, 20], [30, 10], [20, 60]], "polygonlabels": ["a"]},
        },
        {
            "type": "ellipselabels",
            "value": {
                "x": 50,
                "y": 50,
                "radiusX": 10,
                "radiusY": 10,
                "rotation": 90,
                "ellipselabels": ["b"],
            },
        },
    ]
    result = [shape | {"original_width": 400, "original_height": 200} for shape in shapes]
    sample = only(load_dataset(make([task(1, "a.png", annotation(*result))], "a.png")))
    # radii of 40 and 20 pixels, turned by a right angle
    assert corners(sample) == [("a", (40, 20, 120, 120)), ("b", (180, 60, 220, 140))]


def test_a_shape_may_have_its_labels_in_another_entry(make: Make) -> None:
    value = {"x": 0, "y": 0, "width": 50, "height": 50}
    shape = {"id": "r", "type": "rectangle", "from_name": "box", "value": value}
    labels = {"id": "r", "type": "labels", "from_name": "l", "value": value | {"labels": ["metal"]}}
    about = {
        "id": "r",
        "type": "choices",
        "from_name": "verdict",
        "value": value | {"choices": ["Normal"]},
    }
    text = {"id": "r", "type": "textarea", "from_name": "why", "value": {"text": ["unclear"]}}
    arrow = {"type": "relation", "from_id": "r", "to_id": "q", "direction": "right"}
    result = annotation(shape, labels, about, text, arrow)
    sample = only(load_dataset(make([task(1, "a.png", result)], "a.png")))
    assert corners(sample) == [("metal", (0, 0, 200, 100))]
    assert (sample.fractured, sample.attributes) == (None, {})


def test_what_is_drawn_without_labels_counts_as_the_one_class(make: Make) -> None:
    shape = {"id": "r", "type": "rectangle", "value": {"x": 0, "y": 0, "width": 50, "height": 50}}
    dataset = load_fractures([make([task(1, "a.png", annotation(shape))], "a.png")])
    assert only(dataset).fractured is True


def brush(width: int, height: int, painted: list[tuple[int, int]]) -> list[int]:
    """Return run lengths as Label Studio's editor writes them: literals of 8 bits, one size."""
    alpha = {y * width + x for x, y in painted}
    bits = f"{width * height * 4:032b}" + f"{7:05b}" + f"{7:04b}" * 4
    for pixel in range(width * height):
        if pixel % 2:  # a run of the same value
            bits += "1" + "01" + f"{3:08b}" + f"{255 if pixel in alpha else 0:08b}"
        else:  # each value for itself
            bits += "0" + "10" + f"{3:08b}" + f"{0:08b}" * 3 + f"{9 if pixel in alpha else 0:08b}"
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def painted(rle: object, width: int = 20, height: int = 10) -> Json:
    return {
        "id": "p",
        "type": "brushlabels",
        "original_width": width,
        "original_height": height,
        "value": {"format": "rle", "rle": rle, "brushlabels": ["fracture"]},
    }


def test_a_painted_region_becomes_the_box_around_it(make: Make) -> None:
    result = annotation(painted(brush(20, 10, [(3, 2), (4, 2), (8, 6)])))
    sample = only(load_dataset(make([task(1, "a.png", result)], "a.png")))
    # painted on a copy of 20 × 10
    assert corners(sample) == [("fracture", (60, 40, 180, 140))]


def test_an_empty_painting_is_no_box(make: Make) -> None:
    dataset = load_dataset(
        make([task(1, "a.png", annotation(painted(brush(20, 10, []))))], "a.png")
    )
    assert only(dataset).boxes == ()
    assert any("painted region is empty" in note for note in dataset.notes)


def test_a_place_without_a_box_leaves_the_verdict(make: Make) -> None:
    point = {
        "id": "k",
        "type": "keypointlabels",
        "value": {"x": 5, "y": 5, "width": 1, "keypointlabels": ["fracture"]},
    }
    result = annotation(point, rectangle("metal", 0, 0, 10, 10))
    dataset = load_dataset(make([task(1, "a.png", result)], "a.png"))
    assert (only(dataset).fractured, only(dataset).boxes) == (True, None)
    assert any("keypointlabels, which is no box" in note for note in dataset.notes)


def test_choices_are_labels_or_attributes(make: Make) -> None:
    contents = {
        "a.png": [choice("Fractured"), rectangle("fracture", 0, 0, 10, 10)],
        "b.png": [choice("Normal"), choice("lateral", control="view")],
        "c.png": [choice("unsure")],
        "d.png": [choice("Fractured")],
        "e.png": [choice("Fractured", "Normal")],
        "f.png": [choice("lateral", "oblique", control="view")],
        "g.png": [choice("yes", control="has_fracture")],
        "h.png": [choice("yes", control="hardware")],
    }
    tasks = [
        task(n, name, annotation(*result)) for n, (name, result) in enumerate(contents.items())
    ]
    dataset = load_dataset(make(tasks, *contents))
    assert {
        n: (s.fractured, s.boxes and "boxes", dict(s.attributes))
        for n, s in by_name(dataset).items()
    } == {
        "a.png": (True, "boxes", {}),
        "b.png": (False, (), {"view": "lateral"}),
        "c.png": (None, None, {}),
        "d.png": (True, None, {}),
        "e.png": (None, None, {}),
        "f.png": (None, (), {"view": "lateral, oblique"}),
        "g.png": (True, None, {}),
        "h.png": (None, (), {"hardware": "yes"}),
    }
    assert any("e.png" in note and "fractured and not" in note for note in dataset.notes)


def test_a_project_that_draws_nothing_says_nothing_of_boxes(make: Make) -> None:
    tasks = [
        task(1, "a.png", annotation(choice("lateral", control="view"))),
        task(2, "b.png", annotation(choice("oblique", control="view"))),
    ]
    samples = load_fractures([make(tasks, "a.png", "b.png")]).samples
    assert [(s.fractured, s.boxes) for s in samples] == [(None, None)] * 2


def test_what_choices_mean_may_be_said(make: Make) -> None:
    tasks = [
        task(1, "a.png", annotation(choice("Ja"))),
        task(2, "b.png", annotation(choice("Nein"))),
    ]
    folder = make(tasks, "a.png", "b.png")
    options = ImportOptions(values={"ja": "yes", "nein": "no"})
    assert [s.fractured for s in load_dataset(folder, options=options).samples] == [True, False]
    assert [s.attributes for s in load_dataset(folder).samples] == [
        {"verdict": "Ja"},
        {"verdict": "Nein"},
    ]
    with pytest.raises(InputError, match="must say yes, no, unknown"):
        load_dataset(folder, options=ImportOptions(values={"ja": "sure"}))


def test_of_several_annotations_the_ground_truth_counts_else_the_latest(make: Make) -> None:
    early, late = "2024-05-01T10:00:00.000000Z", "2024-05-02T10:00:00.000000Z"
    first, second = rectangle("fracture", 0, 0, 10, 10), rectangle("fracture", 50, 50, 10, 10)
    tasks = [
        task(1, "a.png", annotation(second, updated_at=late), annotation(first, updated_at=early)),
        task(
            2,
            "b.png",
            annotation(first, ground_truth=True, updated_at=early),
            annotation(updated_at=late),
        ),
        task(3, "c.png", annotation(updated_at=late), annotation(second, updated_at=late)),
        task(
            4, "d.png", annotation(first), annotation(second, was_cancelled=True, updated_at=late)
        ),
        task(5, "e.png", annotation(first, updated_at=early)),
        task(6, "/data/upload/2/0a1b2c3d-e.png", annotation(second, updated_at=late)),
    ]
    dataset = load_dataset(make(tasks, "a.png", "b.png", "c.png", "d.png", "e.png"))
    lefts = {n: s.boxes[0].box.x1 for n, s in by_name(dataset).items() if s.boxes}
    assert lefts == {"a.png": 200, "b.png": 0, "c.png": 200, "d.png": 0, "e.png": 200}
    assert (
        "4 images: annotated several times; the ground truth counts, else the latest "
        "(a.png, b.png, c.png, e.png)"
    ) in dataset.notes
    assert any("another has none (b.png, c.png)" in note for note in dataset.notes)


def test_predictions_are_no_truth(make: Make) -> None:
    guess = {"model_version": "1", "result": [rectangle("fracture", 0, 0, 10, 10)]}
    dataset = load_dataset(make([task(1, "a.png", predictions=[guess])], "a.png"))
    assert only(dataset).boxes is None
    assert any("predictions of a model" in note for note in dataset.notes)


def test_completions_of_old_versions_are_read(make: Make) -> None:
    old = {
        "id": 1,
        "data": {"image": "a.png"},
        "completions": [
            {"created_at": 1600000001, "result": [rectangle("fracture", 0, 0, 10, 10)]},
            {"created_at": 1600000000, "result": []},
            {"created_at": 1600000002, "result": [], "skipped": True},
        ],
    }
    assert len(only(load_dataset(make([old], "a.png"))).boxes or ()) == 1


def test_the_image_may_have_another_key_and_a_patient(make: Make) -> None:
    data = {"xray": "/data/upload/1/0a1b2c3d-a.png", "Patient_ID": 17, "report": "a fall"}
    sample = only(load_dataset(make([task(1, "", annotation(), data=data)], "a.png")))
    assert (sample.image.name, sample.group) == ("a.png", "17")


def test_sizes_that_are_not_the_image_s(make: Make, picture: Picture) -> None:
    mark = {"value": {"x": 10, "y": 20, "width": 30, "height": 40, "rectanglelabels": ["fracture"]}}
    sizes = {
        "same.png": (400, 200),
        "resized.png": (800, 400),
        "turned.png": (400, 200),  # before the EXIF turn: 200 × 400 is shown
        "seen.png": (200, 400),  # after it, as browsers state it
        "other.png": (300, 300),
    }
    tasks = [
        task(
            n,
            name,
            annotation(
                rectangle("", 0, 0, 0, 0) | mark | {"original_width": w, "original_height": h}
            ),
        )
        for n, (name, (w, h)) in enumerate(sizes.items())
    ]
    folder = make(tasks, *sizes)
    for name in ("turned.png", "seen.png"):
        picture(folder / name, 400, 200, orientation=6)
    dataset = load_dataset(folder)
    assert {name: corners(sample) for name, sample in by_name(dataset).items()} == {
        "same.png": [("fracture", (40, 40, 160, 120))],
        "resized.png": [("fracture", (40, 40, 160, 120))],
        "turned.png": [("fracture", (80, 40, 160, 160))],
        "seen.png": [("fracture", (20, 80, 80, 240))],
        "other.png": [],
    }
    assert by_name(dataset)["other.png"].boxes is None
    for name in ("resized.png", "turned.png", "other.png"):
        assert any(name in note for note in dataset.notes)


def test_without_a_stated_size_that_of_the_file_counts(make: Make) -> None:
    bare = rectangle("fracture", 10, 20, 30, 40)
    del bare["original_width"], bare["original_height"]
    folder = make(
        [task(1, "a.png", annotation(bare)), task(2, "b.png", annotation(bare))], "a.png", "b.png"
    )
    (folder / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    dataset = load_dataset(folder)
    assert corners(by_name(dataset)["a.png"]) == [("fracture", (40, 40, 160, 120))]
    assert (by_name(dataset)["b.png"].fractured, by_name(dataset)["b.png"].boxes) == (True, None)


def short(image: str, identity: int | None = 1, **outputs: Any) -> Json:
    return {
        "image": image,
        "id": 1,
        **outputs,
        "annotator": 1,
        "annotation_id": identity,
        "created_at": "2024-05-01T10:00:00.000000Z",
        "updated_at": "2024-05-01T10:00:00.000000Z",
        "lead_time": 4.2,
    }


def test_json_min(make: Make) -> None:
    shape = {
        "x": 10,
        "y": 20,
        "width": 30,
        "height": 40,
        "rotation": 0,
        "original_width": 400,
        "original_height": 200,
    }
    polygon = {"points": [[0, 0], [10, 0], [10, 10]], "polygonlabels": ["metal"]}
    tasks = [
        short(
            "/data/upload/1/0a1b2c3d-a.png",
            label=[shape | {"rectanglelabels": ["fracture"]}],
            poly=[polygon],
        ),
        short(
            "/data/upload/1/0a1b2c3d-b.png", verdict="Normal", comment="Nothing", age=40, tags=["x"]
        ),
        short("/data/upload/1/0a1b2c3d-c.png", None),
        short("/data/upload/1/0a1b2c3d-d.png", views={"choices": ["lateral", "oblique"]}),
    ]
    dataset = load_dataset(make(tasks, "a.png", "b.png", "c.png", "d.png"))
    samples = by_name(dataset)
    assert corners(samples["a.png"]) == [
        ("fracture", (40, 40, 160, 120)),
        ("metal", (0, 0, 40, 20)),
    ]
    assert (samples["b.png"].fractured, samples["b.png"].boxes) == (False, ())
    assert samples["b.png"].attributes == {}
    assert samples["c.png"].boxes is None
    assert samples["d.png"].attributes == {"views": "lateral, oblique"}


@pytest.mark.parametrize(
    "content",
    [
        {"images": [], "annotations": [], "categories": []},
        [{"image": "a.jpg", "annotations": [{"label": "fracture", "coordinates": {}}]}],  # CreateML
        [1, 2],
        [],
    ],
)
def test_other_json_is_not_taken_for_an_export(make: Make, content: object) -> None:
    folder = make(content)
    assert "label_studio" not in [form.name for form in FORMS if form.recognise(folder)]


def broken(**value: Any) -> Json:
    mark = rectangle("fracture", 1, 1, 1, 1)
    mark["value"] |= value
    return mark


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"id": 1}, "no list of tasks"),
        ([3], "[0]: 3 is no task"),
        ([task(7, "a.png", data="a.png")], "task 7: data is no mapping"),
        ([task(7, "a.png", data={"text": "hello"})], "task 7: its data (text) names no image"),
        ([task(7, "a.png", data={"pages": ["a.png"]})], "make a task for each image"),
        (
            [task(7, "", data={"front": "a.png", "side": "b.png"})],
            "names several images (front, side)",
        ),
        ([task(7, "a.png", annotations={})], "none of its images"),
        ([task(7, "a.png", annotations={"a": 1})], "task 7: annotations is no list"),
        ([task(7, "a.png", annotations=[12])], "task 7: an annotation is 12"),
        ([task(7, "a.png", annotation(result="x"))], "task 7: result is no list"),
        ([task(7, "a.png", {"result": [1]})], "task 7, result[0]: 1 is no mapping"),
        ([task(7, "a.png", {"result": [{"type": "choices", "value": 1}]})], "value is 1"),
        (
            [task(7, "a.png", annotation(choice() | {"value": {"choices": [1]}}))],
            "no list of texts",
        ),
        ([task(7, "b.png", annotation(broken(x="far")))], "result[0], x: 'far' is not a number"),
        ([task(7, "b.png", annotation(broken(width=None)))], "width: None is not a number"),
        ([task(7, "b.png", annotation(broken(rotation="left")))], "rotation: 'left'"),
        ([task(7, "b.png", annotation(broken(points=[[1, 2, 3]])))], "points is no list of [x, y]"),
        ([task(7, "b.png", annotation(rectangle("f", 1, 1, 1, 1, original_width=0)))], "0 × 200"),
        ([task(7, "b.png", annotation(painted([999])))], "rle is no list of bytes"),
        ([task(7, "b.png", annotation(painted("text")))], "rle is no list of bytes"),
        (
            [task(7, "b.png", annotation(painted(brush(10, 10, []))))],
            "rle is not of 20 × 10 pixels",
        ),
        ([task(7, "b.png", annotation(painted(brush(20, 10, [])[:-9])))], "rle ends too early"),
    ],
)
def test_malformed_tasks_are_named(make: Make, content: Any, says: str) -> None:
    folder = make(content, "b.png")
    with pytest.raises(DataError) as caught:
        load_dataset(next(folder.glob("*.json")), form="label_studio")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_images_of_the_same_stored_name_are_not_guessed(make: Make) -> None:
    content = [task(1, "/data/upload/1/0a1b2c3d-hand_1.png", annotation())]
    with pytest.raises(DataError, match=r"task 1: .* may mean .*; rename one of them"):
        load_dataset(make(content, "hand 1.png", "x/hand (1.png"))


OVAL = {"x": 5, "y": 5, "radiusX": 1, "radiusY": 2, "ellipselabels": ["a"]}
OUTLINE = {"points": [[1, 2], [3, 4], [5, 6]], "polygonlabels": ["b"]}
BASE = [
    task(
        1,
        "/data/upload/1/0a1b2c3d-a.png",
        annotation(
            rectangle("fracture", 1, 2, 3, 4),
            painted(brush(20, 10, [(3, 2)]), 20, 10) | {"original_width": 20},
            {"id": "e", "type": "ellipselabels", "value": OVAL},
            {"id": "o", "type": "polygonlabels", "value": OUTLINE},
            choice("Fractured"),
        ),
    ),
    short("a.png", label=[OUTLINE], verdict="Normal"),
]


def places(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to everything in a JSON value, but into run lengths."""
    if path:
        yield path
    if isinstance(content, dict):
        for key, value in content.items():
            yield from places(value, (*path, key))
    elif isinstance(content, list) and (not path or path[-1] != "rle"):
        for place, value in enumerate(content):
            yield from places(value, (*path, place))


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.sampled_from(list(places(BASE))), value=values)
def test_nothing_malformed_gives_anything_but_a_data_error(
    make: Make, place: tuple[str | int, ...], value: Any
) -> None:
    content: Any = copy.deepcopy(BASE)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    folder = make(content, "a.png")
    try:
        dataset = load_dataset(next(folder.glob("*.json")), form="label_studio")
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert [s.image.name for s in dataset.samples] == ["a.png"]
        boxes = [entry.box for s in dataset.samples for entry in s.boxes or ()]
        assert all(box.x1 < box.x2 and box.y1 < box.y2 for box in boxes)
