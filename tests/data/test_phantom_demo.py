"""The demo folder: eight small pictures that a command makes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.data.canonical import read_dataset
from detect.data.phantom import DEMO, DemoPicture, render_phantom, write_demo
from detect.read import read

SIZE_LIMIT = 1_700_000  # bytes: it is kept in the repository


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


def test_it_is_a_small_dataset_of_four_fractured_and_four_intact(demo: Path) -> None:
    samples = read_dataset(demo).samples
    assert [sample.fractured for sample in samples].count(True) == 4
    assert len(samples) == 8
    assert {sample.image.suffix for sample in samples} == {".png", ".dcm"}
    assert sum(file.stat().st_size for file in demo.iterdir()) < SIZE_LIMIT
    for sample in samples:
        state = "fractured" if sample.fractured else "intact"
        assert f"_{state}_" in sample.image.name
        assert bool(sample.boxes) == sample.fractured


def test_our_reader_reads_all_of_it(demo: Path) -> None:
    for sample in read_dataset(demo).samples:
        (radiograph,) = read(sample.image, sample.image.name)
        assert radiograph.pixels.shape == (454, 373)


def test_the_readme_lists_what_lies_there_and_how_it_was_made(demo: Path) -> None:
    readme = (demo / "README.md").read_text(encoding="utf-8")
    for picture, sample in zip(DEMO, read_dataset(demo).samples, strict=True):
        assert f"`{sample.image.name}`" in readme
        assert f"| {picture.seed} |" in readme
    assert "CC0 1.0" in readme
    assert "python cli.py data phantom datasets/demo --demo --overwrite" in readme


def test_other_seeds_can_be_given(tmp_path: Path) -> None:
    pictures = [DemoPicture("hand", True, 3), DemoPicture("hand", True, 4)]
    samples = read_dataset(write_demo(tmp_path, pictures)).samples
    assert [sample.image.name for sample in samples] == [
        "phantom_hand_fractured_01.png",
        "phantom_hand_fractured_02.png",
    ]
    assert samples[1].boxes is not None
    expected = render_phantom(4, fractured=True, region="hand").boxes
    assert tuple(entry.box for entry in samples[1].boxes) == expected
