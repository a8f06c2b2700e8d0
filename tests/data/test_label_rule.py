"""Labels taken from an attribute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detect.data.label_rule import fractured_if, require_labels
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError, InputError
from detect.record import Box

BOXES = (LabelledBox(Box(1, 2, 3, 4), "fracture"),)


def sample(name: str, fractured: bool | None, boxes, **attributes: str) -> Sample:
    return Sample(Path("/set") / name, "train", None, fractured, boxes, attributes)


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        "set",
        Path("/set"),
        ("fracture",),
        (
            sample("a", None, None, abnormal="yes", region="hand"),
            sample("b", None, None, abnormal="no", region="hand"),
            sample("c", None, BOXES, abnormal="yes"),
            sample("d", None, BOXES, abnormal="no"),
            sample("e", None, None, region="elbow"),
            sample("f", False, (), abnormal="yes"),
            sample("g", True, None, abnormal="no"),
        ),
        notes=("before",),
    )


def test_unknown_labels_are_told_by_the_attribute_and_known_ones_stay(dataset: Dataset) -> None:
    told = fractured_if(dataset, "abnormal=yes")
    assert [(s.image.name, s.fractured, s.boxes) for s in told.samples] == [
        ("a", True, None),
        ("b", False, ()),
        ("c", True, BOXES),
        ("d", False, BOXES),
        ("e", None, None),
        ("f", False, ()),
        ("g", True, None),
    ]
    assert [s.attributes for s in told.samples] == [s.attributes for s in dataset.samples]


def test_one_note_says_what_was_done(dataset: Dataset) -> None:
    before, note = fractured_if(dataset, " abnormal = yes ").notes
    assert before == "before"
    assert note == (
        "4 images without a label: fractured if abnormal=yes, as asked (2 fractured, 2 not); "
        "left unlabelled: 1 image without abnormal"
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("abnormal", "write it as ATTRIBUTE=VALUE"),
        ("=yes", "write it as ATTRIBUTE=VALUE"),
        ("abnormal=", "write it as ATTRIBUTE=VALUE"),
        ("", "write it as ATTRIBUTE=VALUE"),
        ("odd=yes", "has an attribute odd; there is abnormal, region"),
        ("abnormal=Yes", "abnormal is never Yes in set; it is no, yes"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(dataset: Dataset, rule: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        fractured_if(dataset, rule)
    assert says in str(caught.value)
    assert str(caught.value).startswith("--fractured-if")
    assert "\n" not in str(caught.value)


def test_the_values_of_an_attribute_with_many_are_not_all_listed(dataset: Dataset) -> None:
    many = replace(
        dataset, samples=tuple(sample(str(n), None, None, age=str(n)) for n in range(50))
    )
    with pytest.raises(InputError, match=r"it is 0, 1, 10, 11, 12, 13, 14, 15, …$"):
        fractured_if(many, "age=99")
    with pytest.raises(InputError, match="there is none at all"):
        fractured_if(replace(dataset, samples=()), "age=99")


def test_an_unlabelled_split_is_refused_with_the_way_out(dataset: Dataset) -> None:
    unlabelled = replace(dataset, samples=dataset.samples[:2])
    with pytest.raises(DataError) as caught:
        require_labels(unlabelled, ("val", "train"))
    assert str(caught.value) == (
        "/set: none of the 2 images of train is labelled fractured or not; if one of its "
        "attributes (abnormal, region) tells, name it: "
        "data import /set --fractured-if abnormal=yes --out FOLDER"
    )
    require_labels(fractured_if(unlabelled, "abnormal=yes"), ("train", "val", "test"))


def test_an_unlabelled_split_without_attributes_is_refused(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="add labels to its table"):
        require_labels(replace(dataset, samples=(sample("a", None, None),)), ("train",))


def test_an_attribute_that_means_something_else_is_not_proposed() -> None:
    hardware = Dataset("set", Path("/set"), (), (sample("a", None, None, hardware="yes"),))
    with pytest.raises(DataError, match=r"\(hardware\) tells.*--fractured-if ATTRIBUTE=VALUE"):
        require_labels(hardware, ("train",))


def test_annotation_without_boxes_is_a_label() -> None:
    require_labels(Dataset("set", Path("/set"), (), (sample("a", None, ()),)), ("train",))


def test_one_label_is_enough_to_go_on(dataset: Dataset) -> None:
    require_labels(dataset, ("train",))
