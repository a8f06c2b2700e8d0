"""What `metrics.json` tells of the data and of how it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.data.check_report import count
from detect.evaluate.checklists.known import Fact, Known
from detect.evaluate.wording import one_line

__all__ = ["METHOD_FACTS"]

INDETERMINATE = (
    "None arise from the model: every image that could be read has a probability, and at an "
    "operating point it is called fractured or not."
)
INDEX_BLIND = "The program reads pixels alone; no clinical information and no truth reaches it."

FLATTERS = {
    "train": "**The model was fitted to these images, so the figures flatter it.**",
    "val": "**Thresholds, calibration and heads were chosen on it, so the figures flatter.**",
}


def _data(known: Known) -> str | None:
    data = known.metrics["data"]
    if "name" not in data:
        return None
    return (
        f"Measured on {one_line(data['name'])}, split {one_line(data['split'])}; licence "
        f"{one_line(data['licence'] or 'not stated')}; origin "
        f"{one_line(known.origin or 'not stated in the dataset')}."
    )


def _counts(known: Known) -> str:
    data = known.metrics["data"]
    unknown = f", {data['n_unknown']} of unknown label" if data["n_unknown"] else ""
    return (
        f"{count(data['n'], 'image')} in {count(data['n_groups'], 'group')}: "
        f"{data['n_fractured']} fractured, {data['n_not_fractured']} not{unknown}; "
        f"{data['n_read']} could be read."
    )


def _left_out(known: Known) -> str:
    data = known.metrics["data"]
    return (
        f"Left out before measuring: {_counted(data.get('left_out', {}))}. Could not be read: "
        f"{_counted(data['failures_by_reason'])}."
    )


def _missing(known: Known) -> str:
    data, boxes = known.metrics["data"], known.whole["boxes"]
    return (
        f"Without a result of the model: {count(data['n_failed'], 'image')}. Such are left out of "
        "the verdict's figures, which are also given with each counted as wrong; their fractures "
        f"count as missed. Without a label: {count(data['n_unknown'], 'image')}, left out of the "
        f"verdict's figures. Figures on boxes are of {count(boxes['n_images'], 'image')} whose "
        "boxes are known. Nothing was imputed."
    )


def _truth_counted(known: Known) -> str:
    data = known.metrics["data"]
    return (
        "An image counts as fractured by the label of the dataset, or else by whether a fracture "
        f"is boxed in it: {data['n_fractured']} are, {data['n_not_fractured']} are not."
    )


def _boxes_counted(known: Known) -> str:
    data, boxes = known.metrics["data"], known.whole["boxes"]
    text = (
        f"{count(boxes['n_truth_boxes'], 'fracture')} boxed in {boxes['n_images_with_boxes']} of "
        f"{count(boxes['n_images'], 'image')} whose boxes are known."
    )
    lacking = data["n_fractured_annotated_without_box"]
    return f"{text} Called fractured, but without a box: {count(lacking, 'image')}."


def _prevalence(known: Known) -> str | None:
    data = known.metrics["data"]
    labelled = data["n_fractured"] + data["n_not_fractured"]
    if not labelled:
        return None
    text = f"{data['n_fractured'] / labelled:.1%} of the labelled images are fractured."
    asked = known.metrics["settings"]["prevalence"]
    if asked is None:
        return text
    return f"{text} Predictive values are also given for a prevalence of {asked:.1%}."


def _groups(known: Known) -> str:
    data = known.metrics["data"]
    by = f" (grouped by {one_line(data['grouped_by'])})" if "grouped_by" in data else ""
    groups = count(data["n_groups"], "group")
    return f"Measured on {count(data['n'], 'image')} in {groups}{by}."


def _measures(known: Known) -> str:
    settings = known.metrics["settings"]
    rates = ", ".join(f"{rate:g}" for rate in settings["fp_rates"])
    return (
        "Verdict: AUROC, average precision, sensitivity at specificity "
        f"{settings['specificity']:g}; sensitivity, specificity, PPV, NPV, accuracy, F1, Youden "
        f"and kappa at each operating point. Calibration: ECE in {settings['ece_bins']} bins of "
        "equal width and of equal mass, Brier score, intercept and slope. Boxes: COCO's mAP50 and "
        "mAP50-95 over all images, normals included; AP at IoU "
        f"{settings['froc_iou']:g} and by centre; FROC at {rates} false positives per image, on "
        "all images and on images without fracture."
    )


def _intervals(known: Known) -> str:
    settings = known.metrics["settings"]
    unit = one_line(known.metrics["data"].get("grouped_by") or "group")
    return (
        f"Intervals at {settings['confidence_level']:.0%}: DeLong's for AUROC; Wilson's for "
        f"shares; percentile bootstrap, drawn by {unit}, {settings['n_resamples']} resamples, seed "
        f"{settings['seed']}, for AUROC, average precision, mAP50, AP and FROC."
    )


def _thresholds(known: Known) -> str | None:
    points = known.metrics["settings"]["operating_points"]
    if not points:
        return None
    rules = {} if known.manifest is None else known.manifest["operating_points"]
    named = "; ".join(
        f"{one_line(name)}: probability ≥ {value:.4f}"
        + (f" ({rules[name]['rule']})" if name in rules else "")
        for name, value in points.items()
    )
    before = "" if known.manifest is None else " They were set on val, before this evaluation."
    return f"Operating points: {named}.{before}"


def _subset_definitions(known: Known) -> str:
    names = ", ".join(
        one_line(name.replace("_", " "))
        for name, subset in known.metrics["subsets"].items()
        if name != "all" and subset["n"]
    )
    return f"The same figures were computed within: {names or 'no part of the data'}."


def _failures_as_errors(known: Known) -> str:
    return (
        "All rates of the verdict are also given with every image that could not be read "
        f"counted as wrong ({count(known.metrics['data']['n_failed'], 'image')})."
    )


def _internal(known: Known) -> str | None:
    data, names = known.metrics["data"], _trained_on(known)
    if not names or data.get("name") not in names:
        return None
    text = (
        f"The data measured on, {one_line(data['name'])}, bears the name of the data that the "
        f"model was trained on; its split {one_line(data['split'])} was measured."
    )
    return text if data["split"] == "test" else f"{text} {FLATTERS[data['split']]}"


def _external(known: Known) -> str | None:
    data, names = known.metrics["data"], _trained_on(known)
    if not names or data.get("name") in {*names, None}:
        return None
    return (
        f"The data measured on, {one_line(data['name'])}, is by its name none of the data that the "
        f"model was trained on ({one_line(', '.join(names))})."
    )


def _command(known: Known) -> str | None:
    command = known.metrics.get("command")
    return None if command is None else f"The evaluation was run as: `{one_line(command)}`."


def _availability(known: Known) -> str:
    licence = known.metrics["data"].get("licence")
    return (
        "The program, Fracture Locator, is under AGPL-3.0. Licence of the data: "
        f"{one_line(licence or 'not stated in the dataset')}."
    )


def _audit(known: Known) -> str:
    model = known.metrics.get("model")
    pinned = f" and the sha256 of the model (`{model['sha256']}`)" if model else ""
    return (
        "`metrics.json` keeps every figure with its settings, the images that failed"
        f"{pinned}; the same seed gives the same figures."
    )


def _trained_on(known: Known) -> list[str]:
    names = [entry["name"] for entry in known.training.get("data", [])]
    return [*names, "+".join(names)] if len(names) > 1 else names


def _counted(counts: Mapping[str, Any]) -> str:
    listed = (f"{one_line(name.replace('_', ' '))} {count}" for name, count in counts.items())
    return ", ".join(listed) or "none"


METHOD_FACTS: Mapping[str, Fact] = {
    "audit": _audit,
    "availability": _availability,
    "boxes_counted": _boxes_counted,
    "command": _command,
    "counts": _counts,
    "data": _data,
    "external": _external,
    "failures_as_errors": _failures_as_errors,
    "groups": _groups,
    "indeterminate": lambda _: INDETERMINATE,
    "index_blind": lambda _: INDEX_BLIND,
    "internal": _internal,
    "intervals": _intervals,
    "left_out": _left_out,
    "measures": _measures,
    "missing": _missing,
    "prevalence": _prevalence,
    "subset_definitions": _subset_definitions,
    "thresholds": _thresholds,
    "truth_counted": _truth_counted,
}
