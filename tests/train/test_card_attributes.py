"""The card tells accuracy of regions and false alarms of scope, or leaves the section out."""

from __future__ import annotations

from typing import Any

from detect.evaluate.estimate import Estimate, proportion
from detect.train.card_attributes import attribute_section

FITTED = {
    "regions": {"hand": {"accuracy": 0.9}},
    "not_fitted": {"region_hip": "too few"},
    "scope": {"images": 40, "false_alarms": 1, "made_up": {"page": 1.0, "photograph": 0.95}},
}


def _metrics(right: int) -> dict[str, Any]:
    hand = {
        "n": 40,
        "n_yes": 10,
        "accuracy": proportion(right, 40, "none").to_json(),
        "auroc": Estimate(0.875, (0.8, 0.95), "DeLong").to_json(),
    }
    scope = {"n": 40, "n_yes": 1, "share": proportion(1, 40, "none").to_json()}
    return {"attributes": {"regions": {"region_hand": hand}, "out_of_scope": scope}}


def test_each_split_has_its_figures() -> None:
    text = attribute_section({"attributes": FITTED}, {"val": _metrics(36), "test": _metrics(30)})

    assert text.startswith("## Attributes")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    (val,) = [line for line in lines if line[:2] == ["val", "region_hand"]]
    (test,) = [line for line in lines if line[:2] == ["test", "region_hand"]]
    assert val[2:4] == ["40", "10"]
    assert val[4].startswith("0.900 [")
    assert val[5] == "0.875 [0.800, 0.950]"
    assert test[4].startswith("0.750 [")
    (scope,) = [line for line in lines if line[:3] == ["test", "40", "1"]]
    assert scope[3].startswith("0.025 [")
    assert "page 100%, photograph 95%" in text
    assert "region_hip (too few)" in text


def test_a_bundle_without_attributes_has_no_section() -> None:
    assert attribute_section({}, {"val": _metrics(36)}) == ""
    assert attribute_section({"attributes": FITTED}, {"val": {}}) == ""
    assert attribute_section({"attributes": FITTED}, {"val": {"attributes": None}}) == ""
