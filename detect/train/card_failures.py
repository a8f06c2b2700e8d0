"""The worst mistakes as a model card names them: by the names of the files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from detect.evaluate.wording import markdown_table
from detect.evaluate.worst import KINDS

__all__ = ["failure_cases"]

_NAMED = 10  # of each kind; metrics.json has more


def failure_cases(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table in Markdown with a paragraph under it.

    Files are named without their folders, as a card travels further than the data.

    Args:
        splits: "val" and "test" → content of `metrics.json`, schema 1.2 or later; before 1.4 it
            did not record them.
    """
    rows = []
    for split, metrics in splits.items():
        mistakes = metrics["subsets"]["all"].get("mistakes")
        if mistakes is None:
            rows.append([split, "not recorded", "", ""])
            continue
        for kind in KINDS:
            found = mistakes[kind.name]
            worst = ", ".join(
                f"{PurePath(one['path']).name} ({one['probability']:.2f})"
                for one in found["worst"][:_NAMED]
            )
            rows.append([split, kind.title, str(found["n"]), worst or "none"])
    return markdown_table(["split", "mistake", "images", "the worst"], rows) + (
        "\nIn brackets the probability of a fracture; verdicts are those at the default operating "
        f"point, and\nof each kind at most {_NAMED} are named, the worst first.\n"
    )
