"""The evaluation as a short table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.headline import headline

__all__ = ["format_table"]


def format_table(metrics: dict[str, Any]) -> str:
    """Return plain text, without a final newline: counts, subsets, operating points.

    Where several systems were evaluated: their key figures side by side, differences of the first
    from each other with p-values, and mean and range of seeds. Intervals stand in brackets; an
    undefined figure is shown as "-".

    Args:
        metrics: as `evaluate_records` or `evaluate_systems` returns them.
    """
    if metrics.get("against"):
        return _side_by_side(metrics)
    data, settings = metrics["data"], metrics["settings"]
    rates = [f"{rate:g}" for rate in settings["fp_rates"]]
    counts = f"{_counts(data)}; {data['n_failed']} failed"
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
    parts = [counts, "", _align(subsets)]
    if len(points) > 1:
        parts += ["", _align(points)]
    return "\n".join([*parts, "", _note(settings)])


def _counts(data: Mapping[str, Any]) -> str:
    return (
        f"{data['n']} images: {data['n_fractured']} fractured, "
        f"{data['n_not_fractured']} not, {data['n_unknown']} unknown"
    )


def _note(settings: Mapping[str, Any]) -> str:
    return (
        f"[{settings['confidence_level']:.0%} interval]; FROC: fractures found (IoU "
        f"{settings['froc_iou']:g}) at so many false positives per image; ECE: "
        f"{settings['ece_bins']} bins of equal width"
    )


def _side_by_side(metrics: dict[str, Any]) -> str:
    systems = [metrics, *metrics["against"]]
    figures = [headline(system) for system in systems]
    rows = [["", *(system["system"]["name"] for system in systems)]]
    rows.append(["failed", *(str(system["data"]["n_failed"]) for system in systems)])
    for key in dict.fromkeys(key for each in figures for key in each):
        cells = [_figure(each[key]) if key in each else "-" for each in figures]
        rows.append([_label(key, metrics["settings"]), *cells])
    parts = [_counts(metrics["data"]), "", _align(rows), "", _align(_differences(metrics))]
    for seeds in metrics["summary"]:
        parts += ["", _align(_ranges(seeds, metrics["settings"]))]
    notes = [
        f"{system['system']['name']}: verdict is the {system['system']['verdict']}"
        for system in systems
        if system["system"]["kind"] == "ultralytics"
    ]
    return "\n".join([*parts, "", *notes, _note(metrics["settings"])])


def _differences(metrics: dict[str, Any]) -> list[list[str]]:
    """Return a row per figure: by how much the first system's is higher than each other's."""
    comparisons = metrics["comparisons"]
    settings = metrics["settings"]
    columns = []
    for comparison in comparisons:
        column = {
            "images that both read": str(comparison["n"]),
            "AUROC, DeLong": _difference(comparison["auroc"]),
            "AUROC, bootstrap": _difference(comparison["auroc_bootstrap"]),
            "average precision": _difference(comparison["average_precision"]),
        }
        for name, groups in comparison["verdicts"].items():
            for rate, group in (("sensitivity", "fractured"), ("specificity", "not_fractured")):
                column[_label(f"{rate}_{name}", settings)] = _right_more_often(groups[group])
        column["Brier"] = _difference(comparison["brier"])
        column["mAP50"] = _difference(comparison["boxes"]["map50"])
        for point in comparison["boxes"]["froc"]:
            key = f"FROC {point['false_positives_per_image']:g}"
            column[key] = _difference(point["sensitivity"])
        columns.append(column)
    head = [f"{metrics['system']['name']} minus", *(each["second"] for each in comparisons)]
    keys = dict.fromkeys(key for column in columns for key in column)
    return [head, *([key, *(column.get(key, "-") for column in columns)] for key in keys)]


def _ranges(seeds: dict[str, Any], settings: Mapping[str, Any]) -> list[list[str]]:
    rows = [[f"{seeds['recipe']}, {len(seeds['systems'])} seeds", "mean", "range"]]
    for key, figure in seeds["figures"].items():
        low, high = _number(figure["low"]), _number(figure["high"])
        rows.append([_label(key, settings), _number(figure["mean"]), f"{low} to {high}"])
    return rows


def _label(key: str, settings: Mapping[str, Any]) -> str:
    """Return the words for a key of `headline`."""
    plain = {
        "auroc": "AUROC",
        "average_precision": "average precision",
        "sensitivity_at_specificity": f"sens@spec {settings['specificity']:g}",
        "ece": "ECE",
        "brier": "Brier",
        "map50": "mAP50",
        "map50_95": "mAP50-95",
    }
    if key in plain:
        return plain[key]
    kind, _, name = key.partition("_")
    return f"FROC {name}" if kind == "froc" else f"{kind}, {name}"


def _difference(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    text = f"{found['value']:+.3f}"
    if found["interval"] is not None:
        text += " [{:+.3f}, {:+.3f}]".format(*found["interval"])
    return text + _p(found["p_value"])


def _right_more_often(found: dict[str, Any]) -> str:
    """Return the difference of two rates over the same images, with McNemar's p-value."""
    if not found["n"]:
        return "-"
    difference = (found["first_right_only"] - found["second_right_only"]) / found["n"]
    return f"{difference:+.3f}{_p(found['p_value'])}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return " p<0.001" if value < 0.001 else f" p={value:.3f}"


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
