"""Further tables for the terminal: the other figures, and those with failures counted as wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detect.data.check_text import printable
from detect.evaluate.headline import figure_name
from detect.evaluate.table_cells import difference_cell, right_more_often_cell
from detect.evaluate.wording import Footnotes, aligned_table

__all__ = ["failures_side_by_side", "further_tables"]

WRONG = "failures counted as wrong"
_SHARES = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
_OTHERS = {"accuracy": "accuracy", "f1": "F1", "youden": "Youden's J", "kappa": "Cohen's kappa"}
_CALIBRATION = {
    "ece_equal_width": "ECE, bins of equal width",
    "ece_equal_width_of_perfect": "  of perfect calibration, by chance",
    "ece_equal_mass": "ECE, bins of equal count",
    "ece_equal_mass_of_perfect": "  of perfect calibration, by chance",
    "brier": "Brier score",
    "intercept": "calibration intercept, 0 is ideal",
    "slope": "calibration slope, 1 is ideal",
}
_BOXES = {
    "map75": "mAP75",
    "ar100": "AR at 100 boxes per image",
    "ap_iou": "AP from IoU {iou:g} on",
    "ap_centre": "AP by centre",
}
_WORST = {"auroc": "AUROC", "average_precision": "average precision", "brier": "Brier score"}
_AMONG = (("sensitivity", "fractured"), ("specificity", "not_fractured"))


def further_tables(metrics: Mapping[str, Any], notes: Footnotes) -> list[str]:
    """Return tables over all images of one system; those of failures only where there are any.

    Args:
        metrics: as `evaluate_records` returns them.
        notes: takes the reasons of undefined figures.
    """
    whole = metrics["subsets"]["all"]
    verdict, boxes = whole["verdict"], whole["boxes"]
    points = verdict["operating_points"]
    tables = []
    if points:
        tables.append(_rates("operating points, further", points, _OTHERS, notes))
    prevalence = metrics["settings"]["prevalence"]
    if points and prevalence is not None:
        at = {name: point["at_prevalence"] for name, point in points.items()}
        values = {"ppv": "PPV", "npv": "NPV"}
        tables.append(_rates(f"where {prevalence:g} of images are fractured", at, values, notes))
    iou = metrics["settings"]["froc_iou"]
    rows = [["further figures, every image", ""]]
    rows += [
        [words, notes.plain(verdict["calibration"][key])] for key, words in _CALIBRATION.items()
    ]
    rows += [[words.format(iou=iou), notes.plain(boxes[key])] for key, words in _BOXES.items()]
    tables.append(aligned_table(rows))
    wrong = {
        name: point["with_failures_as_errors"]
        for name, point in points.items()
        if point["with_failures_as_errors"] is not None
    }
    if (worst := verdict["with_failures_as_errors"]) is not None:
        rows = [[f"verdict, {WRONG}", ""]]
        rows += [[words, notes.plain(worst[key])] for key, words in _WORST.items()]
        tables.append(aligned_table(rows))
    if wrong:
        tables.append(_rates(f"verdict, {WRONG}", wrong, _SHARES | _OTHERS, notes))
    if boxes["of_images_read"] is not None:
        tables.append(_boxes(boxes, notes))
    return tables


def failures_side_by_side(metrics: Mapping[str, Any], notes: Footnotes) -> str | None:
    """Return tables of several systems with failures counted as wrong; None where none failed.

    Args:
        metrics: as `evaluate_systems` returns them.
        notes: takes the reasons of undefined figures.
    """
    systems = [metrics, *metrics["against"]]
    if not any(system["data"]["n_failed"] for system in systems):
        return None
    points = [one["subsets"]["all"]["verdict"]["operating_points"] for one in systems]
    rows = [[WRONG, *(printable(one["system"]["name"]) for one in systems)]]
    for name in dict.fromkeys(name for each in points for name in each):
        for rate, _ in _AMONG:
            cells = [_rate(each.get(name), rate, notes) for each in points]
            rows.append([figure_name(f"{rate}_{name}", metrics["settings"]), *cells])
    columns = [_differences(one, metrics["settings"], notes) for one in metrics["comparisons"]]
    first = printable(metrics["system"]["name"])
    differences = [
        [f"{first} minus, {WRONG}", *(printable(one["second"]) for one in metrics["comparisons"])]
    ]
    for key in dict.fromkeys(key for column in columns for key in column):
        cells = [column.get(key) or notes.dash("no such operating point") for column in columns]
        differences.append([key, *cells])
    return f"{aligned_table(rows)}\n\n{aligned_table(differences)}"


def _rates(
    title: str,
    points: Mapping[str, Mapping[str, Any]],
    rates: Mapping[str, str],
    notes: Footnotes,
) -> str:
    rows = [[title, *map(printable, points)]]
    for rate, words in rates.items():
        rows.append([words, *(notes.plain(point[rate]) for point in points.values())])
    return aligned_table(rows)


def _boxes(boxes: Mapping[str, Any], notes: Footnotes) -> str:
    rows = [["boxes", "images read", WRONG]]
    both: Sequence[Mapping[str, Any]] = (boxes["of_images_read"], boxes)
    for key, words in (("map50", "mAP50"), ("map50_95", "mAP50-95")):
        rows.append([words, *(notes.plain(one[key]) for one in both)])
    for key, words in (("sensitivity", "FROC"), ("image_sensitivity", "images with one found")):
        columns = [one["froc"]["iou"]["all"]["points"] for one in both]
        for pair in zip(*columns, strict=True):
            rate = f"{pair[0]['false_positives_per_image']:g}"
            rows.append([f"{words} {rate}", *(notes.plain(point[key]) for point in pair)])
    return aligned_table(rows)


def _rate(point: Mapping[str, Any] | None, rate: str, notes: Footnotes) -> str:
    if point is None:
        return notes.dash("no such operating point")
    # a system that read every image has none that counts as wrong
    return notes.plain((point["with_failures_as_errors"] or point)[rate])


def _differences(
    comparison: Mapping[str, Any], settings: Mapping[str, Any], notes: Footnotes
) -> dict[str, str]:
    found = comparison["with_failures_as_errors"] or comparison
    column = {"images": str(found["n"])}
    for name, groups in found["verdicts"].items():
        for rate, group in _AMONG:
            words = figure_name(f"{rate}_{name}", settings)
            column[words] = right_more_often_cell(groups[group], notes)
    column["mAP50"] = difference_cell(found["boxes"]["map50"], notes)
    for point in found["boxes"]["froc"]:
        words = f"FROC {point['false_positives_per_image']:g}"
        column[words] = difference_cell(point["sensitivity"], notes)
    return column
