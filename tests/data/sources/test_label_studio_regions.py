"""What is drawn in Label Studio, and what is malformed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from label_studio_json import Json, annotation, by_name, choice, corners, only, rectangle, task

from detect.data.load import load_dataset, load_fractures
from detect.errors import DataError

Picture = Callable[..., Path]
Make = Callable[..., Path]


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
    assert any("'keypointlabels', which is no box" in note for note in dataset.notes)


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
        ([task(7, "a.png", data={"text": "hello"})], "task 7: its data, 'text', names no image"),
        ([task(7, "a.png", data={"pages": ["a.png"]})], "make a task for each image"),
        (
            [task(7, "", data={"front": "a.png", "side": "b.png"})],
            "names several images, 'front', 'side'",
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
    {"id": 1, "image": "a.png", "label": [OUTLINE], "verdict": "Normal", "annotation_id": 3},
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
@example(place=(0,), value={"\n": None})
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
