"""Exports of Label Studio, JSON and JSON-MIN: images, labels, several annotators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from label_studio_json import Json, annotation, by_name, choice, corners, only, rectangle, task

from detect.data.forms import FORMS, form_of
from detect.data.load import load_dataset, load_fractures
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError

Picture = Callable[..., Path]
Make = Callable[..., Path]


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


def test_images_of_the_same_stored_name_are_not_guessed(make: Make) -> None:
    content = [task(1, "/data/upload/1/0a1b2c3d-hand_1.png", annotation())]
    with pytest.raises(DataError, match=r"task 1: .* may mean .*; rename one of them"):
        load_dataset(make(content, "hand 1.png", "x/hand (1.png"))
