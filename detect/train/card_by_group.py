"""Rates at operating points as a model card has them, with intervals that respect groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.clustered import CLUSTERED_RATES
from detect.evaluate.wording import Footnotes, markdown_table

__all__ = ["rates_by_group"]

_TITLES = {"ppv": "PPV", "npv": "NPV"}


def rates_by_group(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table in Markdown with a paragraph before it; empty where no image has a group.

    Args:
        splits: "val" and "test" → content of `metrics.json`, schema 1.2 or later.
    """
    notes, rows = Footnotes(), []
    for split, metrics in splits.items():
        clustered = metrics["subsets"]["all"].get("clustered") or {"operating_points": {}}
        for name, point in clustered["operating_points"].items():
            rows.append([split, name, *(notes.cell(point[rate]) for rate in CLUSTERED_RATES)])
    if not rows:
        return ""
    head = ["split", "operating point", *(_TITLES.get(rate, rate) for rate in CLUSTERED_RATES)]
    return (
        "\nThe same rates with intervals by bootstrap of groups, to be trusted where groups hold "
        f"several images:\n\n{markdown_table(head, rows)}{notes.text()}"
    )
