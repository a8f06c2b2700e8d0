"""The evaluation as a short table for the terminal."""

from __future__ import annotations

from typing import Any

__all__ = ["format_table"]


def format_table(metrics: dict[str, Any]) -> str:
    """Return plain text, without a final newline: counts, subsets, operating points.

    Intervals stand in brackets; an undefined figure is shown as "-".

    Args:
        metrics: as `evaluate_records` returns them.
    """
    data, settings = metrics["data"], metrics["settings"]
    rates = [f"{rate:g}" for rate in settings["fp_rates"]]
    counts = (
        f"{data['n']} images: {data['n_fractured']} fractured, "
        f"{data['n_not_fractured']} not, {data['n_unknown']} unknown; {data['n_failed']} failed"
    )
    head = [
        "",
        "images",
        "AUROC",
        f"sens@spec {settings['specificity']:g}",
        "ECE",
        "mAP50",
        "mAP50-95",
        *(f"FROC {rate}" for rate in rates),
    ]
    subsets = [head, *(_subset_row(name, part) for name, part in metrics["subsets"].items())]
    points = [["operating point", "threshold", "sensitivity", "specificity", "PPV", "NPV"]]
    for name, point in metrics["subsets"]["all"]["verdict"]["operating_points"].items():
        figures = [_figure(point[key]) for key in ("sensitivity", "specificity", "ppv", "npv")]
        points.append([name, f"{point['threshold']:.3f}", *figures])
    note = (
        f"[{settings['confidence_level']:.0%} interval]; FROC: fractures found (IoU "
        f"{settings['froc_iou']:g}) at so many false positives per image; ECE: "
        f"{settings['ece_bins']} bins of equal width"
    )
    parts = [counts, "", _align(subsets)]
    if len(points) > 1:
        parts += ["", _align(points)]
    return "\n".join([*parts, "", note])


def _subset_row(name: str, part: dict[str, Any]) -> list[str]:
    verdict, boxes = part["verdict"], part["boxes"]
    return [
        name,
        str(part["n"]),
        _figure(verdict["auroc"]),
        _figure(verdict["sensitivity_at_specificity"]["sensitivity"]),
        _figure(verdict["calibration"]["ece_equal_width"]),
        _figure(boxes["map50"]),
        _figure(boxes["map50_95"]),
        *(
            _number(point["sensitivity"]["value"])
            for point in boxes["froc"]["iou"]["all"]["points"]
        ),
    ]


def _figure(estimate: dict[str, Any]) -> str:
    text = _number(estimate["value"])
    if estimate["interval"] is None:
        return text
    low, high = estimate["interval"]
    return f"{text} [{_number(low)}, {_number(high)}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _align(rows: list[list[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
