"""The lines that `data import` prints."""

from __future__ import annotations

from pathlib import Path

from detect.data.import_table import import_lines
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.record import Box

BOX = LabelledBox(Box(0, 0, 5, 5), "fracture")


def test_images_are_counted_as_training_sees_them() -> None:
    samples = (
        Sample(Path("/d/boxed.png"), "train", "a", None, (BOX,)),
        Sample(Path("/d/clean.png"), "train", "a", None, ()),
        Sample(Path("/d/yes.png"), "val", None, True, None),
        Sample(Path("/d/nothing.png"), None, "b", None, None),
    )
    dataset = Dataset("d", Path("/d"), ("fracture",), samples, notes=("one thing",))
    lines = list(import_lines(dataset))
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:5]}
    assert lines[0].split("  ")[0] == "split"
    assert rows == {
        "train": ["2", "1", "1", "0", "1", "1"],
        "val": ["1", "1", "0", "0", "0", "0"],
        "(none)": ["1", "0", "0", "1", "1", "0"],
        "all": ["4", "2", "1", "1", "2", "1"],
    }
    rest = lines[5:]
    assert rest[0] == "classes: fracture 1"
    assert rest[1].startswith("1 image with a label but no box annotation")
    assert rest[2] == "1 image with neither: they train nothing"
    assert rest[3].startswith("1 image of unknown patient or group")
    assert "note: one thing" in rest
    assert "note: 1 image: fractured, told by their boxes (boxed.png)" in rest
    (clean,) = (line for line in rest if "told by having no box" in line)
    assert clean.startswith("note: 1 image: not fractured") and clean.endswith("(clean.png)")


def test_classes_that_say_nothing_of_a_fracture_are_told() -> None:
    metal = LabelledBox(BOX.box, "metal")
    samples = (Sample(Path("/d/a.png"), "train", None, None, (metal,)),)
    lines = list(import_lines(Dataset("d", Path("/d"), ("metal", "cast"), samples)))
    assert any("no class speaks of a fracture" in line and "metal" in line for line in lines)
    lines = list(import_lines(Dataset("d", Path("/d"), ("metal", "fracture"), samples)))
    assert not any("no class speaks" in line for line in lines)
