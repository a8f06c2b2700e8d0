"""Several systems in one picture: ROC, FROC, and by how much the first differs from the others."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAPER,
    PURPLE,
    bracketed,
    chance_line,
    error_lines,
    lay_legend_below,
    short_name,
    unit_square,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_compare_differences", "draw_compare_froc", "draw_compare_roc"]

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, INK)
_STROKES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1)), (0, (5, 2, 1, 2)))
_ROW = 0.3  # inches


def draw_compare_roc(figure: Figure, metrics: dict[str, Any]) -> bool:
    """ROC curves of all systems."""
    curves = [
        (name, colour, stroke, subset["verdict"])
        for name, colour, stroke, subset in _systems(metrics)
        if subset["verdict"]["roc_curve"] is not None
    ]
    if len(curves) < 2:
        return False
    figure.set_size_inches(5.6, 5.5 + 0.2 * len(curves))
    axes = figure.add_subplot()
    chance_line(axes)
    for name, colour, stroke, verdict in curves:
        axes.plot(
            verdict["roc_curve"]["false_positive_rate"],
            verdict["roc_curve"]["true_positive_rate"],
            color=colour,
            linestyle=stroke,
            label=f"{name}: area {bracketed(verdict['auroc'])}",
        )
    axes.set(xlabel="1 − specificity (false alarms among normals)")
    axes.set(ylabel="sensitivity (fractured images called so)")
    unit_square(axes)
    axes.set_title("ROC of all systems on the same images")
    lay_legend_below(axes)
    return True


def draw_compare_froc(figure: Figure, metrics: dict[str, Any]) -> bool:
    """FROC curves of all systems, false boxes counted on all images."""
    curves = [
        (name, colour, stroke, subset["boxes"]["froc"]["iou"]["all"])
        for name, colour, stroke, subset in _systems(metrics)
        if subset["boxes"]["froc"]["iou"]["all"]["curve"] is not None
    ]
    if len(curves) < 2:
        return False
    figure.set_size_inches(5.6, 4.6 + 0.2 * len(curves))
    axes = figure.add_subplot()
    furthest = max(p["false_positives_per_image"] for p in curves[0][3]["points"])
    for number, (name, colour, stroke, part) in enumerate(curves):
        rates, found = part["curve"]["false_positives_per_image"], part["curve"]["sensitivity"]
        axes.step(
            [0, *rates, max(2 * furthest, *rates, 0)],
            [0, *found, found[-1] if found else 0.0],
            where="post",
            color=colour,
            linestyle=stroke,
            label=name,
        )
        for point in part["points"]:
            # Set apart a little, so that all intervals can be seen.
            shift = (number - (len(curves) - 1) / 2) * furthest / 60
            rate = point["false_positives_per_image"] + shift
            error_lines(axes, rate, point["sensitivity"], color=colour)
    axes.set(xlabel="false boxes per image, all images counted", xlim=(0, 2 * furthest))
    axes.set(ylabel="sensitivity (of annotated fractures)", ylim=(0, 1.02))
    axes.set_title(f"FROC of all systems, IoU ≥ {metrics['settings']['froc_iou']:g}")
    lay_legend_below(axes)
    return True


def draw_compare_differences(figure: Figure, metrics: dict[str, Any]) -> bool:
    """By how much the first system differs from each other one, with intervals."""
    comparisons = metrics.get("comparisons") or []
    rows = [
        (short_name(one["second"]), words, estimate)
        for words in _figures(comparisons)
        for one in comparisons
        if (estimate := _figures([one]).get(words)) and estimate["value"] is not None
    ]
    if not rows:
        return False
    figure.set_size_inches(11.0, 1.4 + _ROW * len(rows))
    axes = figure.add_subplot()
    axes.axvline(0, color=INK, linewidth=1)
    reach = 0.05
    for place, (_, _, estimate) in enumerate(rows):
        error_lines(axes, place, estimate, color=BLUE, across=True)
        axes.plot([estimate["value"]], [place], "s", color=BLUE, markeredgecolor=PAPER)
        axes.text(
            1.02,
            place,
            f"{_signed(estimate)}{_p_words(estimate['p_value'])}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize="small",
        )
        ends = estimate["interval"] or [estimate["value"]]
        reach = max(reach, *(abs(end) for end in ends))
    axes.set_yticks(range(len(rows)), [f"{words}, against {name}" for name, words, _ in rows])
    axes.set(xlim=(-1.1 * reach, 1.1 * reach), ylim=(len(rows) - 0.5, -0.5))
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    first = short_name(comparisons[0]["first"])
    axes.set_title(f"{first} minus the other, on images that both read")
    axes.set_xlabel("difference with its interval; right of 0, the first is higher")
    return True


def _systems(metrics: dict[str, Any]) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Return name, colour, stroke and figures over all images of each system, the first first."""
    systems = [metrics, *(metrics.get("against") or [])]
    if len(systems) < 2:
        return []
    return [
        (short_name(one["system"]["name"]), colour, stroke, one["subsets"]["all"])
        for one, colour, stroke in zip(systems, cycle(_COLOURS), cycle(_STROKES), strict=False)
    ]


def _figures(comparisons: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the differences of one comparison (or the words of several) by words."""
    figures: dict[str, dict[str, Any]] = {}
    for one in comparisons:
        figures |= {
            "AUROC": one["auroc"],
            "average precision": one["average_precision"],
            "mAP50": one["boxes"]["map50"],
        }
        for point in one["boxes"]["froc"]:
            rate = f"{point['false_positives_per_image']:g}"
            figures[f"fractures found, {rate} false boxes per image"] = point["sensitivity"]
    return figures


def _signed(estimate: dict[str, Any]) -> str:
    text = f"{estimate['value']:+.3f}"
    if estimate["interval"] is None:
        return text
    low, high = estimate["interval"]
    return f"{text} [{low:+.3f}, {high:+.3f}]"


def _p_words(p_value: float | None) -> str:
    if p_value is None:
        return ""
    return ", p < 0.001" if p_value < 0.001 else f", p = {p_value:.3f}"
