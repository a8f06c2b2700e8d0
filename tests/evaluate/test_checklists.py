"""The drafts of reporting checklists: every item is there, and only what is known is claimed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from detect.evaluate.cases import Truth
from detect.evaluate.checklists.draft import (
    CHECKLISTS,
    FACTS,
    draft_checklist,
    load_checklist,
    write_checklists,
)
from detect.evaluate.checklists.known import Known
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.model.bundle import Bundle, load_bundle
from detect.record import Box

STARD_AI = [*map(str, range(1, 41))]
PARTS = {"15": "abcd", "16": "abc", "17": "ab", "26": "ab", "40": "ab"}
FIGURE = re.compile(r"(?<![\d.])\d\.\d{3}(?![\d.])")


@pytest.fixture
def metrics(reading: Any, failure: Any) -> dict[str, Any]:
    """An evaluation of twelve images, one of which could not be read."""
    truths, records = [], []
    for number in range(12):
        fractured = number % 3 == 0
        boxes = (Box(10, 10, 30, 30),) if fractured else ()
        truths.append(Truth(f"{number}.png", None, fractured, boxes, {"view": "a|<b>\nc"}))
        boxes_found = ((10, 10, 30, 30, 0.8),) if number % 2 else ()
        records.append(reading(f"{number}.png", 0.07 * number, boxes_found))
    records[4] = failure("4.png")
    settings = Settings({"balanced": 0.4}, n_resamples=20)
    found = evaluate_records(truths, records, settings, ["view"])
    about = {"name": "clinic", "split": "test", "licence": None, "left_out": {"duplicate_leak": 2}}
    return {**found, "data": {**about, **found["data"]}, "version": "9.9", "command": "as typed"}


def items(draft: str) -> dict[str, str]:
    """Return the text of each item by its number."""
    parts = re.split(r"^\*\*(\w+)\.\*\* ", draft, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, (int, float)) else []


def draft(name: str, metrics: dict[str, Any], manifest: Any = None) -> dict[str, str]:
    return items(draft_checklist(load_checklist(name), Known(metrics, manifest, None)))


def of_bundle(metrics: dict[str, Any], bundle: Bundle) -> dict[str, Any]:
    model = {"name": bundle.manifest.name, "version": "1", "sha256": bundle.sha256}
    return {**metrics, "model": model}


def test_the_lists_have_the_items_of_the_published_ones() -> None:
    claim = [item.item for item in load_checklist("claim").items]
    assert claim == [str(number) for number in range(1, 45)]
    rows = [item.item for item in load_checklist("stard-ai").items]
    expected = [f"{number}{part}" for number in STARD_AI for part in PARTS.get(number, ("",))]
    assert rows == expected
    assert len(rows) == 48


@pytest.mark.parametrize("name", CHECKLISTS)
def test_each_item_asks_in_one_sentence_and_names_facts_that_there_are(name: str) -> None:
    checklist = load_checklist(name)
    for item in checklist.items:
        assert set(item.known) <= set(FACTS), item.item
        assert item.known or item.open, item.item
        assert item.asks.endswith(".")
    assert checklist.doi in {"10.1148/ryai.240300", "10.1038/s41591-025-03953-8"}


def test_every_fact_is_used_somewhere() -> None:
    used = {
        fact for name in CHECKLISTS for item in load_checklist(name).items for fact in item.known
    }
    assert used == set(FACTS)


@pytest.mark.parametrize("name", CHECKLISTS)
def test_without_a_manifest_what_only_it_tells_stays_open(
    metrics: dict[str, Any], name: str
) -> None:
    filled = draft(name, metrics)
    model = {"claim": ("22", "24", "25", "26", "27"), "stard-ai": ("14", "15a", "15b")}[name]
    for item in model:
        assert "Filled" not in filled[item]
        assert "**OPEN:**" in filled[item]
    for text in filled.values():
        assert ("Filled" in text) or ("**OPEN:**" in text)
        assert not re.search(r"\bNone\b(?! arise)|\bnan\b|\{|\}", text)


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_figure_is_one_of_the_evaluation(metrics: dict[str, Any], name: str) -> None:
    bundle = load_bundle("fracture-n")
    manifest = bundle.manifest.model_dump(mode="json")
    text = draft_checklist(load_checklist(name), Known(metrics, manifest, "our archive"))
    measured = {f"{abs(number):.3f}" for number in numbers([metrics, manifest])}
    for found in manifest["training"]["checks"]:  # what the check says is told word for word
        measured |= set(FIGURE.findall(found["line"]))
    shown = set(FIGURE.findall(text))
    assert len(shown) > 10
    assert shown <= measured


def test_figures_follow_the_evaluation(metrics: dict[str, Any]) -> None:
    verdict = metrics["subsets"]["all"]["verdict"]
    verdict["auroc"] = {"value": 0.87654, "interval": None, "method": None, "reason": "made up"}
    filled = draft("claim", metrics)
    assert "AUROC 0.877 (made up) by DeLong" in filled["37"]
    point = verdict["operating_points"]["balanced"]
    counted = f"{point['true_positive']} fractured images called fractured, "
    assert counted + f"{point['false_negative']} missed" in filled["39"]
    assert "could not be read: 4.png (truncated)" in filled["39"].replace("Could", "could")
    assert "duplicate leak 2" in filled["8"]
    assert "truncated 1" in filled["8"]
    assert "12 images in 12 groups: 4 fractured, 8 not; 11 could be read" in filled["35"]
    assert "Too few images to conclude from: all, view=a\\|&lt;b> c." in filled["40"].replace(
        "one image size, ", ""
    ).replace("long side 0 to 511, ", "")


def test_a_bundle_tells_of_itself_only_where_it_is_the_one_measured(
    metrics: dict[str, Any], tmp_path: Path
) -> None:
    bundle = load_bundle("fracture-n")
    (path,) = write_checklists(["claim"], of_bundle(metrics, bundle), bundle, None, tmp_path)
    assert path.name == "checklist-claim.md"
    filled = items(path.read_text("utf-8"))
    training = bundle.manifest.training
    assert f"{training['recipe']['epochs']} epochs in batches of 16" in filled["25"]
    before = training["continues"]["training"]["recipe"]["epochs"]
    assert f"Before it, as fracture-n 0.1.0: {before} epochs" in filled["25"]
    assert "yolo26n.pt" in filled["24"]
    assert bundle.manifest.files["model.onnx"] in filled["22"]
    other = of_bundle(metrics, bundle)
    other["model"]["sha256"] = "f" * 64
    (path,) = write_checklists(["claim"], other, bundle, None, tmp_path)
    filled = items(path.read_text("utf-8"))
    assert "32 epochs" not in filled["25"]
    assert "f" * 64 in filled["22"]


@pytest.mark.parametrize(
    ("name", "split", "item", "says"),
    [
        ("clinic", "test", "33", "is by its name none of the data that the model was trained on"),
        ("fracatlas", "test", "32", "its split test was measured."),
        ("fracatlas", "val", "32", "were chosen on it, so the figures flatter"),
        ("fracatlas", "train", "32", "fitted to these images"),
    ],
)
def test_data_of_the_training_and_other_data_are_told_apart(
    metrics: dict[str, Any], name: str, split: str, item: str, says: str
) -> None:
    metrics["data"] |= {"name": name, "split": split}
    manifest = load_bundle("fracture-n").manifest.model_dump(mode="json")
    filled = draft("claim", metrics, manifest)
    assert says in filled[item]
    assert "Filled" not in filled["32" if item == "33" else "33"]


def test_a_leak_is_told_among_the_limits(metrics: dict[str, Any]) -> None:
    manifest = load_bundle("fracture-n").manifest.model_dump(mode="json")
    assert "leak" not in draft("claim", metrics, manifest)["40"]
    leak = {"kind": "group_leak", "line": "p1 is in train and test", "leak": True}
    manifest["training"]["checks"] = [leak]
    filled = draft("claim", metrics, manifest)
    assert "The splits leak, so figures are too good: p1 is in train and test." in filled["40"]
    assert "**leak**: p1 is in train and test" in filled["20"]
    manifest["training"]["checks"] = []
    assert "found no group and no file in several splits" in draft("claim", metrics, manifest)["20"]


def test_the_counts_at_the_head_are_those_of_the_items(metrics: dict[str, Any]) -> None:
    text = draft_checklist(load_checklist("claim"), Known(metrics, None, None))
    filled = items(text)
    found = [("Filled" in part, "**OPEN" in part) for part in filled.values()]
    expected = (
        f"44 rows: {found.count((True, False))} filled, {found.count((True, True))} in part, "
        f"{found.count((False, True))} open."
    )
    assert expected in text


def test_a_comparison_is_told(metrics: dict[str, Any]) -> None:
    auroc = {"value": 0.1, "interval": [0.05, 0.15], "method": "DeLong", "reason": None}
    entry = {"first": "ours", "second": "theirs", "n": 11, "auroc": {**auroc, "p_value": 0.0123}}
    filled = draft("claim", {**metrics, "comparisons": [entry]})
    assert "ours minus theirs, on 11 images: AUROC 0.100 [0.050, 0.150], p = 0.0123" in filled["37"]
