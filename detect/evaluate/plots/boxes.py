"""The boxes in pictures: FROC, precision and recall, sensitivity by size of fracture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAPER,
    TOO_FEW,
    bracketed,
    error_lines,
    lay_legend_below,
)
from detect.evaluate.subset_title import MARK, marked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["band_words", "draw_froc", "draw_precision_recall", "draw_sizes"]

_DENOMINATORS = {
    "all": "all images, normals included",
    "normals": "images without a fracture alone",
}


def draw_froc(figure: Figure, metrics: dict[str, Any]) -> bool:
    """Fractures found against false boxes per image, counted in both ways."""
    boxes = metrics["subsets"]["all"]["boxes"]
    froc = boxes["froc"]
    drawn = [name for name in _DENOMINATORS if froc["iou"][name]["curve"] is not None]
    if not drawn:
        return False
    figure.set_size_inches(0.6 + 5.0 * len(drawn), 5.2)
    panels = figure.subplots(1, len(drawn), squeeze=False, sharey=True)[0]
    for axes, denominator in zip(panels, drawn, strict=True):
        _draw_froc(axes, froc, denominator)
        axes.set_title(f"False boxes counted on {_DENOMINATORS[denominator]}")
    panels[0].set_ylabel(f"sensitivity (of {boxes['n_truth_boxes']} annotated fractures)")
    lay_legend_below(panels[0], 2)
    return True


def _draw_froc(axes: Axes, froc: dict[str, Any], denominator: str) -> None:
    furthest = max(p["false_positives_per_image"] for p in froc["iou"][denominator]["points"])
    for number, (criterion, colour, line, marker) in enumerate(
        (("iou", BLUE, "-", "o"), ("centre", ORANGE, (0, (5, 2)), "s"))
    ):
        part = froc[criterion][denominator]
        if part["curve"] is None:
            continue
        rates, found = part["curve"]["false_positives_per_image"], part["curve"]["sensitivity"]
        label = "a box counts if its centre lies in the fracture"
        if criterion == "iou":
            label = f"a box counts from IoU {froc['iou']['least_iou']:g} on"
        axes.step(
            [0, *rates, max(2 * furthest, *rates, 0)],
            [0, *found, found[-1] if found else 0.0],
            where="post",
            color=colour,
            linestyle=line,
            label=label,
        )
        for point in part["points"]:
            # Set apart a little, so that both criteria's intervals can be seen.
            rate = point["false_positives_per_image"] + (number - 0.5) * furthest / 60
            estimate = point["sensitivity"]
            error_lines(axes, rate, estimate, color=colour)
            if estimate["value"] is not None:
                axes.plot([rate], [estimate["value"]], marker, color=colour, markeredgecolor=PAPER)
    axes.set(xlabel="false boxes per image", xlim=(0, 2 * furthest), ylim=(0, 1.02))


def draw_precision_recall(figure: Figure, metrics: dict[str, Any]) -> bool:
    """Precision and recall of boxes at IoU 0.5, COCO's interpolation."""
    boxes = metrics["subsets"]["all"]["boxes"]
    curve = boxes["precision_recall_curve"]
    if curve is None:
        return False
    figure.set_size_inches(5.4, 5.8)
    axes = figure.add_subplot()
    axes.plot(
        curve["recall"],
        curve["precision"],
        color=BLUE,
        label=f"mAP50 {bracketed(boxes['map50'])} (bootstrap)",
    )
    axes.set(xlabel="recall (annotated fractures found, IoU ≥ 0.5)")
    axes.set(ylabel="precision (boxes that find one)")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set_title(f"Boxes: {boxes['n_truth_boxes']} fractures, {boxes['n_images']} images")
    lay_legend_below(axes)
    return True


def draw_sizes(figure: Figure, metrics: dict[str, Any]) -> bool:
    """Share of fractures found in each band of size, at one rate of false boxes."""
    boxes = metrics["subsets"]["all"]["boxes"]
    sizes = boxes["by_size"]
    bands = [band for band in sizes["bands"] if band["sensitivity"]["value"] is not None]
    if not bands:
        return False
    figure.set_size_inches(6.0, 4.2)
    axes = figure.add_subplot()
    least = metrics["settings"]["least_of_a_kind"]
    for place, band in enumerate(bands):
        value, colour = band["sensitivity"]["value"], TOO_FEW if band["n"] < least else GREEN
        axes.bar([place], [value], 0.6, color=colour, alpha=0.35)
        axes.plot([place - 0.3, place + 0.3], [value, value], color=colour, linewidth=2)
        error_lines(axes, place, band["sensitivity"], color=INK)
    axes.set_xticks(
        range(len(bands)),
        [
            f"{band['name']}\n{band_words(band)}\n"
            + marked(f"n = {band['n']}", too_few=band["n"] < least)
            for band in bands
        ],
    )
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    axes.set(ylim=(0, 1.02), ylabel="sensitivity (fractures found)")
    words = "area of the fracture's box as a share of the image"
    if any(band["n"] < least for band in bands):
        words += f"\ngrey, {MARK}: fewer than {least} fractures, too few to judge"
    axes.set(xlabel=words)
    rate = sizes["false_positives_per_image"]
    axes.set_title(f"Fractures found by size, at {rate:g} false boxes per image")
    return True


def band_words(band: dict[str, Any]) -> str:
    """Return a band's limits, such as "0.2–0.5 %"."""
    low, high = band["from_share_of_image"], band["to_share_of_image"]
    if high is None:
        return f"from {100 * low:g} %"
    return f"below {100 * high:g} %" if low == 0 else f"{100 * low:g}–{100 * high:g} %"
