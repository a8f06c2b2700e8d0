"""The evaluation as a short table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detect.data.check_text import printable
from detect.evaluate.cases import MISSING
from detect.evaluate.further_tables import failures_side_by_side, further_tables
from detect.evaluate.headline import figure_name, headline
from detect.evaluate.subset_title import MARK, marked, subset_title
from detect.evaluate.table_cells import difference_cell, right_more_often_cell
from detect.evaluate.wording import Footnotes, aligned_table

__all__ = ["format_table"]

NO_SUCH_POINT = "no such operating point"


def format_table(metrics: dict[str, Any]) -> str:
    """Return plain text, without a final newline: counts, verdict and boxes by subset, points.

    Where several systems were evaluated: their key figures side by side, differences of the first
    from each other with p-values, and mean and range of seeds. Intervals stand in brackets; an
    undefined figure is shown as "-" with the number of its reason, which stands below.

    Args:
        metrics: as `evaluate_records` or `evaluate_systems` returns them.
    """
    if metrics.get("against"):
        return _side_by_side(metrics)
    data, settings, notes = metrics["data"], metrics["settings"], Footnotes()
    subsets = metrics["subsets"]
    parts = [
        f"{_counts(data)}; {data['n_failed']} failed",
        *_doubts([metrics]),
        "",
        aligned_table(_verdicts(subsets, settings, notes)),
        "",
        aligned_table(_boxes(subsets, settings, notes)),
    ]
    points = _operating_points(subsets["all"], notes)
    if len(points) > 1:
        parts += ["", aligned_table(points)]
    for table in further_tables(metrics, notes):
        parts += ["", table]
    if any(part["too_few"] for part in subsets.values()):
        least = settings["least_of_a_kind"]
        parts += [
            "",
            f"{MARK}: fewer than {least} fractured or {least} others, too few to conclude from",
        ]
    lines = [*_detectors([metrics]), _note(settings), *_by_group(subsets["all"]), *notes.lines()]
    return "\n".join([*parts, "", *lines])


def _verdicts(
    subsets: Mapping[str, Any], settings: Mapping[str, Any], notes: Footnotes
) -> list[list[str]]:
    rows = [["verdict", "images", "AUROC", f"sens@spec {settings['specificity']:g}", "ECE"]]
    for name, part in subsets.items():
        verdict = part["verdict"]
        estimates = [
            verdict["auroc"],
            verdict["sensitivity_at_specificity"]["sensitivity"],
            verdict["calibration"]["ece_equal_width"],
        ]
        rows.append([_title(name, part), str(part["n"]), *_cells(part, estimates, notes)])
    return rows


def _boxes(
    subsets: Mapping[str, Any], settings: Mapping[str, Any], notes: Footnotes
) -> list[list[str]]:
    rates = [f"FROC {rate:g}" for rate in settings["fp_rates"]]
    rows = [["boxes", "fractures", "mAP50", "mAP50-95", *rates]]
    for name, part in subsets.items():
        boxes = part["boxes"]
        points = boxes["froc"]["iou"]["all"]["points"]
        estimates = [boxes["map50"], boxes["map50_95"], *(point["sensitivity"] for point in points)]
        number = str(boxes["n_truth_boxes"])
        rows.append([_title(name, part), number, *_cells(part, estimates, notes)])
    return rows


def _title(name: str, part: Mapping[str, Any]) -> str:
    return marked(subset_title(name), too_few=part["too_few"])


def _cells(
    part: Mapping[str, Any], estimates: Sequence[dict[str, Any]], notes: Footnotes
) -> list[str]:
    if part["reason"] is not None:  # why there is no image, and so no figure
        return [notes.dash(part["reason"])] * len(estimates)
    return [notes.plain(estimate) for estimate in estimates]


def _operating_points(whole: Mapping[str, Any], notes: Footnotes) -> list[list[str]]:
    """Return a row per operating point, and below it the intervals by group where there are any."""
    shown = ("sensitivity", "specificity", "ppv", "npv")
    rows = [["operating point", "threshold", "sensitivity", "specificity", "PPV", "NPV"]]
    for name, point in whole["verdict"]["operating_points"].items():
        figures = [notes.plain(point[rate]) for rate in shown]
        rows.append([printable(name), f"{point['threshold']:.3f}", *figures])
        if whole["clustered"] is not None:
            by_group = whole["clustered"]["operating_points"][name]
            rows.append(["  by group", "", *(_interval(by_group[rate], notes) for rate in shown)])
    return rows


def _by_group(whole: Mapping[str, Any]) -> list[str]:
    if whole["clustered"] is None or not whole["verdict"]["operating_points"]:
        return []
    return [
        "intervals of operating points: Wilson, which takes images as independent; by group: "
        "bootstrap of groups, whose images are drawn together"
    ]


def _doubts(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is to be known before any figure is read, a line each."""
    data = systems[0]["data"]
    lines = [] if data.get("caution") is None else [data["caution"]]
    copies = data.get("without_copies")
    if copies is not None and not copies["compared_with"]:
        lines.append("there is no other split, so no copy could be looked for")
    if copies is not None and copies["n"]:
        places = ", ".join(f"{split} {number}" for split, number in copies["by_split"].items())
        lines.append(f"{copies['n']} with a copy in another split ({places}) are left out")
    for one in systems:
        begin = f"{printable(one['system']['name'])}: " if len(systems) > 1 else ""
        missing = one["data"]["failures_by_reason"].get(MISSING, 0)
        if missing:
            lines.append(
                f"{begin}{missing} of {data['n']} images have no result; they count as failed"
            )
        others = one["data"]["n_records_without_truth"]
        if others:
            lines.append(f"{begin}results of {others} other images are left out")
    return lines


def _counts(data: Mapping[str, Any]) -> str:
    return (
        f"{data['n']} images: {data['n_fractured']} fractured, "
        f"{data['n_not_fractured']} not, {data['n_unknown']} unknown"
    )


def _note(settings: Mapping[str, Any]) -> str:
    return (
        f"[{settings['confidence_level']:.0%} interval]; FROC: fractures found (IoU "
        f"{settings['froc_iou']:g}) at so many false positives per image; ECE: "
        f"{settings['ece_bins']} bins of equal width; by chance: mean and range of labels drawn "
        "from the probabilities, images taken as independent"
    )


def _side_by_side(metrics: dict[str, Any]) -> str:
    systems = [metrics, *metrics["against"]]
    figures, notes = [headline(system) for system in systems], Footnotes()
    rows = [["", *(system["system"]["name"] for system in systems)]]
    rows.append(["failed", *(str(system["data"]["n_failed"]) for system in systems)])
    for key in dict.fromkeys(key for each in figures for key in each):
        cells = [
            notes.plain(each[key]) if key in each else notes.dash(NO_SUCH_POINT) for each in figures
        ]
        rows.append([figure_name(key, metrics["settings"]), *cells])
    differences = aligned_table(_differences(metrics, notes))
    counts = [_counts(metrics["data"]), *_doubts(systems)]
    parts = [*counts, "", aligned_table(rows), "", differences]
    wrong = failures_side_by_side(metrics, notes)
    if wrong is not None:
        parts += ["", wrong]
    for seeds in metrics["summary"]:
        parts += ["", aligned_table(_ranges(seeds, metrics["settings"], notes))]
    lines = [*_detectors(systems), _note(metrics["settings"]), *_by_mcnemar(metrics)]
    return "\n".join([*parts, "", *lines, *notes.lines()])


def _by_mcnemar(metrics: Mapping[str, Any]) -> list[str]:
    if not any(one["verdicts"] for one in metrics["comparisons"]):
        return []
    return [
        "differences of sensitivity and specificity: interval by bootstrap, p by McNemar's test, "
        "which takes images as independent"
    ]


def _detectors(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each plain detector: where its verdict comes from, and its fractures."""
    plain = [one["system"] for one in systems if one.get("system", {}).get("kind") == "ultralytics"]
    return [
        printable(
            f"{system['name']}: verdict is the {system['verdict']}; a box of "
            f"{', '.join(system['fractures'])} counts as a fracture, since {system['fractures_by']}"
        )
        for system in plain
    ]


def _differences(metrics: dict[str, Any], notes: Footnotes) -> list[list[str]]:
    """Return a row per figure: by how much the first system's is higher than each other's."""
    comparisons = metrics["comparisons"]
    settings = metrics["settings"]
    columns = []
    for comparison in comparisons:
        column = {
            "images that both read": str(comparison["n"]),
            "AUROC, DeLong": difference_cell(comparison["auroc"], notes),
            "AUROC, bootstrap": difference_cell(comparison["auroc_bootstrap"], notes),
            "average precision": difference_cell(comparison["average_precision"], notes),
        }
        for name, groups in comparison["verdicts"].items():
            for rate, group in (("sensitivity", "fractured"), ("specificity", "not_fractured")):
                column[figure_name(f"{rate}_{name}", settings)] = right_more_often_cell(
                    groups[group], notes
                )
        column["Brier"] = difference_cell(comparison["brier"], notes)
        column["mAP50"] = difference_cell(comparison["boxes"]["map50"], notes)
        for point in comparison["boxes"]["froc"]:
            key = f"FROC {point['false_positives_per_image']:g}"
            column[key] = difference_cell(point["sensitivity"], notes)
        columns.append(column)
    head = [f"{metrics['system']['name']} minus", *(each["second"] for each in comparisons)]
    keys = dict.fromkeys(key for column in columns for key in column)
    return [
        head,
        *(
            [key, *(column.get(key) or notes.dash(NO_SUCH_POINT) for column in columns)]
            for key in keys
        ),
    ]


def _ranges(
    seeds: dict[str, Any], settings: Mapping[str, Any], notes: Footnotes
) -> list[list[str]]:
    rows = [[f"{seeds['recipe']}, {len(seeds['systems'])} seeds", "mean", "range"]]
    for key, figure in seeds["figures"].items():
        cells = [notes.dash("undefined for every seed")] * 2
        if figure["mean"] is not None:
            cells = [f"{figure['mean']:.3f}", f"{figure['low']:.3f} to {figure['high']:.3f}"]
        rows.append([figure_name(key, settings), *cells])
    return rows


def _interval(estimate: dict[str, Any], notes: Footnotes) -> str:
    """Return the interval alone, below the value that it belongs to."""
    if estimate["interval"] is None:
        return notes.dash(estimate["reason"])
    low, high = estimate["interval"]
    return f"[{low:.3f}, {high:.3f}]"
