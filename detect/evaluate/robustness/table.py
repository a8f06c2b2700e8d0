"""Robustness as a table: for the terminal, and for a model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.robustness.measure import FIGURES
from detect.evaluate.wording import Footnotes, aligned_table, markdown_table

__all__ = ["figure_titles", "format_robustness", "robustness_markdown"]


def figure_titles(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the short title of each of `FIGURES`."""
    point = settings["operating_point"]
    titles = (
        "AUROC",
        f"sens@spec {settings['specificity']:g}",
        f"sens {point}",
        f"spec {point}",
        "ECE",
        "mAP50",
        f"FROC {settings['false_positives_per_image']:g}",
    )
    return dict(zip(FIGURES, titles, strict=True))


def format_robustness(found: Mapping[str, Any]) -> str:
    """Return plain text, without a final newline: a row for each condition.

    Args:
        found: as `measure_robustness` returns it.
    """
    notes = Footnotes()
    head, rows = _rows(found, notes)
    caution = found["data"]["caution"]
    return "\n".join(
        [
            *([] if caution is None else [caution]),
            aligned_table([head, *rows]),
            "",
            *_legend(found),
            *notes.lines(),
        ]
    )


def robustness_markdown(found: Mapping[str, Any]) -> str:
    """Return the same table in Markdown, with what its columns mean.

    Args:
        found: as `measure_robustness` returns it.
    """
    notes = Footnotes()
    head, rows = _rows(found, notes)
    lines = [f"{line[0].upper()}{line[1:]}." for line in (*_legend(found), *notes.lines())]
    return markdown_table(head, rows) + "\n" + "\n".join(lines) + "\n"


def _rows(found: Mapping[str, Any], notes: Footnotes) -> tuple[list[str], list[list[str]]]:
    titles = figure_titles(found["settings"])
    rows = [
        [
            one["name"],
            one["strength"],
            str(one["n"]),
            *(_cell(one, name, notes) for name in FIGURES),
            str(one["n_warned"]),
        ]
        for one in found["conditions"]
    ]
    return ["condition", "strength", "images", *titles.values(), "warned"], rows


def _cell(condition: Mapping[str, Any], name: str, notes: Footnotes) -> str:
    """Return "0.912", or "0.880 -0.032*" where it is compared; "*" where chance is ruled out."""
    value = condition["figures"][name]["value"]
    if value is None:
        return notes.dash(condition["figures"][name]["reason"])
    if condition["differences"] is None:
        return f"{value:.3f}"
    difference = condition["differences"][name]
    if difference["value"] is None:
        return f"{value:.3f}"
    return f"{value:.3f} {difference['value']:+.3f}{'*' * _differs(difference)}"


def _differs(difference: Mapping[str, Any]) -> bool:
    interval = difference["interval"]
    return interval is not None and not interval[0] <= 0 <= interval[1]


def _legend(found: Mapping[str, Any]) -> list[str]:
    settings, data = found["settings"], found["data"]
    cut = sorted({one["n_cut"] for one in found["conditions"]} - {0})
    lines = [
        f"{data['n']} images of {data['split']}; behind each figure its difference from the clean "
        f"images; *: its {settings['confidence_level']:.0%} interval, by bootstrap of "
        f"{data['grouped_by']}s, leaves 0 out",
        f"sens, spec: at the bundle's own threshold {settings['threshold']:.3f}; FROC: fractures "
        f"found (IoU {settings['froc_iou']:g}) at {settings['false_positives_per_image']:g} false "
        f"positives per image; ECE: {settings['ece_bins']} bins of equal width",
        "warned: readings with a warning, such as of an image that looks inverted",
    ]
    if cut:
        lines.append("images of which a fracture is cut off are left out, also of the difference")
    return lines
