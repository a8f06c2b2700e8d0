"""What tells the label beside the fracture, and how labels and boxes spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from detect.data.associations import associations
from detect.data.balances import balances_of
from detect.data.check_report import Balance
from detect.data.sample import LabelledBox, Sample
from detect.data.shortcuts import restates_label, shortcuts
from detect.record import Box


def labels(fractured: int, images: int) -> list[bool | None]:
    return [True] * fractured + [False] * (images - fractured)


def test_the_published_figures_of_hardware_and_size_are_told() -> None:
    """FracAtlas: 97 of 99 with hardware, 102 of 351 large images, 717 of 4,083 in all."""
    for name, fractured, images in (("hardware", 97, 99), ("large", 102, 351)):
        values = [name] * images + ["none"] * (4083 - images)
        (found,) = associations(
            values, labels(fractured, images) + labels(717 - fractured, 4083 - images)
        )
        assert found.value == name
        assert (found.fractured, found.images) == (fractured, images)
        assert (found.other_fractured, found.others) == (717 - fractured, 4083 - images)
        assert found.p < 0.001
    assert found.words() == ("large: 102 of 351 fractured (29%), other images 615 of 3732 (16%)")


@pytest.mark.parametrize(
    ("fractured", "images", "other", "others"),
    [
        (4, 8, 20, 200),  # too few images to say
        (30, 100, 25, 100),  # chance
        (5500, 10_000, 5000, 10_000),  # sure, but hardly a difference
        (0, 50, 0, 500),  # none at all
    ],
)
def test_what_may_be_chance_or_does_not_matter_is_not_told(
    fractured: int, images: int, other: int, others: int
) -> None:
    values = ["a"] * images + ["b"] * others
    assert associations(values, labels(fractured, images) + labels(other, others)) == []


def test_unlabelled_images_do_not_count_and_missing_values_do() -> None:
    values = ["yes"] * 40 + [None] * 100 + ["yes"] * 900
    known = labels(38, 40) + labels(10, 100) + [None] * 900
    (found,) = associations(values, known)
    assert (found.value, found.images, found.others) == ("yes", 40, 100)


def test_chance_is_rarely_told() -> None:
    """p < 0.001 for each value: of 300 attributes without a meaning, hardly one is told."""
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(300):
        values = rng.choice(["a", "b"], 400).tolist()
        told += bool(associations(values, (rng.random(400) < 0.3).tolist()))
    assert told <= binom.ppf(0.999, 300, 0.001)


def sample(name: str, fractured: bool | None, split: str | None = "train", **known: str) -> Sample:
    boxes = (LabelledBox(Box(0, 0, 50, 20), "fracture"),) if fractured else ()
    return Sample(Path("/set") / name, split, None, fractured, boxes, known)


def test_attributes_file_types_and_sizes_are_told_in_words() -> None:
    samples = [sample(f"f{n}.png", True, cast="yes", number=str(n)) for n in range(30)]
    samples += [sample(f"n{n}.jpg", False, cast="no", number=str(n + 30)) for n in range(70)]
    sizes: list[tuple[int, int] | None] = [(1000, 1000)] * 30 + [(400, 500)] * 69 + [None]
    found = shortcuts(samples, sizes)
    assert [problem.kind for problem in found] == ["attribute_label"] * 2 + ["size_label"] * 3
    assert [problem.line.partition(" tells")[0] for problem in found] == [
        "cast",
        "file type",
        "image size",
        "image area",
        "image shape",
    ]
    assert found[0].images == tuple(s.image for s in samples[:30])
    assert found[0].line == (
        "cast tells the label: yes: 30 of 30 fractured (100%), other images 0 of 70 (0%); "
        "no image is left in doubt: harmless only if it describes the fracture"
    )
    # the image without a size is on neither side
    assert found[2].line.endswith(
        "1000 × 1000: 30 of 30 fractured (100%), other images 0 of 69 (0%)"
    )
    assert "large (over 2 times the median area)" in found[3].line


def named(balances: tuple[Balance, ...], name: str) -> Balance:
    (balance,) = [balance for balance in balances if balance.name == name]
    return balance


def test_balances_count_labels_boxes_and_their_areas() -> None:
    samples = [
        sample("a.png", True, region="hand"),
        sample("b.png", True, "test", region="hand"),
        sample("c.png", False, "test", region="leg"),
        sample("d.png", None, None),
    ]
    sizes: list[tuple[int, int] | None] = [(100, 100), (200, 100), (100, 100), None]
    balances = balances_of(samples, sizes, ("fracture", "metal"))
    for balance in balances:
        assert all(len(row) == len(balance.header) for row in balance.rows)
    assert named(balances, "split").rows == (
        ("train", 1, 1, 0, 0, 1.0),
        ("test", 2, 1, 1, 0, 0.5),
        ("none", 1, 0, 0, 1, None),
    )
    assert named(balances, "class").rows == (
        ("fracture", 2, 2, 1, 1, 0),
        ("metal", 0, 0, 0, 0, 0),
    )
    assert named(balances, "region").rows == (
        ("hand", 2, 2, 0, 0, 1.0),
        ("leg", 1, 0, 1, 0, 0.0),
        ("unknown", 1, 0, 0, 1, None),
    )
    assert named(balances, "box_area").rows[:2] == (
        ("train", 1, *[pytest.approx(0.1)] * 5),
        ("test", 1, *[pytest.approx(0.05)] * 5),
    )
    assert named(balances, "box_area").rows[2] == ("none", 0, *[None] * 5)
    assert [row[0] for row in named(balances, "image_shape").rows] == ["square", "wide", "unknown"]


def test_what_says_the_label_again_is_told_from_what_only_tells_it() -> None:
    known = labels(20, 60)
    counts = ["1"] * 12 + ["2"] * 8 + ["0"] * 40
    assert restates_label(counts, known)
    assert restates_label([*counts[:20], *[None] * 40], known)  # normal images have no count
    hardware = ["yes"] * 15 + ["no"] * 45  # nearly so, but five fractured ones have none
    assert associations(hardware, known)
    assert not restates_label(hardware, known)
    assert not restates_label(["a", "b"], [True, False])  # two images may agree by chance
    assert not restates_label(["a", "b"] * 10, [True] * 20)  # nothing to tell apart
