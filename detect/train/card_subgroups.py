"""The subgroups of a model card: every part of a split, with doubt where images are too few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.few import LEAST_OF_A_KIND, too_few
from detect.evaluate.wording import Footnotes, markdown_table
from detect.train.card_intervals import as_independent

__all__ = ["subgroup_table"]


def subgroup_table(metrics: Mapping[str, Any], point: str) -> str:
    """Return a table in Markdown with paragraphs under it.

    Args:
        metrics: content of `metrics.json`, schema 1.2 or later.
        point: the operating point at which rates are given.
    """
    notes = Footnotes()
    rows, empty = [], []
    for name, subset in metrics["subsets"].items():
        shown = name.replace("_", " ")
        if not subset["n"]:
            empty.append([shown, subset["reason"] or "no image"])
            continue
        verdict = subset["verdict"]
        rates = verdict["operating_points"].get(point)
        rows.append(
            [
                shown,
                str(subset["n"]),
                str(verdict["n_fractured"]),
                notes.cell(verdict["auroc"]),
                *(
                    notes.cell(rates[rate]) if rates else "not measured"
                    for rate in ("sensitivity", "specificity")
                ),
                notes.cell(subset["boxes"]["map50"]),
                "**too few**" if too_few(subset) else "enough",
            ]
        )
    head = ["subgroup", "images", "fractured", "AUROC"]
    head += [f"sensitivity, {point}", f"specificity, {point}", "mAP50", "size"]
    text = markdown_table(head, rows) + notes.text()
    text += (
        f"\n**Too few**: fewer than {LEAST_OF_A_KIND} fractured images or fewer than "
        f"{LEAST_OF_A_KIND} others; draw no conclusion from such a\nline.\n"
    )
    methods = "AUROC by DeLong, sensitivity and specificity by Wilson"
    text += f"\n{as_independent(methods, grouped='mAP50')}"
    return (
        text + "\n" * bool(empty) + "".join(f"No line for {name}: {why}.\n" for name, why in empty)
    )
