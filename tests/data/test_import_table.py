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
    assert rest[1].startswith("1 images with a label but no box annotation")
    assert rest[2] == "1 images with neither: they train nothing"
    assert rest[3].startswith("1 images of unknown patient or group")
    assert "note: one thing" in rest
