"""Evaluations that lack something, read as a user reads them: table, card and checklists."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from detect.evaluate.cases import Truth
from detect.evaluate.checklists.draft import CHECKLISTS, draft_checklist, load_checklist
from detect.evaluate.checklists.known import Known
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.evaluate.table import format_table
from detect.model.bundle import load_bundle
from detect.record import Box, Failure, Reading
from detect.train.card import write_card

BOXES = (Box(10, 10, 30, 30),)
HIT, MISS = (10, 10, 30, 30, 0.5), (50, 50, 90, 90, 0.6)
Records = list[Reading | Failure]


@dataclass(frozen=True)
class Edge:
    """What lacks, and what the user is to be told of it."""

    truths: list[Truth]
    records: Callable[[Any, Any], Records]
    says: tuple[str, ...]  # in the card
    values: dict[str, float | None]  # of figures in the metrics


def two(fractured: bool | None, boxes: tuple[Box, ...] | None) -> list[Truth]:
    return [Truth(name, None, fractured, boxes) for name in ("a", "b")]


FRACTURED, NORMAL = Truth("a", None, True, BOXES), Truth("b", None, False, ())
NO_FRACTURE = "no fractured image that was read"
EDGES = {
    "no fractured image": Edge(
        two(False, ()),
        lambda reading, _: [reading("a", 0.2), reading("b", 0.7, (MISS,))],
        (NO_FRACTURE, "no annotated fracture box", "no fracture of this size"),
        {"auroc": None, "sensitivity": None, "specificity": 0.5, "map50": None, "froc": None},
    ),
    "no normal image": Edge(
        two(True, BOXES),
        lambda reading, _: [reading("a", 0.2), reading("b", 0.7, (HIT,))],
        (
            "no image without fracture that was read",
            "no annotated fracture box, or no image without one to count false positives on",
        ),
        {"auroc": None, "sensitivity": 0.5, "specificity": None, "froc": 0.5, "normals": None},
    ),
    "no box predicted": Edge(
        [FRACTURED, NORMAL],
        lambda reading, _: [reading("a", 0.7), reading("b", 0.2)],
        ("no interval: fewer than 4 images with a fracture, or fewer than 4 without",),
        {"auroc": 1.0, "map50": 0.0, "froc": 0.0, "normals": 0.0, "touching": 0.0},
    ),
    "one image": Edge(
        [FRACTURED],
        lambda reading, _: [reading("a", 0.9, (HIT,))],
        ("needs fractured images and images without fracture", "no image was called not fractured"),
        {"auroc": None, "sensitivity": 1.0, "specificity": None, "map50": 1.0, "froc": 1.0},
    ),
    "no box known": Edge(
        [Truth("a", None, True, None), Truth("b", None, False, None)],
        lambda reading, _: [reading("a", 0.7, (HIT,)), reading("b", 0.2)],
        ("no fractured image with annotated boxes was called fractured",),
        {"auroc": 1.0, "sensitivity": 1.0, "map50": None, "touching": None},
    ),
    "no label known": Edge(
        two(None, None),
        lambda reading, _: [reading("a", 0.7, (HIT,)), reading("b", 0.2)],
        ("no image that was read and whose label is known",),
        {"auroc": None, "sensitivity": None, "specificity": None, "brier": None, "map50": None},
    ),
    "every image failed": Edge(
        [FRACTURED, NORMAL],
        lambda _, failure: [failure("a"), failure("b")],
        (
            "truncated 2",
            "With every image that could not be read counted as wrong",
            "no image that was read and whose label is known",
            "In no band: 1 fracture in images that could not be read.",
        ),
        {"auroc": None, "sensitivity": None, "wrongly": 0.0, "map50": 0.0, "brier": None},
    ),
    "one image failed": Edge(
        [FRACTURED, NORMAL, Truth("c", None, True, BOXES)],
        lambda reading, failure: [reading("a", 0.9, (HIT,)), reading("b", 0.2), failure("c")],
        ("truncated 1", "| val | balanced | 1 | 0 | 0.500 [0.095, 0.905] | 1.000 [0.207, 1.000] |"),
        {"auroc": 1.0, "sensitivity": 1.0, "wrongly": 0.5, "froc": 0.5},
    ),
    "no record": Edge(
        [FRACTURED, NORMAL],
        lambda reading, _: [reading("a", 0.9, (HIT,))],
        ("missing 1",),
        {"sensitivity": 1.0, "specificity": None, "map50": 1.0},
    ),
    "no image": Edge(
        [],
        lambda _, __: [],
        ("no image that was read and whose label is known", "no image of known size"),
        {"auroc": None, "sensitivity": None, "brier": None, "map50": None},
    ),
}


@pytest.fixture(params=EDGES)
def edge(request: pytest.FixtureRequest) -> Edge:
    return EDGES[request.param]


@pytest.fixture
def metrics(edge: Edge, reading: Any, failure: Any) -> dict[str, Any]:
    settings = Settings({"balanced": 0.5}, n_resamples=20)
    return evaluate_records(edge.truths, edge.records(reading, failure), settings, ["view"])


@pytest.fixture
def card(metrics: dict[str, Any]) -> str:
    return write_card(load_bundle("fracture-n").manifest.model_dump(mode="json"), metrics, None)


def figures(card: str) -> list[str]:
    """Return the sections on figures."""
    return card.split("\n### ")[1:]


def test_the_figures_are_as_agreed(edge: Edge, metrics: dict[str, Any]) -> None:
    whole = metrics["subsets"]["all"]
    point = whole["verdict"]["operating_points"]["balanced"]
    froc = whole["boxes"]["froc"]["iou"]
    found = {
        "auroc": whole["verdict"]["auroc"],
        "brier": whole["verdict"]["calibration"]["brier"],
        "sensitivity": point["sensitivity"],
        "specificity": point["specificity"],
        "wrongly": (point["with_failures_as_errors"] or {}).get("sensitivity"),
        "map50": whole["boxes"]["map50"],
        "froc": froc["all"]["points"][-1]["sensitivity"],
        "normals": froc["normals"]["points"][-1]["sensitivity"],
        "touching": whole["reasons"]["touching"],
    }
    assert (found["wrongly"] is not None) == (metrics["data"]["n_failed"] > 0)
    for name, value in edge.values.items():
        assert found[name]["value"] == (value if value is None else pytest.approx(value)), name


def test_the_card_says_why_each_figure_is_undefined(edge: Edge, card: str) -> None:
    for says in edge.says:
        assert says in card
    for section in figures(card):
        numbers = set(re.findall(r"\(note (\d+)\)", section))
        assert numbers == set(re.findall(r"^- note (\d+): \S", section, re.MULTILINE))
        for cell in re.findall(r"\| (undefined[^|]*)", section):
            assert re.fullmatch(r"undefined \(note \d+\) ", cell)


def test_no_document_shows_what_a_program_writes_for_nothing(
    metrics: dict[str, Any], card: str
) -> None:
    known = Known(metrics, None, None)
    drafts = [draft_checklist(load_checklist(name), known) for name in CHECKLISTS]
    for text in (*figures(card), *drafts, format_table(metrics)):
        # "None arise from the model" is a sentence of the draft
        assert not re.search(r"\b(?:None(?! arise)|nan|NaN|null|inf)\b", text)
    for draft in drafts:
        for after in re.findall(r"undefined(.{3})", draft):
            assert re.fullmatch(r" \(\w", after)


def test_the_table_says_why_each_figure_is_undefined(metrics: dict[str, Any]) -> None:
    text = format_table(metrics)
    numbers = set(re.findall(r"(?<=\s)- \((\d+)\)", text))
    assert numbers == set(re.findall(r"^\((\d+)\) \S", text, re.MULTILINE))
    assert not re.search(r"(?<=\s)-(?! \(\d)(?=\s|$)", text)
