"""Everything that the thorough check finds, and the dataset that it cleans."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detect.data.check_report import FullReport, Problem
from detect.data.fix import LEAVE_OUT, LeaveOut, clean, still_tied
from detect.data.full_check import full_check
from detect.data.load import load_dataset
from detect.data.phantom.render import render_phantom
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError
from detect.record import Box

SIZE = (160, 128)
FRACTURES = (LabelledBox(Box(10, 10, 40, 40), "fracture"),)


def grey(seed: int) -> NDArray[np.uint8]:
    pixels = render_phantom(seed, fractured=seed % 2 == 0, size=SIZE).pixels
    return (pixels >> 8).astype(np.uint8)


@pytest.fixture(scope="session")
def phantoms() -> list[NDArray[np.uint8]]:
    """Eight radiographs of eight people."""
    return [grey(seed) for seed in range(8)]


@pytest.fixture
def fit(tmp_path: Path, phantoms: list[NDArray[np.uint8]]) -> list[Sample]:
    """Eight samples with which nothing is wrong: two test, two val, four train."""
    samples = []
    for seed, split in enumerate(["test"] * 2 + ["val"] * 2 + ["train"] * 4):
        image = tmp_path / "images" / f"{seed}.png"
        image.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(image), phantoms[seed])
        fractured = seed % 2 == 0
        samples.append(Sample(image, split, f"p{seed}", fractured, FRACTURES if fractured else ()))
    return samples


def dataset_of(samples: Sequence[Sample], classes: tuple[str, ...] = ("fracture",)) -> Dataset:
    root = samples[0].image.parent.parent
    return Dataset("set", root, classes, tuple(samples))


def check(samples: Sequence[Sample], classes: tuple[str, ...] = ("fracture",)) -> FullReport:
    return full_check(dataset_of(samples, classes), workers=2)


def of(report: FullReport, kind: str) -> Problem:
    (problem,) = [problem for problem in report.problems if problem.kind == kind]
    return problem


def altered(image: Path, split: str, name: str = "copy.jpg", **known: object) -> Sample:
    """The same exposure in another file: mirrored, half as large, darker, as JPEG."""
    pixels = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)
    pixels = cv2.resize(pixels[:, ::-1], None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    file = image.parent / name
    assert cv2.imwrite(str(file), (pixels * 0.8).astype(np.uint8))
    return replace(Sample(file, split, None, None, None), **known)  # type: ignore[arg-type]


def test_a_fit_dataset_has_no_problem_and_is_left_alone(fit: list[Sample]) -> None:
    calls: list[int] = []
    report = full_check(dataset_of(fit), workers=1, on_image=lambda: calls.append(1))
    assert report.problems == report.leaks == ()
    assert len(calls) == 8
    assert clean(report) == (report.dataset, ())
    assert report == full_check(dataset_of(fit), workers=4)


def test_the_quick_check_is_part_of_it(fit: list[Sample]) -> None:
    fit[2] = replace(fit[2], group="p4")
    fit[5] = replace(fit[5], boxes=FRACTURES)
    report = check(fit)
    assert report.quick == quick_check(dataset_of(fit))
    assert report.problems[:2] == report.quick.problems
    assert [problem.kind for problem in report.leaks] == ["group_leak"]
    assert report.leaks[0].sets == ((fit[2].image, fit[4].image),)


def test_the_same_exposure_in_two_splits_is_a_leak_that_cleaning_mends(fit: list[Sample]) -> None:
    copy = altered(fit[0].image, "train", group="new", fractured=True)
    neighbour = replace(fit[5], group="new")
    fit = [*fit[:5], neighbour, *fit[6:], copy]
    report = check(fit)
    leak, tied = report.leaks
    assert leak.kind == "near_duplicate_leak"
    assert leak.sets == ((fit[0].image, copy.image),)
    assert leak.line == (
        "1 picture in several splits in files that differ: 0.png (test) ~ copy.jpg (train)"
    )
    assert (tied.kind, tied.images) == ("tied_groups", (neighbour.image,))
    assert "share nearly the same pictures with groups p0 of test" in tied.line
    cleaned, lines = clean(report)
    assert lines == (
        "images/5.png: its group new shares pictures with test, maybe by way of other groups; "
        "left out of train",
        "images/copy.jpg: same picture as images/0.png in test; left out of train",
    )
    assert cleaned.samples == (*fit[:5], *fit[6:8])
    assert full_check(cleaned).leaks == ()


def test_copies_alone_can_be_left_out_and_what_they_tie_is_told(fit: list[Sample]) -> None:
    copy = altered(fit[0].image, "train", group="new", fractured=True)
    neighbour = replace(fit[5], group="new")
    fit = [*fit[:5], neighbour, *fit[6:], copy]
    report = check(fit)
    cleaned, lines = clean(report, "copies")
    assert lines == ("images/copy.jpg: same picture as images/0.png in test; left out of train",)
    assert cleaned.samples == tuple(fit[:8])
    assert full_check(cleaned).leaks == ()
    (tied,) = still_tied(report, cleaned)
    assert (tied.kind, tied.images) == ("tied_groups", (neighbour.image,))
    line = "1 image of train in groups new, which share pictures with groups p0 of test; kept"
    assert tied.line == line
    assert cleaned.notes == ("cleaned: 1 image left out, 0 changed", line)
    assert still_tied(report, clean(report)[0]) == ()


def test_a_group_in_two_splits_is_parted_though_copies_alone_are_left_out(
    fit: list[Sample],
) -> None:
    # 2.png (val) is of a group in test, so the copy of it in train need not go
    fit[2] = replace(fit[2], group="p0")
    copy = altered(fit[2].image, "train", group="new", fractured=True)
    cleaned, lines = clean(check([*fit, copy]), "copies")
    assert lines == ("images/2.png: group p0 is in test, too; left out of val",)
    assert cleaned.samples == (*fit[:2], *fit[3:], copy)
    assert full_check(cleaned).leaks == ()


def test_copies_that_contradict_one_another_are_left_out(fit: list[Sample]) -> None:
    near = altered(fit[4].image, "train", fractured=False)
    exact = Path(shutil.copy(fit[0].image, fit[0].image.parent / "exact.png"))
    same = Sample(exact, "train", None, False, ())
    report = check([*fit, near, same])
    assert of(report, "near_duplicate_label").sets == ((fit[4].image, near.image),)
    assert of(report, "near_duplicate").images == (fit[4].image, near.image)
    # the quick check leaves such copies out; as the dataset stands, they leak
    leak = of(report, "duplicate_leak")
    assert leak.sets == ((fit[0].image, exact),)
    assert leak.line.endswith("0.png (test, fractured) = exact.png (train, not fractured)")
    cleaned, lines = clean(report)
    assert [sample.image.name for sample in cleaned.samples] == [
        f"{n}.png" for n in (1, 2, 3, 5, 6, 7)
    ]
    assert "images/4.png: same picture as images/copy.jpg, with another label; left out" in lines
    assert "images/exact.png: same file as images/0.png, with another label; left out" in lines


def test_copies_are_compared_by_the_labels_that_count(fit: list[Sample]) -> None:
    # a box of a fracture counts more than the label beside it
    boxed = altered(fit[5].image, "train", "boxed.jpg", fractured=False, boxes=FRACTURES)
    exact = Path(shutil.copy(fit[0].image, fit[0].image.parent / "exact.png"))
    same = Sample(exact, "train", None, False, FRACTURES)
    report = check([*fit, boxed, same])
    assert of(report, "near_duplicate_label").sets == ((fit[5].image, boxed.image),)
    assert "boxed.jpg (fractured)" in of(report, "near_duplicate_label").line
    assert of(report, "duplicate_leak").sets == ((fit[0].image, exact),)  # told once
    cleaned, _ = clean(report)
    assert [sample.image.name for sample in cleaned.samples] == [
        f"{n}.png" for n in (0, 1, 2, 3, 4, 6, 7)
    ]
    assert not any("label" in problem.kind for problem in full_check(cleaned).problems)


def test_other_classes_are_checked_and_contradict_no_label(fit: list[Sample]) -> None:
    metal = LabelledBox(Box(100, 50, 140, 80), "metal")
    gone = LabelledBox(Box(300, 0, 310, 10), "metal")
    fit[5] = replace(fit[5], boxes=(metal,))  # not fractured, as it should be
    fit[4] = replace(fit[4], boxes=(*FRACTURES, gone))
    fit[6] = replace(fit[6], fractured=None)
    fit[7] = replace(fit[7], fractured=None, boxes=(gone,))
    report = check(fit, ("fracture", "metal"))
    assert [problem.kind for problem in report.problems] == ["box_empty", "box_outside"]
    assert of(report, "box_empty").images == (fit[4].image, fit[7].image)
    assert of(report, "box_outside").images == (fit[5].image,)
    cleaned, lines = clean(report)
    assert cleaned.samples[4].boxes == FRACTURES
    assert cleaned.samples[5].boxes == (LabelledBox(Box(100, 50, 128, 80), "metal"),)
    assert cleaned.samples[6] == fit[6]  # what only the boxes tell is not written down as a label
    assert cleaned.samples[7] == replace(fit[7], boxes=())
    assert lines[1] == "images/5.png: a box sticks out of the image; cut"
    assert full_check(cleaned).problems == ()


def test_a_recipe_says_which_classes_are_fractures(fit: list[Sample]) -> None:
    fit[5] = replace(fit[5], boxes=(LabelledBox(Box(5, 5, 20, 20), "buckle"),))
    dataset = dataset_of(fit, ("fracture", "buckle"))
    assert full_check(dataset).problems == ()
    report = full_check(dataset, classes={"fracture": "fracture", "buckle": "fracture"})
    assert of(report, "label_box").images == (fit[5].image,)
    assert clean(report)[0].samples[5].fractured is True
    with pytest.raises(DataError, match="buckle"):
        full_check(dataset, classes={"fracture": "fracture"})


def test_boxes_that_are_labels_and_images_without_any(fit: list[Sample]) -> None:
    whole = (LabelledBox(Box(2, 2, 127, 158), "fracture"),)
    fit[4] = replace(fit[4], boxes=whole)
    fit[7] = replace(
        fit[7], fractured=None, boxes=None, conflict="row and folder disagree; unknown"
    )
    report = check(fit)
    assert of(report, "box_whole").images == (fit[4].image,)
    assert of(report, "unlabelled").images == (fit[7].image,)
    cleaned, lines = clean(report)
    assert cleaned.samples == (*fit[:4], replace(fit[4], boxes=None), *fit[5:])
    assert lines == ("images/4.png: a box covers 90% of the image or more; boxes not used",)
    assert cleaned.notes == ("cleaned: 0 images left out, 1 changed",)


def test_what_sources_contradict_each_other_in_is_settled(fit: list[Sample]) -> None:
    plain = fit[4]
    fit[4] = replace(plain, conflict="has a box, but its row says not fractured; the box counts")
    report = check(fit)
    assert of(report, "label_box").images == (plain.image,)
    cleaned, lines = clean(report)
    assert lines == ("images/4.png: has a box, but its row says not fractured; the box counts",)
    assert cleaned.samples[4] == plain
    assert full_check(cleaned).problems == ()


def test_unreadable_images_are_left_out_with_the_reason(fit: list[Sample]) -> None:
    file = fit[6].image
    file.write_bytes(file.read_bytes()[:2000])
    report = check(fit)
    cleaned, lines = clean(report)
    assert lines == ("images/6.png: truncated; left out",)
    assert cleaned.samples == (*fit[:6], fit[7])
    assert cleaned.notes == ("cleaned: 1 image left out, 0 changed",)


SPLIT = st.sampled_from(["train", "val", "test", None])


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    places=st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), SPLIT, st.integers(0, 5), st.booleans()),
        min_size=1,
        max_size=10,
    ),
    leave_out=st.sampled_from(LEAVE_OUT),
)
@example(
    places=[(3, True, split, 0, False) for split in ("train", "val", None)], leave_out="groups"
)
def test_a_cleaned_dataset_never_leaks(
    fit: list[Sample],
    places: list[tuple[int, bool, str | None, int, bool]],
    leave_out: LeaveOut,
) -> None:
    samples = []
    for number, (seed, exact, split, group, fractured) in enumerate(places):
        name = f"c{number}.png" if exact else f"c{number}.jpg"
        file = fit[seed].image.parent / name
        if exact:
            shutil.copy(fit[seed].image, file)
        else:
            altered(fit[seed].image, "train", name)
            # the same for JPEG's sake: each altered copy has bytes of its own
            file.write_bytes(file.read_bytes() + bytes([number]))
        samples.append(Sample(file, split, f"g{group}" if group < 4 else None, fractured, None))
    report = check(samples)
    cleaned, lines = clean(report, leave_out)
    assert len(lines) == len(samples) - len(cleaned.samples)
    assert full_check(cleaned, workers=2).leaks == ()
    assert leave_out == "copies" or not still_tied(report, cleaned)
    if not report.leaks and not any("label" in problem.kind for problem in report.problems):
        assert cleaned == report.dataset


@pytest.mark.shared
@pytest.mark.slow
def test_the_real_set(shared_dir: Path) -> None:
    report = full_check(load_dataset(shared_dir / "data" / "fracatlas"))
    line = of(report, "unreadable").line
    assert line.startswith("59 files truncated; left out; all labelled not fractured")
    assert [image.name for image in of(report, "label_box").images] == ["IMG0003298.jpg"]
    assert len(of(report, "duplicate_leak").sets) == 9
    assert len(of(report, "near_duplicate_leak").sets) == 35
    assert len(of(report, "near_duplicate_label").sets) == 3
    assert len(of(report, "burnt_in").images) == 114
    lines = [problem.line for problem in report.problems]
    assert any("hardware tells the label: yes: 82 of 84 fractured" in line for line in lines)
    assert any("82 of 331 fractured (25%), other images 504 of 2983" in line for line in lines)
    cleaned, out = clean(report)
    assert len(cleaned.samples) + len(out) == 3373 + 1  # a line is of IMG0003298, which stays
    assert sum(line.endswith("truncated; left out") for line in out) == 59
    apart, out = clean(report, "copies")
    assert Counter(sample.split for sample in apart.samples) == {
        "train": 2412,
        "val": 373,
        "test": 479,
    }
    assert [problem.line[:24] for problem in still_tied(report, apart)] == [
        "253 images of train in g",
        "36 images of val in grou",
    ]
    assert full_check(apart).leaks == ()
    assert full_check(cleaned).leaks == ()
