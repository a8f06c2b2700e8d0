"""What `metrics.json` tells of the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.data.check_report import count
from detect.evaluate.checklists.known import Fact, Known
from detect.evaluate.few import too_few
from detect.evaluate.wording import in_words, one_line

__all__ = ["RESULT_FACTS"]

_RATES = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
_MOST_NAMED = 10


def _headline(known: Known) -> str:
    verdict = known.whole["verdict"]
    return (
        f"AUROC {in_words(verdict['auroc'])} by DeLong, "
        f"{in_words(verdict['auroc_bootstrap'])} by bootstrap; average precision "
        f"{in_words(verdict['average_precision'])}; over {count(verdict['n'], 'image')} read."
    )


def _points(known: Known) -> str | None:
    points = known.whole["verdict"]["operating_points"]
    text = " ".join(
        f"At {one_line(name)}: "
        + ", ".join(f"{title} {in_words(point[rate])}" for rate, title in _RATES.items())
        + "."
        for name, point in points.items()
    )
    return text or None


def _cross_table(known: Known) -> str | None:
    points = known.whole["verdict"]["operating_points"]
    text = " ".join(
        f"At {one_line(name)}: {point['true_positive']} fractured images called fractured, "
        f"{point['false_negative']} missed, {point['true_negative']} others called not fractured, "
        f"{point['false_positive']} called fractured."
        for name, point in points.items()
    )
    return text or None


def _calibration(known: Known) -> str:
    calibration = known.whole["verdict"]["calibration"]
    after = _calibrated(calibration)
    before = calibration["before"]
    text = f"Calibrated: {after}."
    return text if before is None else f"{text} Before calibration: {_calibrated(before)}."


def _calibrated(block: Mapping[str, dict[str, Any]]) -> str:
    titles = {"ece_equal_width": "ECE", "brier": "Brier score", "intercept": "intercept"}
    titles["slope"] = "slope"
    return ", ".join(f"{title} {in_words(block[key])}" for key, title in titles.items())


def _boxes(known: Known) -> str:
    boxes, iou = known.whole["boxes"], known.metrics["settings"]["froc_iou"]
    titles = {"map50": "mAP50", "map50_95": "mAP50-95", "ap_iou": f"AP at IoU {iou:g}"}
    titles["ap_centre"] = "AP by centre"
    figures = ", ".join(f"{title} {in_words(boxes[key])}" for key, title in titles.items())
    return f"Boxes: {figures}."


def _froc(known: Known) -> str:
    froc = known.whole["boxes"]["froc"]["iou"]
    ways = {"all": "on all images", "normals": "on images without fracture"}
    text = "; ".join(
        f"false positives counted {words}: "
        + ", ".join(
            f"{in_words(point['sensitivity'])} at {point['false_positives_per_image']:g}"
            for point in froc[way]["points"]
        )
        for way, words in ways.items()
    )
    return f"Fractures found (IoU ≥ {froc['least_iou']:g}) at false positives per image, {text}."


def _sizes(known: Known) -> str:
    sizes = known.whole["boxes"]["by_size"]
    bands = "; ".join(
        f"{band['name']} (n = {band['n']}) {in_words(band['sensitivity'])}"
        for band in sizes["bands"]
    )
    rate = sizes["false_positives_per_image"]
    return f"Fractures found by size, at {rate:g} false positives per image: {bands}."


def _size_counts(known: Known) -> str:
    bands = "; ".join(
        f"{band['name']} (from {band['from_share_of_image']:.1%} of the image) {band['n']}"
        for band in known.whole["boxes"]["by_size"]["bands"]
    )
    return f"Annotated fractures by their box's share of the image: {bands}."


def _reasons(known: Known) -> str:
    reasons = known.whole["reasons"]
    return (
        f"Of {count(reasons['n_with_annotated_boxes'], 'true positive')} with annotated boxes, the "
        f"share in which what is shown touches a fracture: {in_words(reasons['touching'])}; in "
        f"which its centre lies in one: {in_words(reasons['centre_in_fracture'])}."
    )


def _incoherent(known: Known) -> str:
    found = len(known.whole["reasons"]["incoherent"])
    return f"Verdict and boxes contradict each other on {count(found, 'image')}."


def _failures(known: Known) -> str:
    failures = known.metrics["data"]["failures"]
    if not failures:
        return "Every image could be read."
    named = ", ".join(f"{one_line(f['path'])} ({f['reason']})" for f in failures[:_MOST_NAMED])
    more = f", and {len(failures) - _MOST_NAMED} more" if len(failures) > _MOST_NAMED else ""
    return f"Could not be read: {named}{more}; see `metrics.json`."


def _subgroups(known: Known) -> str | None:
    lines = [
        f"{one_line(name.replace('_', ' '))} ({_size(subset)}): AUROC "
        f"{in_words(subset['verdict']['auroc'])}, mAP50 {in_words(subset['boxes']['map50'])}"
        for name, subset in _parts(known).items()
    ]
    return _items("Subgroups", lines)


def _subgroup_counts(known: Known) -> str | None:
    lines = [
        f"{one_line(name.replace('_', ' '))}: {count(subset['n'], 'image')}, "
        f"{subset['verdict']['n_fractured']} fractured"
        for name, subset in _parts(known).items()
    ]
    return _items("Parts of the data measured on", lines)


def _too_few(known: Known) -> str | None:
    few = [name for name, subset in known.metrics["subsets"].items() if _is_small(subset)]
    if not few:
        return None
    names = ", ".join(one_line(name.replace("_", " ")) for name in few)
    return f"Too few images to conclude from: {names}."


def _comparisons(known: Known) -> str | None:
    lines = [
        f"{one_line(entry['first'])} minus {one_line(entry['second'])}, on {entry['n']} images: "
        f"AUROC {in_words(entry['auroc'])}"
        + ("" if entry["auroc"]["p_value"] is None else f", p = {entry['auroc']['p_value']:.3g}")
        for entry in known.metrics.get("comparisons", [])
    ]
    return _items("Compared with others", lines)


def _items(title: str, lines: list[str]) -> str | None:
    return "\n  - ".join([f"{title}:", *lines]) if lines else None


def _parts(known: Known) -> dict[str, dict[str, Any]]:
    subsets = known.metrics["subsets"]
    return {name: part for name, part in subsets.items() if name != "all" and part["n"]}


def _is_small(subset: dict[str, Any]) -> bool:
    return bool(subset["n"]) and too_few(subset) is not None


def _size(subset: dict[str, Any]) -> str:
    return f"n = {subset['n']}{', too few' if _is_small(subset) else ''}"


RESULT_FACTS: Mapping[str, Fact] = {
    "boxes": _boxes,
    "calibration": _calibration,
    "comparisons": _comparisons,
    "cross_table": _cross_table,
    "failures": _failures,
    "froc": _froc,
    "headline": _headline,
    "incoherent": _incoherent,
    "points": _points,
    "reasons": _reasons,
    "size_counts": _size_counts,
    "sizes": _sizes,
    "subgroup_counts": _subgroup_counts,
    "subgroups": _subgroups,
    "too_few": _too_few,
}
