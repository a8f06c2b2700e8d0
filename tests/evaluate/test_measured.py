"""The rule for what is measured on."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.evaluate.measured import measured_samples
from detect.record import Box


def test_unreadable_files_count_and_copies_do_not(tmp_path: Path) -> None:
    def sample(name: str, shade: int, split: str, fractured: bool = False) -> Sample:
        Image.new("L", (40, 30), shade).save(tmp_path / name)
        return Sample(tmp_path / name, split, None, fractured, None if fractured else ())

    boxes = (LabelledBox(Box(1, 1, 9, 9), "fracture"),)
    (tmp_path / "gone.png").write_bytes(b"")
    gone = Sample(tmp_path / "gone.png", "val", None, False, boxes)
    samples = (
        sample("a.png", 10, "val"),
        gone,
        sample("b.png", 20, "val", fractured=True),
        sample("c.png", 30, "val"),
        sample("b-again.png", 20, "test", fractured=True),
        sample("c-again.png", 30, "train", fractured=True),
    )
    dataset = Dataset("set", tmp_path, ("fracture",), samples)
    report = quick_check(dataset, workers=2)

    measured, left_out = measured_samples(dataset, report, "val")
    assert [sample.image.name for sample in measured] == ["a.png", "gone.png"]
    assert measured[1].fractured is True  # its box counts, also when its pixels are lost
    assert left_out == {"duplicate_label": 1, "duplicate_leak": 1}
    assert [s.image.name for s in measured_samples(dataset, report, "test")[0]] == ["b-again.png"]
