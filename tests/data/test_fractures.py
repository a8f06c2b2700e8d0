"""Of several classes of boxes, the fractures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from detect.data.fractures import fractures_only
from detect.data.load import load_fractures
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError
from detect.record import Box

Picture = Callable[..., Path]
BOX = Box(0, 0, 1, 1)


def sample(fractured: bool | None, *labels: str, drawn: bool = True) -> Sample:
    boxes = tuple(LabelledBox(BOX, label) for label in labels) if drawn else None
    return Sample(Path("/set/a.png"), "train", None, fractured, boxes)


def only(given: Sample, classes: dict[str, str | None] | None = None) -> Sample:
    dataset = Dataset("set", Path("/set"), ("fx", "metal", "fracture"), (given,))
    mapped = fractures_only(dataset, classes or {})
    assert mapped.classes == ("fracture",)
    (one,) = mapped.samples
    assert all(entry.label == "fracture" for entry in one.boxes or ())
    return one


@pytest.mark.parametrize(
    ("given", "fractured", "boxes"),
    [
        (sample(None, "fracture", "metal"), True, 1),
        (sample(None, "metal"), False, 0),
        (sample(None), False, 0),
        (sample(None, drawn=False), None, None),
        (sample(True, drawn=False), True, None),
        (sample(True, "fracture", "metal"), True, 1),
        (sample(True, "metal"), True, None),  # where it is broken nobody has drawn
        (sample(False, "metal"), False, 0),
        (sample(False, "fracture"), False, 1),  # for the check to report
    ],
)
def test_other_boxes_go_and_labels_stay(
    given: Sample, fractured: bool | None, boxes: int | None
) -> None:
    one = only(given)
    assert one.fractured is fractured
    assert (None if one.boxes is None else len(one.boxes)) == boxes


def test_a_table_goes_over_the_names() -> None:
    table = {"fx": "fracture", "metal": None, "fracture": None}
    assert len(only(sample(None, "fx", "fx", "fracture"), table).boxes or ()) == 2
    assert only(sample(None, "fracture"), table).fractured is False


def yolo(root: Path, picture: Picture, names: str, label: str) -> Path:
    picture(root / "images" / "a.png")
    (root / "labels").mkdir()
    (root / "labels" / "a.txt").write_text(label)
    (root / "data.yaml").write_text(f"train: images\nnames: {names}\n")
    return root


def test_sets_of_other_classes_merge(tmp_path: Path, picture: Picture) -> None:
    first = yolo(tmp_path / "one", picture, "[metal, fracture]", "1 .5 .5 .5 .5\n0 .5 .5 .1 .1\n")
    second = yolo(tmp_path / "two", picture, "[crack]", "0 .5 .5 .5 .5\n")
    for table in ({}, {"metal": None, "fracture": "fracture", "crack": "fracture"}):
        merged = load_fractures([first, second], table)
        assert merged.classes == ("fracture",)
        assert [len(s.boxes or ()) for s in merged.samples] == [1, 1]
    assert "one: boxes of metal are not used, since it is no fracture: 1" in merged.notes
    with pytest.raises(DataError, match=r"two: crack: not in the recipe's classes"):
        load_fractures([first, second], {"metal": None, "fracture": "fracture"})
    with pytest.raises(DataError, match=r"text of the recipe's classes not among crack, fracture"):
        load_fractures([first, second], {"text": None})


def test_a_table_may_tell_of_a_detector_too(tmp_path: Path, picture: Picture) -> None:
    root = yolo(tmp_path / "one", picture, "[metal, fracture]", "1 .5 .5 .5 .5\n0 .5 .5 .1 .1\n")
    of_detector: dict[str, str | None] = {"wrist": "fracture", "text": None}
    told = load_fractures([root], of_detector, elsewhere=["wrist", "text"])
    assert [len(one.boxes or ()) for one in told.samples] == [1]  # by the names of the set
    both = {**of_detector, "metal": "fracture", "fracture": None}
    mapped = load_fractures([root], both, elsewhere=["wrist", "text"])
    assert "boxes of fracture are not used, since it is no fracture: 1" in mapped.notes
    with pytest.raises(DataError, match="text of the recipe's classes not among"):
        load_fractures([root], of_detector, elsewhere=["wrist"])
