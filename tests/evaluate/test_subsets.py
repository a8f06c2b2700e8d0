"""Which cases the subsets keep."""

from __future__ import annotations

from typing import Any

from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.subsets import (
    Subset,
    attribute_subsets,
    image_size_subsets,
    one_image_size,
    without_hardware,
)


def cases_of(reading: Any, *attributes: dict[str, str], sizes: Any = None) -> tuple[Case, ...]:
    truths = [
        Truth(str(number), None, False, (), values) for number, values in enumerate(attributes)
    ]
    sizes = sizes or [(10, 10)] * len(truths)
    records = [
        reading(truth.path, 0.5, size=size) for truth, size in zip(truths, sizes, strict=True)
    ]
    return pair_cases(truths, records)


def paths(subset: Subset) -> list[str]:
    return [case.truth.path for case in subset.cases]


def test_hardware_is_left_out_however_it_is_written(reading: Any) -> None:
    written = ["1", "yes", " Yes", "plate", "cast", "0", "no", "", "None ", "False"]
    cases = cases_of(reading, *[{"hardware": value} for value in written], {})
    subset = without_hardware(cases)
    assert paths(subset) == ["5", "6", "7", "8", "9"]  # unknown (the last) is no proof of none
    assert subset.reason is None


def test_subset_without_hardware_says_why_it_is_empty(reading: Any) -> None:
    unknown = without_hardware(cases_of(reading, {}, {"view": "frontal"}))
    assert (paths(unknown), unknown.reason) == ([], 'no image has attribute "hardware"')
    full = without_hardware(cases_of(reading, {"hardware": "1"}))
    assert (paths(full), full.reason) == ([], "every image shows hardware")


def test_the_most_frequent_size_is_kept(reading: Any, failure: Any) -> None:
    sizes = [(20, 10), (10, 20), (20, 10), (10, 20), (10, 20)]
    subset = one_image_size(cases_of(reading, *[{}] * 5, sizes=sizes))
    assert paths(subset) == ["1", "3", "4"]
    assert "10×20" in subset.definition
    draw = one_image_size(cases_of(reading, {}, {}, sizes=[(20, 10), (10, 20)]))
    assert paths(draw) == ["1"]
    failed = one_image_size(pair_cases([Truth("a", None, True, ())], [failure("a")]))
    assert (paths(failed), failed.reason) == ([], "no image of known size")


def test_classes_of_image_sizes_go_by_the_longer_side(reading: Any, failure: Any) -> None:
    sizes = [(511, 100), (100, 512), (1023, 1023), (10, 3000), (2048, 5)]
    cases = cases_of(reading, *[{}] * 5, sizes=sizes)
    failed = pair_cases([Truth("a", None, True, ())], [failure("a")])
    found = {subset.name: paths(subset) for subset in image_size_subsets((*cases, *failed))}
    assert found == {
        "long_side_0_to_511": ["0"],
        "long_side_512_to_1023": ["1", "2"],
        "long_side_from_2048": ["3", "4"],
    }
    assert image_size_subsets(failed) == ()


def test_each_value_of_an_attribute_is_a_subset(reading: Any) -> None:
    cases = cases_of(reading, {"region": "leg"}, {"region": "hand"}, {}, {"region": "leg"})
    found = {subset.name: paths(subset) for subset in attribute_subsets(cases, "region")}
    assert found == {"region=hand": ["1"], "region=leg": ["0", "3"]}
    (empty,) = attribute_subsets(cases, "sex")
    assert (empty.name, empty.cases, empty.reason) == ("sex", (), 'no image has attribute "sex"')


def test_an_attribute_of_many_values_makes_no_subsets(reading: Any) -> None:
    ages = [{"age": str(age)} for age in range(21)]
    (empty,) = attribute_subsets(cases_of(reading, *ages), "age")
    assert (empty.name, empty.cases) == ("age", ())
    assert empty.reason == 'attribute "age" has 21 values, above 20'
    assert len(attribute_subsets(cases_of(reading, *ages[:20]), "age")) == 20


def test_an_attribute_that_says_the_label_again_makes_no_subsets(reading: Any) -> None:
    cases = cases_of(reading, {"fracture_count": "0"}, {"fracture_count": "2"})
    (empty,) = attribute_subsets(cases, "fracture_count", restates=True)
    assert (empty.name, empty.cases) == ("fracture_count", ())
    assert empty.reason == 'attribute "fracture_count" only says again which images are fractured'
