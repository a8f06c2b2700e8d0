"""The unit of the bootstrap."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.data.sample import Sample
from detect.errors import InputError
from detect.evaluate.grouping import grouped_samples, require_unit


def sample(number: int, group: str | None = None, **attributes: str) -> Sample:
    return Sample(Path(f"/set/{number}.png"), "test", group, True, None, attributes)


SAMPLES = (
    sample(1, "g1", patient="p1", study="s1"),
    sample(2, "g1", patient="p2"),
    sample(3, None, patient="p2"),
)


@pytest.mark.parametrize(
    ("unit", "groups", "said"),
    [
        (None, ["g1", "g1", None], "group"),
        ("group", ["g1", "g1", None], "group"),
        ("image", [None, None, None], "image"),
        ("patient", ["p1", "p2", "p2"], "patient"),
        ("study", ["s1", None, None], "study"),
    ],
)
def test_the_unit_is_the_one_asked_for(
    unit: str | None, groups: list[str | None], said: str
) -> None:
    found, name = grouped_samples(SAMPLES, unit)
    assert [one.group for one in found] == groups
    assert name == said
    assert [one.image for one in found] == [one.image for one in SAMPLES]


def test_images_without_the_attribute_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    grouped_samples(SAMPLES, "study")
    assert "--grouped-by study: 2 of 3 images have none" in caplog.text
    caplog.clear()
    grouped_samples(SAMPLES, None)
    assert caplog.text == ""


def test_without_groups_it_is_the_image() -> None:
    assert grouped_samples([sample(1), sample(2)], None)[1] == "image"


@pytest.mark.parametrize("check", [grouped_samples, require_unit])
def test_what_is_not_there_is_refused_with_what_there_is(check: object) -> None:
    with pytest.raises(InputError) as refused:
        check(SAMPLES, "visit")  # type: ignore[operator]
    assert str(refused.value) == (
        "--grouped-by visit: no image of this split has one; "
        "choose from group, image, patient, study"
    )
    with pytest.raises(InputError, match=r"choose from image$"):
        check([sample(1)], "group")  # type: ignore[operator]


def test_patients_of_merged_sets_stay_apart() -> None:
    merged = [sample(1, patient="7", dataset="a"), sample(2, patient="7", dataset="b")]
    found, _ = grouped_samples(merged, "patient")
    assert [one.group for one in found] == ["a/7", "b/7"]
    found, _ = grouped_samples(merged, "dataset")
    assert [one.group for one in found] == ["a", "b"]
