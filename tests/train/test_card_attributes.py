"""The card tells accuracy of regions and false alarms of scope, or leaves the section out."""

from __future__ import annotations

from typing import Any

from detect.evaluate.estimate import Estimate, proportion
from detect.train.card_attributes import attribute_section
from detect.train.scope import MOST_FALSE_ALARMS

FITTED: dict[str, Any] = {
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
        "n_of_all": 50,
        "accuracy_of_all": proportion(right, 50, "none").to_json(),
    }
    scope = {
        "n": 40,
        "n_yes": 3,
        "n_yes_fractured": 2,
        "n_yes_not_fractured": 1,
        "share": proportion(3, 40, "none").to_json(),
    }
    return {"attributes": {"regions": {"region_hand": hand}, "out_of_scope": scope}}


def _rows(text: str, *first: str) -> list[dict[str, str]]:
    """Return the rows that begin with these cells, by the titles of their tables."""
    found, head = [], None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            head = None
        elif head is None:
            head = cells
        elif tuple(cells[: len(first)]) == first:
            found.append(dict(zip(head, cells, strict=True)))
    return found


def test_each_split_has_its_figures() -> None:
    text = attribute_section({"attributes": FITTED}, {"val": _metrics(36), "test": _metrics(30)})

    assert text.startswith("## Attributes")
    (val,) = _rows(text, "val", "region_hand")
    (test,) = _rows(text, "test", "region_hand")
    assert (val["images told in scope"], val["that show it"]) == ("40", "10")
    assert val["accuracy"].startswith("0.900 [")
    assert val["AUROC"] == "0.875 [0.800, 0.950]"
    assert test["accuracy"].startswith("0.750 [")
    assert test["all images"] == "50"
    assert test["accuracy of all"].startswith("0.600 [")
    (scope,) = _rows(text, "test", "40")
    assert (scope["of them fractured"], scope["not fractured"]) == ("2", "1")
    assert scope["share"].startswith("0.075 [")
    assert scope["share by design"] == f"{MOST_FALSE_ALARMS:.3f}"
    assert "region_hip (too few)" in text
    words = " ".join(text.split())
    assert 'with "no region told" (out of scope, or not read) counted as wrong' in words
    assert words.count("These take images as independent, so they are too narrow") == 2


def test_photographs_are_not_called_made_up_or_unseen() -> None:
    text = attribute_section({"attributes": FITTED}, {"val": _metrics(36)})

    words = " ".join(text.split())
    assert "others of the kinds that the fit used, called so: page 100%. Of crops" in words
    assert "called so: 95%. The fit used other crops of the same two" in words
    assert "nothing but the training images" not in words


def test_the_design_is_that_of_the_fit() -> None:
    fitted = {**FITTED, "scope": {**FITTED["scope"], "most_false_alarms": 0.25}}

    (row,) = _rows(attribute_section({"attributes": fitted}, {"val": _metrics(36)}), "val", "40")

    assert row["share by design"] == "0.250"


def test_what_an_older_evaluation_did_not_record_is_said() -> None:
    metrics = _metrics(36)
    region, scope = metrics["attributes"]["regions"]["region_hand"], metrics["attributes"]
    del region["n_of_all"], region["accuracy_of_all"]
    del scope["out_of_scope"]["n_yes_fractured"], scope["out_of_scope"]["n_yes_not_fractured"]

    text = attribute_section({"attributes": FITTED}, {"val": metrics})

    (hand,) = _rows(text, "val", "region_hand")
    assert hand["accuracy of all"] == hand["all images"] == "not recorded"
    (row,) = _rows(text, "val", "40")
    assert row["of them fractured"] == row["not fractured"] == "not recorded"


def test_a_bundle_without_attributes_has_no_section() -> None:
    assert attribute_section({}, {"val": _metrics(36)}) == ""
    assert attribute_section({"attributes": FITTED}, {"val": {}}) == ""
    assert attribute_section({"attributes": FITTED}, {"val": {"attributes": None}}) == ""
