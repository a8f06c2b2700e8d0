"""Subgroups in a picture: a forest plot of two figures with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import (
    BLUE,
    MUTED,
    ORANGE,
    PAPER,
    TOO_FEW,
    bracketed,
    error_lines,
    short_name,
)
from detect.evaluate.subset_title import MARK, marked, subset_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_subgroups", "shown_point"]

_ROW = 0.29  # inches
_LEFT_NOTE = 1.03  # of the axes' width: where the figures in words begin


def draw_subgroups(figure: Figure, metrics: dict[str, Any]) -> bool:
    """AUROC and sensitivity of each subset; where images are too few, in grey with a mark."""
    shown = metrics["subsets"]
    point = shown_point(metrics)
    whole = metrics["subsets"]["all"]["verdict"]
    if point is None or not whole["n_fractured"]:
        return False
    figure.set_size_inches(11.0, 1.5 + _ROW * len(shown))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, key, colour in ((panels[0], "auroc", BLUE), (panels[1], "sensitivity", ORANGE)):
        for row, part in enumerate(shown.values()):
            verdict = part["verdict"]
            estimate = verdict["auroc"]
            if key == "sensitivity":
                estimate = verdict["operating_points"][point]["sensitivity"]
            _draw_row(axes, row, estimate, TOO_FEW if part["too_few"] else colour)
        middle = whole["auroc"]["value"]
        if key == "sensitivity":
            middle = whole["operating_points"][point]["sensitivity"]["value"]
        if middle is not None:
            axes.axvline(middle, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(shown) - 0.5, -0.5))
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(shown)), [_label(name, part) for name, part in shown.items()])
    for tick, part in zip(panels[0].get_yticklabels(), shown.values(), strict=True):
        tick.set_color(MUTED if part["too_few"] else tick.get_color())
    panels[0].set(title="Area under the ROC curve", xlabel="AUROC, DeLong interval")
    panels[1].set_title(f"Sensitivity at “{short_name(point)}”")
    panels[1].set_xlabel("sensitivity, Wilson interval")
    least = metrics["settings"]["least_of_a_kind"]
    figure.supxlabel(
        f"In brackets: images, fractured / not. Grey, {MARK}: fewer than {least} of one kind, too "
        "few to judge. Dashed: all images.",
        fontsize="small",
        color=MUTED,
    )
    return True


def shown_point(metrics: Mapping[str, Any]) -> str | None:
    """Return the operating point that is shown where there is room for one: the middle one."""
    names = list(metrics["settings"]["operating_points"])
    if not names:
        return None
    return "balanced" if "balanced" in names else names[0]


def _draw_row(axes: Axes, row: int, estimate: dict[str, Any], colour: str) -> None:
    error_lines(axes, row, estimate, color=colour, across=True)
    if estimate["value"] is not None:
        axes.plot([estimate["value"]], [row], "s", color=colour, markeredgecolor=PAPER)
    axes.text(
        _LEFT_NOTE,
        row,
        bracketed(estimate, 2) if estimate["value"] is not None else "undefined",
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize="small",
        color=MUTED if colour == TOO_FEW else None,
    )


def _label(name: str, part: dict[str, Any]) -> str:
    verdict = part["verdict"]
    title = f"{short_name(subset_title(name))} "
    title += f"({verdict['n_fractured']} / {verdict['n_not_fractured']})"
    return marked(title, too_few=part["too_few"])
