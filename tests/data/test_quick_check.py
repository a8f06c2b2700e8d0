"""The check that decodes every image."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from detect.data.load import load_dataset
from detect.data.quick_check import CheckReport, quick_check
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.record import Box

Picture = Callable[..., Path]


def box(x1: float, y1: float, x2: float, y2: float, label: str = "fracture") -> LabelledBox:
    return LabelledBox(Box(x1, y1, x2, y2), label)


@pytest.fixture
def fit(tmp_path: Path, picture: Picture) -> list[Sample]:
    """Five samples with which nothing is wrong."""
    files = [picture(tmp_path / f"{seed}.png", 40, 30, seed) for seed in range(5)]
    boxes = (box(1, 2, 10, 20),)
    return [
        Sample(files[0], "train", "p0", True, boxes),
        Sample(files[1], "train", "p1", False, ()),
        Sample(files[2], "val", "p2", True, boxes),
        Sample(files[3], "val", "p3", False, ()),
        Sample(files[4], "test", "p4", None, None),
    ]


def check(samples: list[Sample]) -> CheckReport:
    return quick_check(Dataset("set", Path("/set"), ("fracture",), tuple(samples)), workers=2)


def kinds(report: CheckReport) -> list[str]:
    return [problem.kind for problem in report.problems]


def test_a_fit_dataset_has_no_problem(fit: list[Sample]) -> None:
    report = check(fit)
    assert report.problems == ()
    assert report.usable == tuple(fit)
    assert report.checked == 5
    assert report.leaks == ()


def test_each_image_is_reported_for_a_progress_bar(fit: list[Sample]) -> None:
    calls: list[int] = []
    dataset = Dataset("set", Path("/set"), ("fracture",), tuple(fit))
    one = quick_check(dataset, workers=1, on_image=lambda: calls.append(1))
    assert len(calls) == 5
    assert one == quick_check(dataset, workers=4)


def test_unreadable_files_are_left_out_with_the_balance_of_their_labels(
    fit: list[Sample], tmp_path: Path, picture: Picture
) -> None:
    broken = []
    for number, fractured in enumerate((False, False, True)):
        file = picture(tmp_path / f"cut{number}.jpg", 200, 200, 50 + number)
        file.write_bytes(file.read_bytes()[:3000])
        broken.append(Sample(file, "train", None, fractured, None))
    gone = Sample(tmp_path / "gone.png", "train", None, False, ())
    report = check([*fit, *broken, gone])
    truncated, missing = report.problems
    assert truncated.kind == missing.kind == "unreadable"
    assert truncated.line.startswith("3 files truncated; left out; 1 fractured, 2 not fractured")
    assert truncated.images == tuple(sample.image for sample in broken)
    assert missing.line.startswith("1 file not_found; left out; not fractured: gone.png")
    assert report.usable == tuple(fit)
    assert report.refused == (*broken, gone)
    assert report.checked == 9
    two = check([*fit, *broken[:2]])
    assert "all labelled not fractured: cut0.jpg, cut1.jpg" in two.problems[0].line


def replaced(fit: list[Sample], boxes: tuple[LabelledBox, ...], fractured: bool) -> list[Sample]:
    first = Sample(fit[0].image, "train", "p0", fractured, boxes)
    extra = Sample(fit[4].image, "train", "p4", True, (box(0, 0, 5, 5),))
    return [first, *fit[1:4], extra]


@pytest.mark.parametrize(
    ("boxes", "kind", "left"),
    [
        ((box(-5, 2, 50, 20),), "box_outside", (box(0, 2, 40, 20),)),
        ((box(45, 2, 50, 20),), "box_empty", None),
        ((box(5, 5, 5, 20), box(1, 1, 9, 9)), "box_empty", None),
        ((box(1, 1, 9, 9, "bone"),), "box_class", None),
        ((), "label_box", None),
    ],
)
def test_wrong_boxes_are_mended_or_not_used(
    fit: list[Sample],
    boxes: tuple[LabelledBox, ...],
    kind: str,
    left: tuple[LabelledBox, ...] | None,
) -> None:
    report = check(replaced(fit, boxes, fractured=True))
    assert kinds(report) == [kind]
    assert report.problems[0].images == (fit[0].image,)
    assert report.usable[0].boxes == left
    assert report.usable[0].fractured is True


def test_a_box_counts_more_than_the_label(fit: list[Sample]) -> None:
    report = check(replaced(fit, (box(1, 1, 9, 9),), fractured=False))
    assert kinds(report) == ["label_box"]
    assert report.usable[0].fractured is True


def test_a_group_in_two_splits_is_a_leak(fit: list[Sample]) -> None:
    fit[2] = Sample(fit[2].image, "val", "p0", True, fit[2].boxes)
    report = check(fit)
    (leak,) = report.leaks
    assert leak.line == "1 group in several splits: p0 in train and val"
    assert leak.images == (fit[0].image, fit[2].image)
    assert report.usable == tuple(fit)


def test_identical_files_stay_in_the_latest_split_only(fit: list[Sample], tmp_path: Path) -> None:
    copy = Path(shutil.copy(fit[2].image, tmp_path / "copy.png"))
    report = check([*fit, Sample(copy, "train", "p9", True, fit[2].boxes)])
    assert kinds(report) == ["duplicate_leak"]
    assert report.problems[0].line.endswith("2.png = copy.png")
    assert report.usable == tuple(fit)
    assert report.leaks == ()


def test_groups_that_copies_tie_are_told_and_stay(
    fit: list[Sample], tmp_path: Path, picture: Picture
) -> None:
    copy = Path(shutil.copy(fit[2].image, tmp_path / "copy.png"))
    other = Sample(picture(tmp_path / "o.png", 40, 30, 9), "train", "p9", False, ())
    report = check([*fit, Sample(copy, "train", "p9", True, fit[2].boxes), other])
    assert kinds(report) == ["duplicate_leak", "tied_groups"]
    tied = report.problems[1]
    assert (
        tied.line == "1 image of train in groups p9, which share files with groups p2 of val; kept"
    )
    assert tied.images == (other.image,)
    assert report.usable == (*fit, other)
    assert report.leaks == ()


def test_identical_files_in_one_split_are_reported_and_stay(
    fit: list[Sample], tmp_path: Path
) -> None:
    copy = Path(shutil.copy(fit[0].image, tmp_path / "copy.png"))
    report = check([*fit, Sample(copy, "train", "p0", True, fit[0].boxes)])
    assert kinds(report) == ["duplicate"]
    assert len(report.usable) == 6


def test_identical_files_with_different_labels_are_left_out(
    fit: list[Sample], tmp_path: Path
) -> None:
    labelled = replace(fit[4], fractured=True)
    copy = Path(shutil.copy(fit[4].image, tmp_path / "copy.png"))
    report = check([*fit[:4], labelled, Sample(copy, "test", "p4", False, ())])
    assert kinds(report) == ["duplicate_label"]
    assert report.usable == tuple(fit[:4])


def test_splits_that_cannot_serve_are_reported(fit: list[Sample]) -> None:
    lines = [problem.line for problem in check([fit[1], fit[2], fit[4]]).problems]
    assert lines == [
        "train: no image is labelled fractured",
        "train: no image has a box",
        "val: no image is labelled not fractured",
    ]
    unassigned = [Sample(s.image, None, None, s.fractured, s.boxes) for s in fit]
    report = check(unassigned)
    assert report.problems[0].kind == "no_split"
    assert report.problems[0].images == tuple(s.image for s in fit)


def test_several_frames_are_left_out(fit: list[Sample], tmp_path: Path) -> None:
    pages = [Image.new("L", (20, 20), shade) for shade in (10, 200)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    report = check([*fit, Sample(tmp_path / "pages.tif", "train", None, False, ())])
    assert kinds(report) == ["multi_frame"]
    assert "pages.tif: has several frames" in report.problems[0].line
    assert report.usable == tuple(fit)


@pytest.mark.shared
@pytest.mark.slow
def test_the_real_set(shared_dir: Path) -> None:
    report = quick_check(load_dataset(shared_dir / "data" / "fracatlas"))
    by_kind = {problem.kind: problem for problem in report.problems}
    assert set(by_kind) == {
        "unreadable",
        "label_box",
        "duplicate_leak",
        "duplicate",
        "tied_groups",
    }
    line = by_kind["unreadable"].line
    assert line.startswith("59 files truncated; left out; all labelled not fractured")
    assert "9 identical files in several splits" in by_kind["duplicate_leak"].line
    # the eleven copies that the split has put where training would see val or test
    splits = {s: sum(x.split == s for x in report.usable) for s in ("train", "val", "test")}
    assert splits == {"train": 2443, "val": 379, "test": 481}
    assert report.leaks == ()


def test_what_an_importer_found_contradictory_is_listed_with_its_image(fit: list[Sample]) -> None:
    what = "has a box, but its row says not fractured; the box counts"
    (problem,) = check([replace(fit[0], conflict=what), *fit[1:]]).problems
    assert (problem.kind, problem.images) == ("label_box", (fit[0].image,))
    assert what in problem.line


def test_an_unlabelled_copy_says_nothing_against_a_label(fit: list[Sample], tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    shutil.copy(fit[0].image, copy)
    report = check([*fit, Sample(copy, "train", None, None, None)])
    assert kinds(report) == ["duplicate"]
    assert {sample.image for sample in report.usable} >= {fit[0].image, copy}
