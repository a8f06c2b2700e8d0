"""The evaluation's curves as pictures, drawn from the metrics alone."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FIGURE_FILES", "draw_figures"]

INCHES = (5.0, 5.0)
DPI = 150
CHANCE: dict[str, Any] = {"color": "0.6", "linestyle": "--", "linewidth": 1}


def draw_figures(metrics: dict[str, Any]) -> dict[str, bytes]:
    """Return the content of each figure by file name: roc, reliability, froc and
    precision_recall, each as `.png` and `.svg`.

    A figure whose curve is undefined is left out. The same metrics give the same bytes.
    Draws on Agg and SVG canvases of its own, so no display or global backend is touched.

    Args:
        metrics: as `report.evaluate_records` returns them.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    files = {}
    for name, draw in FIGURES.items():
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if not draw(axes, metrics["subsets"]["all"]):
            continue
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        # Fixed salt and no date: else every run writes other ids into the SVG.
        with rc_context({"svg.hashsalt": name}):
            for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
                buffer = BytesIO()
                figure.savefig(buffer, format=suffix, dpi=DPI, metadata=metadata)
                files[f"{name}.{suffix}"] = buffer.getvalue()
    return files


def _roc(axes: Axes, part: dict[str, Any]) -> bool:
    verdict = part["verdict"]
    curve = verdict["roc_curve"]
    if curve is None:
        return False
    area = verdict["auroc"]["value"]
    axes.plot([0, 1], [0, 1], **CHANCE)
    axes.plot(
        curve["false_positive_rate"],
        curve["true_positive_rate"],
        label=f"AUROC {area:.3f}{_interval(verdict['auroc'])}",
    )
    for marker, (name, point) in zip(
        "osD^vP*X" * len(verdict["operating_points"]),
        verdict["operating_points"].items(),
        strict=False,  # more markers than operating points
    ):
        sensitivity, specificity = point["sensitivity"]["value"], point["specificity"]["value"]
        axes.plot(
            1 - specificity,
            sensitivity,
            marker,
            label=f"{name}: sensitivity {sensitivity:.2f}, specificity {specificity:.2f}",
        )
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_title(f"Verdict, {verdict['n']} images")
    return True


def _reliability(axes: Axes, part: dict[str, Any]) -> bool:
    calibration = part["verdict"]["calibration"]
    if not calibration["reliability"]["equal_width"]:
        return False
    axes.plot([0, 1], [0, 1], **CHANCE)
    for binning, marker in (("equal_width", "o-"), ("equal_mass", "s:")):
        bins = calibration["reliability"][binning]
        error = calibration[f"ece_{binning}"]["value"]
        axes.plot(
            [item["mean_probability"] for item in bins],
            [item["fraction_fractured"] for item in bins],
            marker,
            label=f"{calibration['n_bins']} bins of {binning.replace('_', ' ')}: ECE {error:.3f}",
        )
    axes.set(xlabel="mean probability", ylabel="fraction fractured")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_title(f"Calibration, {part['verdict']['n']} images")
    return True


def _froc(axes: Axes, part: dict[str, Any]) -> bool:
    boxes = part["boxes"]
    if boxes["froc"]["iou"]["all"]["curve"] is None:
        return False
    labels = {
        "iou": f"IoU >= {boxes['froc']['iou']['least_iou']:g}",
        "centre": "centre in fracture",
    }
    furthest = max(
        point["false_positives_per_image"] for point in boxes["froc"]["iou"]["all"]["points"]
    )
    for number, (criterion, label) in enumerate(labels.items()):
        froc = boxes["froc"][criterion]["all"]
        rates, found = froc["curve"]["false_positives_per_image"], froc["curve"]["sensitivity"]
        last = found[-1] if found else 0.0
        line: dict[str, Any] = {"color": f"C{number}", "label": label}
        axes.step(
            [0, *rates, max(2 * furthest, *rates, 0)], [0, *found, last], "-", where="post", **line
        )
        for point in froc["points"]:
            # Set apart a little, so that both criteria's intervals can be seen.
            rate = point["false_positives_per_image"] + (number - 0.5) * furthest / 100
            low, high = point["sensitivity"]["interval"] or (point["sensitivity"]["value"],) * 2
            axes.plot([rate, rate], [low, high], color=f"C{number}")
    axes.set(xlabel="false positives per image", ylabel="sensitivity (of annotated boxes)")
    axes.set(xlim=(0, 2 * furthest), ylim=(0, 1.02))
    axes.set_title(f"FROC, {boxes['n_truth_boxes']} fractures in {boxes['n_images']} images")
    return True


def _precision_recall(axes: Axes, part: dict[str, Any]) -> bool:
    boxes = part["boxes"]
    curve = boxes["precision_recall_curve"]
    if curve is None:
        return False
    label = f"mAP50 {boxes['map50']['value']:.3f}{_interval(boxes['map50'])}"
    axes.plot(curve["recall"], curve["precision"], label=label)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title(f"Boxes at IoU 0.5, {boxes['n_images']} images")
    return True


def _interval(estimate: dict[str, Any]) -> str:
    if estimate["interval"] is None:
        return ""
    low, high = estimate["interval"]
    return f" [{low:.3f}, {high:.3f}]"


FIGURES: dict[str, Callable[[Axes, dict[str, Any]], bool]] = {
    "roc": _roc,
    "reliability": _reliability,
    "froc": _froc,
    "precision_recall": _precision_recall,
}
FIGURE_FILES = tuple(f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg"))
