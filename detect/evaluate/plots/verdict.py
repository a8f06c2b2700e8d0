"""The verdict in pictures: ROC, precision and recall, confusion, probabilities by truth."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import (
    BLUE,
    FRACTURED,
    GREEN,
    INK,
    MARKERS,
    MUTED,
    NORMAL,
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "draw_confusion",
    "draw_probabilities",
    "draw_roc",
    "draw_verdict_precision_recall",
]

_POINT_COLOURS = (ORANGE, GREEN, PURPLE)
_STROKES: tuple[Any, ...] = ((0, (1, 1.5)), "-", (0, (6, 3)))


def draw_roc(figure: Figure, metrics: dict[str, Any]) -> bool:
    """ROC curve with the operating points, their intervals, and the area's."""
    verdict = metrics["subsets"]["all"]["verdict"]
    curve = verdict["roc_curve"]
    if curve is None:
        return False
    figure.set_size_inches(5.6, 6.6)
    axes = figure.add_subplot()
    chance_line(axes)
    axes.plot(
        curve["false_positive_rate"],
        curve["true_positive_rate"],
        color=BLUE,
        label=f"area under the curve {bracketed(verdict['auroc'])} (DeLong)\n"
        f"{_bootstrap_words(verdict['auroc_bootstrap'])}",
    )
    for marker, colour, (name, point) in _styled_points(verdict):
        sensitivity, specificity = point["sensitivity"], point["specificity"]
        x, y = 1 - specificity["value"], sensitivity["value"]
        error_lines(axes, x, sensitivity, color=colour)
        if specificity["interval"] is not None:
            axes.plot(
                [1 - end for end in specificity["interval"]], [y, y], color=colour, linewidth=1.2
            )
        axes.plot(
            [x],
            [y],
            marker,
            color=colour,
            markeredgecolor=PAPER,
            markersize=9,
            label=f"{name} (from {point['threshold']:.3f}): sensitivity {bracketed(sensitivity)},\n"
            f"specificity {bracketed(specificity)}",
        )
    axes.set(xlabel="1 − specificity (false alarms among normals)")
    axes.set(ylabel="sensitivity (fractured images called so)")
    unit_square(axes)
    axes.set_title(f"ROC of the verdict: {_counts(verdict)}")
    lay_legend_below(axes)
    return True


def draw_verdict_precision_recall(figure: Figure, metrics: dict[str, Any]) -> bool:
    """Precision and recall of the verdict, with the operating points."""
    verdict = metrics["subsets"]["all"]["verdict"]
    curve = verdict["precision_recall_curve"]
    if curve is None or not verdict["n"]:
        return False
    figure.set_size_inches(5.6, 6.2)
    axes = figure.add_subplot()
    share = verdict["n_fractured"] / verdict["n"]
    axes.axhline(share, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    axes.plot(
        curve["recall"],
        curve["precision"],
        color=BLUE,
        drawstyle="steps-pre",
        label=f"average precision {bracketed(verdict['average_precision'])} (bootstrap);\n"
        f"by chance {share:.3f} (dashed), the share of fractured images",
    )
    for marker, colour, (name, point) in _styled_points(verdict):
        precision, recall = point["ppv"], point["sensitivity"]
        if precision["value"] is None or recall["value"] is None:
            continue
        error_lines(axes, recall["value"], precision, color=colour)
        axes.plot(
            [recall["value"]],
            [precision["value"]],
            marker,
            color=colour,
            markeredgecolor=PAPER,
            markersize=9,
            label=f"{name}: precision {bracketed(precision)}",
        )
    axes.set(xlabel="recall (= sensitivity)", ylabel="precision (= PPV at this share of fractured)")
    unit_square(axes)
    axes.set_title(f"Precision and recall of the verdict: {_counts(verdict)}")
    lay_legend_below(axes)
    return True


def draw_probabilities(figure: Figure, metrics: dict[str, Any]) -> bool:
    """How often each probability is said of fractured and of normal images."""
    verdict = metrics["subsets"]["all"]["verdict"]
    histogram = verdict["histogram"]
    if not verdict["n"]:
        return False
    figure.set_size_inches(6.4, 4.8)
    panels = figure.subplots(2, 1, sharex=True)
    edges = histogram["edges"]
    width = edges[1] - edges[0]
    for axes, key, colour, words in (
        (panels[0], "fractured", FRACTURED, "fractured"),
        (panels[1], "not_fractured", NORMAL, "not fractured"),
    ):
        counts = histogram[key]
        axes.bar(edges[:-1], counts, width, align="edge", color=colour, edgecolor=PAPER)
        axes.set_title(f"{words}: {sum(counts)} images")
        axes.set_ylabel("images")
        axes.set_ylim(0, 1.05 * max(1, *counts))
        axes.grid(False, axis="x")
        axes.locator_params(axis="y", integer=True, nbins=5)
        for stroke, (name, point) in zip(cycle(_STROKES), _points(verdict), strict=False):
            axes.axvline(
                point["threshold"],
                color=INK,
                linestyle=stroke,
                linewidth=1.1,
                label=f"{name}: from {point['threshold']:.3f}",
            )
    panels[1].set(xlabel="probability of a fracture, as the model said it", xlim=(0, 1))
    if verdict["operating_points"]:
        lay_legend_below(panels[0], 3)
    return True


def draw_confusion(figure: Figure, metrics: dict[str, Any]) -> bool:
    """A confusion matrix per operating point: counts and shares of each row."""
    verdict = metrics["subsets"]["all"]["verdict"]
    points = _points(verdict)
    if not verdict["n"] or not points:
        return False
    figure.set_size_inches(0.9 + 2.6 * len(points), 3.8)
    panels = figure.subplots(1, len(points), squeeze=False, sharey=True)[0]
    for axes, (name, point) in zip(panels, points, strict=True):
        rows = (
            (point["true_positive"], point["false_negative"]),
            (point["false_positive"], point["true_negative"]),
        )
        _draw_matrix(axes, rows)
        axes.set_title(f"{name}\n(fractured from {point['threshold']:.3f})")
        axes.set_xlabel("the model said")
    panels[0].set_ylabel("truth")
    return True


def _draw_matrix(axes: Axes, rows: tuple[tuple[int, int], tuple[int, int]]) -> None:
    from matplotlib.patches import Rectangle

    for row, counts in enumerate(rows):
        total = sum(counts)
        for column, count in enumerate(counts):
            share = count / total if total else 0.0
            colour = BLUE if row == column else ORANGE
            cell = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(cell, 1, 1, facecolor=colour, alpha=0.08 + 0.37 * share))
            axes.text(column, row - 0.1, str(count), ha="center", va="center", fontsize=15)
            words = f"{share:.1%} of row" if total else "no image"
            axes.text(column, row + 0.24, words, ha="center", va="center", fontsize="small")
    axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal")
    axes.set_xticks([0, 1], ["fractured", "not\nfractured"])
    axes.set_yticks([0, 1], ["fractured", "not\nfractured"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _points(verdict: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(short_name(name), point) for name, point in verdict["operating_points"].items()]


def _styled_points(
    verdict: dict[str, Any],
) -> list[tuple[str, str, tuple[str, dict[str, Any]]]]:
    """Return marker, colour and (name, figures) of each operating point."""
    # strict=False: the first two have no end
    return list(zip(cycle(MARKERS), cycle(_POINT_COLOURS), _points(verdict), strict=False))


def _bootstrap_words(estimate: dict[str, Any]) -> str:
    if estimate["interval"] is None:
        return estimate["reason"] or "no interval"
    low, high = estimate["interval"]
    return f"[{low:.3f}, {high:.3f}] ({estimate['method'].split(',')[0]})"


def _counts(verdict: dict[str, Any]) -> str:
    return f"{verdict['n_fractured']} fractured, {verdict['n_not_fractured']} not"
