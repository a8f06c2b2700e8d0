"""An evaluation of many kinds of image, with names that are hostile to HTML."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from detect.evaluate.cases import Truth, pair_cases
from detect.evaluate.compare import compare_cases
from detect.evaluate.headline import summarise
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.record import Box, Failure, Finding, ModelInfo, Reading, Source, Verdict

HOSTILE = "a/<script>alert(1)</script>&\"'.png"
LONE_BYTES = b"caf\xe9\n.png".decode("utf-8", "surrogateescape")


def _truths() -> list[Truth]:
    truths = []
    for number in range(70):
        fractured = number % 3 == 0
        box = Box(20.0, 20.0, 50.0 + number % 40, 60.0)
        region = ("hand", "<b>leg</b>")[number % 2]
        attributes = {"region": region, "site/~1": "a~b" if number % 9 else "rare"}
        path = {3: HOSTILE, 4: LONE_BYTES}.get(number, f"{number}.png")
        boxes = (box,) if fractured else ()
        truths.append(Truth(path, f"p{number // 2}", fractured, boxes, attributes))
    return truths


def _records(truths: list[Truth], seed: int) -> list[Reading | Failure]:
    generator = np.random.default_rng(seed)
    records: list[Reading | Failure] = []
    for number, truth in enumerate(truths):
        if truth.path in (HOSTILE, LONE_BYTES):
            records.append(Failure(Source(truth.path, None), "truncated", "ends early"))
            continue
        mean = 1.0 if truth.fractured else -1.0
        probability = round(1 / (1 + math.exp(-float(generator.normal(mean, 1.2)))), 6)
        shift = float(generator.uniform(0, 30))
        score = round(float(generator.random()), 4)
        called = probability >= 0.5
        certainty = "definite" if called else "none"
        found = Finding("F1", "fracture", certainty, score, Box(shift, 20.0, shift + 35, 60.0))  # type: ignore[arg-type]
        size = (160, 120) if number % 4 else (2500, 1500)
        records.append(
            Reading(
                Source(truth.path, f"{number:064x}", *size),
                Verdict(
                    "fractured" if called else "not_fractured",
                    "definite",
                    probability,
                    "balanced",
                    0.5,
                ),
                (found,),
                ModelInfo("model", "1", "0" * 64),
            )
        )
    return records


@pytest.fixture(scope="session")
def page_metrics() -> dict[str, Any]:
    """Metrics of two systems, two seeds of one recipe, as `evaluate_systems` puts them together."""
    truths = _truths()
    settings = Settings({"screening": 0.2, "balanced": 0.5}, prevalence=0.05, n_resamples=40)
    systems, cases = [], []
    for seed in (1, 2):
        records = _records(truths, seed)
        raw = {record.source.path: 0.3 + 0.1 * seed for record in records}
        name = f"<i>net</i> & {seed}"
        systems.append(
            {
                **evaluate_records(truths, records, settings, ["region", "site/~1"], raw),
                "version": "9.9",
                "model": {"name": "model", "version": "1", "sha256": "0" * 64},
                "system": {
                    "name": name,
                    "recipe": "net",
                    "kind": "bundle",
                    "verdict": "of the bundle",
                    "runtime": "openvino",
                    "precision": "float32",
                },
            }
        )
        cases.append((name, pair_cases(truths, records), settings))
    first, second = systems
    kept = ("model", "system", "settings", "data", "subsets")
    about = {
        "name": "<b>set</b> & co",
        "root": "set",
        "split": "test",
        "licence": "CC <0>",
        "left_out": {"copy_in_other_split": 201, "duplicate_label": 2},
        "without_copies": {
            "n": 201,
            "by_split": {"train": 201, "val": 201},
            "images": [
                {"path": f"<i>{number}</i>\n.png", "splits": ["train", "val"]}
                for number in range(201)
            ],
            "compared_with": {"train": 500, "val": 400},
            "n_unreadable": 3,
        },
        "grouped_by": "group",
    }
    return {
        **first,
        "command": "python cli.py evaluate --data '<set>'",
        "data": {**about, **first["data"]},
        "against": [{key: second[key] for key in kept}],
        "comparisons": [compare_cases(cases[0], cases[1])],
        "summary": summarise(systems),
    }
