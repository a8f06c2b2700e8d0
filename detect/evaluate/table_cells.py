"""Differences of two systems as cells of a plain table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.wording import Footnotes

__all__ = ["difference_cell", "right_more_often_cell"]


def difference_cell(found: Mapping[str, Any], notes: Footnotes) -> str:
    """Return a difference in JSON as `+0.031 [-0.002, +0.064] p=0.071`."""
    if found["value"] is None:
        return notes.dash(found["reason"])
    notes.unbounded(dict(found))
    text = f"{found['value']:+.3f}"
    if found["interval"] is not None:
        text += " [{:+.3f}, {:+.3f}]".format(*found["interval"])
    return text + _p(found["p_value"])


def right_more_often_cell(found: Mapping[str, Any], notes: Footnotes) -> str:
    """Return the difference of two rates over the same images, with McNemar's p-value."""
    return difference_cell({**found["difference"], "p_value": found["p_value"]}, notes)


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return " p<0.001" if value < 0.001 else f" p={value:.3f}"
