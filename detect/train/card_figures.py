"""The figures of a model card, from the `metrics.json` of val and of test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.data.check_report import count
from detect.evaluate.wording import Footnotes, markdown_table
from detect.train.card_by_group import rates_by_group
from detect.train.card_failures import failure_cases
from detect.train.card_intervals import as_independent
from detect.train.card_subgroups import subgroup_table

__all__ = ["figure_sections"]

Splits = Mapping[str, dict[str, Any]]  # "val", "test" → content of metrics.json

_CRITERIA = {"iou": "IoU ≥ {iou:g}", "centre": "centre inside"}
_DENOMINATORS = {"all": "all images", "normals": "images without fracture"}
_RATES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "accuracy": "accuracy",
    "f1": "F1",
    "youden": "Youden's J",
    "kappa": "kappa",
}
_POINTS_NOTE = """PPV and NPV hold at each split's own share of fractured images alone.
In the first table F1, Youden's J and kappa have intervals by bootstrap, the others Wilson's.
"""


def figure_sections(splits: Splits, default_point: str) -> str:
    """Return the card's sections on figures, a table each, in Markdown.

    Args:
        splits: what was measured on val and, where there is one, on test; schema 1.2 or later.
        default_point: the operating point at which subgroups are given.
    """
    last = "test" if "test" in splits else "val"
    sections = {
        "What was measured on": _images(splits),
        "Verdict": _verdict(splits),
        "Operating points": _points(splits),
        "Calibration": _calibration(splits),
        "Boxes": _boxes(splits),
        "Fractures found against false alarms (FROC)": _froc(splits),
        "Fractures by size": _sizes(splits),
        "Right for the right reason": _reasons(splits),
        f"Subgroups of {last}": subgroup_table(splits[last], default_point),
        "Failure cases": failure_cases(splits),
    }
    return "\n".join(f"### {title}\n\n{text}" for title, text in sections.items())


def _all(metrics: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = metrics["subsets"]["all"]
    return whole


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _images(splits: Splits) -> str:
    rows = [
        [
            name,
            str(data["n"]),
            str(data["n_fractured"]),
            str(data["n_not_fractured"]),
            str(data["n_unknown"]),
            f"{data['n_groups']}{_unit(data)}",
            _counted(data.get("left_out", {})),
            _counted(data["failures_by_reason"]),
        ]
        for name, data in ((name, metrics["data"]) for name, metrics in splits.items())
    ]
    head = ["split", "images", "fractured", "not fractured", "unknown", "groups"]
    return markdown_table([*head, "left out", "could not be read"], rows) + (
        "\nImages that could not be read are among those counted. They are left out of the "
        "verdict's figures,\nwhich stand once more under the operating points with each counted as "
        "wrong; the fractures\nannotated in them count as missed. An image without a group is one "
        "of its own.\n"
    )


def _unit(data: Mapping[str, Any]) -> str:
    """Say what a group is, where the evaluation does."""
    return f", by {data['grouped_by']}" if "grouped_by" in data else ""


def _verdict(splits: Splits) -> str:
    notes = Footnotes()

    def row(title: str, *where: str) -> list[str]:
        cells = []
        for metrics in splits.values():
            value: Any = _all(metrics)["verdict"]
            for key in where:
                value = value[key]
            cells.append(notes.cell(value))
        return [title, *cells]

    found = _all(splits["val"])["verdict"]["sensitivity_at_specificity"]
    rows = [
        row("AUROC, interval by DeLong", "auroc"),
        row("AUROC, interval by bootstrap", "auroc_bootstrap"),
        row("average precision", "average_precision"),
        row(
            f"sensitivity at specificity {found['specificity']:.2f}, threshold read off the split",
            "sensitivity_at_specificity",
            "sensitivity",
        ),
    ]
    return markdown_table(["figure", *splits], rows) + (
        f"{notes.text()}\nDeLong takes images as independent. The bootstrap draws whole groups "
        "(patients, where the data\nnames them), so it is the one to trust where a group has "
        "several images.\n"
    )


def _points(splits: Splits) -> str:
    notes = Footnotes()
    rows, failed = [], []
    for split, metrics in splits.items():
        verdict = _all(metrics)["verdict"]
        lost = verdict["n_failed_fractured"], verdict["n_failed_not_fractured"]
        for name, point in verdict["operating_points"].items():
            rates = [notes.cell(point[rate]) for rate in _RATES]
            rows.append([split, name, f"{point['threshold']:.3f}", *rates])
            if any(lost):
                wrong = point["with_failures_as_errors"]
                rates = [_or_not_recorded(wrong.get(rate), notes) for rate in _RATES]
                failed.append([split, name, *map(str, lost), *rates])
    if not rows:
        return "No operating point was measured at.\n"
    begin = ["split", "operating point"]
    text = markdown_table([*begin, "threshold", *_RATES.values()], rows)
    if failed:
        head = [*begin, "failed, fractured", "failed, not", *_RATES.values()]
        text += "\nWith every image that could not be read counted as wrong:\n\n"
        text += markdown_table(head, failed)
    return f"{text}{notes.text()}{rates_by_group(splits)}\n{_POINTS_NOTE}"


def _or_not_recorded(estimate: dict[str, Any] | None, notes: Footnotes) -> str:
    """Return a cell of what schema 1.2 had not yet."""
    return "not recorded" if estimate is None else notes.cell(estimate)


def _calibration(splits: Splits) -> str:
    notes = Footnotes()
    keys = {
        "ece_equal_width": "ECE, {bins} bins of equal width",
        "ece_equal_width_of_perfect": "the same of perfect calibration, by chance alone",
        "ece_equal_mass": "ECE, {bins} bins of equal mass",
        "ece_equal_mass_of_perfect": "the same of perfect calibration, by chance alone",
        "brier": "Brier score",
        "intercept": "intercept (0 is ideal)",
        "slope": "slope (1 is ideal; below, too sure of itself)",
    }
    blocks, head = [], ["figure"]
    for split, metrics in splits.items():
        calibration = _all(metrics)["verdict"]["calibration"]
        head += [f"{split}, before", f"{split}, after"]
        blocks += [calibration["before"], calibration]
    bins = blocks[-1]["n_bins"]
    rows = [
        [
            title.format(bins=bins),
            *(_or_not_recorded(block and block.get(key), notes) for block in blocks),
        ]
        for key, title in keys.items()
    ]
    return markdown_table(head, rows) + (
        f"{notes.text()}\nBefore: what the model said before it was calibrated, where the "
        "evaluation recorded it. The\ncalibration was fitted on val. By chance alone: mean and "
        "95 % range of labels drawn from the\nprobabilities, images taken as independent.\n"
    )


def _boxes(splits: Splits) -> str:
    notes = Footnotes()
    iou = splits["val"]["settings"]["froc_iou"]
    keys = {
        "map50": "mAP50",
        "map50_95": "mAP50-95",
        "ap_iou": f"AP at IoU {iou:g}",
        "ap_centre": "AP where the centre decides",
        "ar100": "AR at 100 boxes an image",
    }
    rows = [
        [title, *(notes.cell(_all(metrics)["boxes"][key]) for metrics in splits.values())]
        for key, title in keys.items()
    ]
    counts = {"images whose boxes are known": "n_images", "annotated fractures": "n_truth_boxes"}
    rows += [
        [title, *(str(_all(metrics)["boxes"][key]) for metrics in splits.values())]
        for title, key in counts.items()
    ]
    return markdown_table(["figure", *splits], rows) + notes.text()


def _froc(splits: Splits) -> str:
    notes = Footnotes()
    rows = []
    for criterion, title in _CRITERIA.items():
        for denominator, images in _DENOMINATORS.items():
            columns = [
                _all(metrics)["boxes"]["froc"][criterion][denominator]["points"]
                for metrics in splits.values()
            ]
            for points in zip(*columns, strict=True):
                iou = splits["val"]["settings"]["froc_iou"]
                rate = f"{points[0]['false_positives_per_image']:g}"
                found = [
                    notes.cell(point[key])
                    for point in points
                    for key in ("sensitivity", "image_sensitivity")
                ]
                rows.append([title.format(iou=iou), images, rate, *found])
    head = ["a box counts", "false positives counted on", "false positives per image"]
    for split in splits:
        head += [f"{split}: fractures found", f"{split}: fractured images with one found"]
    line = as_independent("fractured images with one found, by Wilson", grouped="fractures found")
    return f"{markdown_table(head, rows)}{notes.text()}\n{line}"


def _sizes(splits: Splits) -> str:
    notes = Footnotes()
    columns = [_all(metrics)["boxes"]["by_size"] for metrics in splits.values()]
    rows = []
    for bands in zip(*(column["bands"] for column in columns), strict=True):
        low, high = bands[0]["from_share_of_image"], bands[0]["to_share_of_image"]
        share = f"{low:.1%} or more" if high is None else f"{low:.1%} to below {high:.1%}"
        cells = [
            cell for band in bands for cell in (str(band["n"]), notes.cell(band["sensitivity"]))
        ]
        rows.append([bands[0]["name"], share, *cells])
    head = ["size", "share of the image"]
    for split in splits:
        head += [f"{split}: fractures", f"{split}: found"]
    rate = columns[0]["false_positives_per_image"]
    unknown = sum(column["n_unknown_size"] for column in columns)
    text = markdown_table(head, rows) + notes.text()
    text += f"\nFound: at {rate:g} false positives per image, over all images.\n"
    text += as_independent("found by Wilson", "fractures")
    if unknown:
        text += f"In no band: {count(unknown, 'fracture')} in images that could not be read.\n"
    return text


def _reasons(splits: Splits) -> str:
    notes = Footnotes()
    blocks = [_all(metrics)["reasons"] for metrics in splits.values()]
    rows = [
        ["fractured images called fractured", *(str(b["n_true_positive"]) for b in blocks)],
        ["of them with annotated boxes", *(str(b["n_with_annotated_boxes"]) for b in blocks)],
        ["what is shown touches a fracture", *(notes.cell(b["touching"]) for b in blocks)],
        [
            "the centre of what is shown lies in one",
            *(notes.cell(b["centre_in_fracture"]) for b in blocks),
        ],
        ["verdict and boxes contradict each other", *(str(len(b["incoherent"])) for b in blocks)],
    ]
    table = markdown_table(["true positives", *splits], rows)
    return f"{table}{notes.text()}\n{as_independent('shares by Wilson')}"
