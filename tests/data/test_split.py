"""New splits: nothing that belongs together is parted, shares are met, anywhere the same."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.data.sample import SPLITS, Dataset, LabelledBox, Sample
from detect.data.split import split_dataset
from detect.data.split_summary import split_lines
from detect.data.stratify import share_out
from detect.errors import InputError
from detect.record import Box

RATIOS = (0.7, 0.1, 0.2)
BOXES = (LabelledBox(Box(0, 0, 5, 5), "fracture"),)


def dataset(samples: Iterable[Sample]) -> Dataset:
    return Dataset("set", Path("/set"), ("fracture",), tuple(samples))


def sample(
    name: str,
    group: str | None,
    fractured: bool | None,
    region: str | None = None,
    root: str = "/set",
) -> Sample:
    attributes = {} if region is None else {"region": region}
    boxes = BOXES if fractured else () if fractured is False else None
    return Sample(Path(root, name), None, group, fractured, boxes, attributes)


def clinic(root: str = "/set") -> list[Sample]:
    """600 patients of one to six images; every fifth is fractured in some; four regions."""
    draw = random.Random(7)
    samples = []
    for patient in range(600):
        region = draw.choice(["hand", "hand", "leg", "leg", "leg", "hip", "shoulder"])
        broken = draw.random() < 0.2
        for view in range(draw.randint(1, 6)):
            name = f"{patient % 9}/p{patient}-{view}.png"
            samples.append(
                sample(name, f"p{patient}", broken and draw.random() < 0.7, region, root)
            )
    return samples


def assigned(split: Dataset) -> dict[str, str | None]:
    return {one.image.name: one.split for one in split.samples}


@st.composite
def small_sets(draw: st.DrawFn) -> tuple[Dataset, list[set[Path]]]:
    number = draw(st.integers(1, 25))
    samples = [
        sample(
            f"{index}.png",
            draw(st.sampled_from([None, "a", "b", "c", "d", "e", "f"])),
            draw(st.sampled_from([True, False, None])),
            draw(st.sampled_from([None, "hand", "leg"])),
        )
        for index in range(number)
    ]
    images = [one.image for one in samples] + [Path("/elsewhere/x.png")]
    ties = draw(st.lists(st.sets(st.sampled_from(images), max_size=4), max_size=4))
    return dataset(samples), ties


@st.composite
def shares(draw: st.DrawFn) -> tuple[float, float, float]:
    parts = draw(st.tuples(*[st.integers(0, 10)] * 3).filter(any))
    return tuple(part / sum(parts) for part in parts)  # type: ignore[return-value]


@settings(deadline=None, max_examples=150)
@given(small_sets(), shares(), st.integers(0, 5))
def test_no_group_or_tie_is_parted_and_every_image_is_in_one_split(
    given_: tuple[Dataset, list[set[Path]]], ratios: tuple[float, float, float], seed: int
) -> None:
    before, ties = given_
    after, summary = split_dataset(before, ratios, seed, ties)
    assert [replace(one, split=None) for one in after.samples] == list(before.samples)
    splits = {one.image: one.split for one in after.samples}
    used = {name for name, ratio in zip(SPLITS, ratios, strict=True) if ratio > 0}
    assert set(splits.values()) <= used
    groups = defaultdict(set)
    for one in after.samples:
        if one.group is not None:
            groups[one.group].add(one.split)
    assert all(len(inside) == 1 for inside in groups.values())
    for tie in ties:
        assert len({splits[image] for image in tie if image in splits}) <= 1
    images = summary.kind("images")
    assert images.counts == tuple(Counter(splits.values())[name] for name in SPLITS)
    assert list(split_lines(summary))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), min_size=1, max_size=7),
    st.sampled_from([(0.7, 0.3), (0.5, 0.5), (0.7, 0.1, 0.2)]),
)
def test_both_labels_are_in_every_split_where_that_can_be(
    units: list[tuple[int, int]], ratios: tuple[float, ...]
) -> None:
    labels = [{("yes",): yes, ("no",): no, ("images",): yes + no} for yes, no in units]
    needed = [("yes",), ("no",)]

    def complete(places: Iterable[int]) -> int:
        inside: dict[int, set[tuple[str]]] = defaultdict(set)
        for unit, place in zip(labels, places, strict=True):
            inside[place] |= {label for label in needed if unit[label]}
        carried = {label for label in needed if any(unit[label] for unit in labels)}
        return sum(carried <= inside[place] for place in range(len(ratios)))

    every = itertools.product(range(len(ratios)), repeat=len(units))
    if max(map(complete, every)) == len(ratios):
        assert complete(share_out(labels, ratios, needed)) == len(ratios)


def test_shares_are_met_in_every_stratum() -> None:
    _, summary = split_dataset(dataset(clinic()), RATIOS, 0)
    assert summary.kind("images").deviation(RATIOS) < 0.002
    for kind in summary.kinds:
        if kind.total >= 50:
            assert kind.deviation(RATIOS) < 0.02, kind
    assert summary.notes == ()


def test_large_patients_are_shared_out_as_evenly_as_they_allow() -> None:
    draw = random.Random(3)
    samples = [
        sample(f"{patient}-{view}.png", str(patient), patient % 4 == 0, "hand")
        for patient in range(60)
        for view in range(draw.randint(10, 20))
    ]
    _, summary = split_dataset(dataset(samples), RATIOS, 0)
    for name in ("images", "fractured", "not fractured"):
        assert summary.kind(name).deviation(RATIOS) < 0.02


def test_one_seed_gives_one_split_wherever_the_folder_is_and_in_any_order() -> None:
    here, _ = split_dataset(dataset(clinic()), RATIOS, 4)
    moved = clinic("/mnt/other machine/copy")
    random.Random(1).shuffle(moved)
    there, _ = split_dataset(dataset(moved), RATIOS, 4, [[Path("/unknown.png")]])
    assert assigned(here) == assigned(there)
    again, _ = split_dataset(here, RATIOS, 4)  # and whatever the split was before
    assert assigned(again) == assigned(here)
    other, _ = split_dataset(dataset(clinic()), RATIOS, 5)
    assert assigned(other) != assigned(here)


def test_names_are_the_same_text_on_every_file_system() -> None:
    composed = [sample(f"Röntgen {index}.png", None, index % 2 == 0) for index in range(40)]
    decomposed = [
        replace(one, image=Path(str(one.image).replace("ö", "o\N{COMBINING DIAERESIS}")))
        for one in composed
    ]
    first, second = (split_dataset(dataset(some), RATIOS, 0)[0] for some in (composed, decomposed))
    assert [one.split for one in first.samples] == [one.split for one in second.samples]


def test_the_splits_of_a_seed_never_change() -> None:
    """Whoever has published with them must get them again from every later version."""
    after, _ = split_dataset(dataset(clinic()), RATIOS, 0)
    listed = "\n".join(f"{name} {split}" for name, split in sorted(assigned(after).items()))
    assert hashlib.sha256(listed.encode()).hexdigest() == (
        "17f66f91cf9b95b734fbf87ea8cefdb6f6fb4864e242ec3516fd81069b1bdc0a"
    )


def test_a_split_with_no_share_stays_empty() -> None:
    after, summary = split_dataset(dataset(clinic()), (0.8, 0.2, 0.0), 0)
    assert {one.split for one in after.samples} == {"train", "val"}
    assert summary.kind("images").counts[2] == 0
    assert summary.notes == ()


def test_every_attribute_asked_for_is_spread() -> None:
    samples = [
        replace(one, attributes={**one.attributes, "view": "ap" if index % 10 else "axial"})
        for index, one in enumerate(clinic())
    ]
    _, summary = split_dataset(dataset(samples), RATIOS, 0, (), ("region", "view"))
    assert summary.kind("view axial").deviation(RATIOS) < 0.02
    assert summary.kind("region hip").deviation(RATIOS) < 0.02
    _, summary = split_dataset(dataset(samples), RATIOS, 0, (), ("laterality",))
    assert summary.notes == ("no image has the attribute laterality; not stratified by it",)


def test_what_the_user_should_know_is_noted() -> None:
    samples = [
        replace(sample("a1.png", "a", True), split="test"),
        sample("a2.png", "a", False),
        sample("b.png", "b", False),
        sample("c.png", None, False),
        sample("d.png", None, False),
    ]
    ties = [{samples[1].image, samples[2].image}]
    _, summary = split_dataset(dataset(samples), RATIOS, 0, ties)
    assert summary.notes == (
        "the split that 1 image had is replaced",
        "no image has the attribute region; not stratified by it",
        "2 images without patient or group: neighbours may leak",
        "2 groups share pictures with others; they stay together as 1",
        "3 images (a1.png, …) must stay together; so the shares can be met only roughly",
        "val: no image is fractured; too few groups have one",
        "test: no image is fractured; too few groups have one",
    )
    assert summary.units == 3


def test_the_table_shows_counts_shares_and_deviation() -> None:
    samples = [sample(f"{index}.png", str(index), index < 2) for index in range(10)]
    lines = list(split_lines(split_dataset(dataset(samples), (0.5, 0.5, 0.0), 0)[1]))
    assert lines[0].split() == ["all", *SPLITS, "off", "by"]
    assert lines[1].split() == ["asked", "for", "50.0%", "50.0%", "0.0%"]
    table = {line[:14].strip(): line[14:].split() for line in lines[2:]}
    assert table["images"] == ["10", "5", "50.0%", "5", "50.0%", "0", "0.0%", "0.0%"]
    assert table["fractured"] == ["2", "1", "50.0%", "1", "50.0%", "0", "0.0%", "0.0%"]
    assert "unlabelled" not in table
    assert lines[-2].split()[-4:] == ["20.0%", "20.0%", "20.0%", "–"]


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ((0.7, 0.1, 0.1), "sum to 0.9, not 1; did you mean 0.778,0.111,0.111?"),
        ((70, 10, 20), "did you mean 0.7,0.1,0.2?"),
        ((0, 0, 0), "sum to 0, not 1"),
        ((1.2, -0.2, 0), "a share is negative or no number"),
        ((float("nan"), 0.5, 0.5), "a share is negative or no number"),
    ],
)
def test_ratios_that_are_no_shares_are_refused(
    ratios: tuple[float, float, float], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        split_dataset(dataset(clinic()), ratios, 0)
    assert said in str(caught.value)


def test_nothing_is_split_into_nothing() -> None:
    after, summary = split_dataset(dataset([]), RATIOS, 0)
    assert after.samples == ()
    assert summary.units == 0
