"""Robustness as a picture: by how much each figure differs under each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import BLUE, INK, ORANGE, PAPER, error_lines
from detect.evaluate.robustness.measure import FIGURES
from detect.evaluate.robustness.table import figure_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_robustness"]

_ROW = 0.27  # inches


def draw_robustness(figure: Figure, found: dict[str, Any]) -> bool:
    """Draw a panel for each figure, a row for each condition; False where there is none.

    Args:
        figure: empty; its size is set.
        found: as `measure_robustness` returns it.
    """
    clean, *conditions = found["conditions"]
    if not conditions:
        return False
    figure.set_size_inches(14, 1.6 + _ROW * len(conditions))
    panels = figure.subplots(1, len(FIGURES), sharey=True)
    for axes, (name, title) in zip(panels, figure_titles(found["settings"]).items(), strict=True):
        axes.axvline(0, color=INK, linewidth=1)
        for place, condition in enumerate(conditions):
            difference = condition["differences"][name]
            if difference["value"] is None:
                continue
            ends = difference["interval"]
            told = ends is not None and not ends[0] <= 0 <= ends[1]
            colour = ORANGE if told else BLUE
            error_lines(axes, place, difference, color=colour, across=True)
            marker = "D" if told else "o"  # told apart without the colour, too
            axes.plot([difference["value"]], [place], marker, color=colour, markeredgecolor=PAPER)
        value = clean["figures"][name]["value"]
        axes.set_title(f"{title}\nclean: {'–' if value is None else f'{value:.3f}'}")
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.08)
    panels[0].set_yticks(range(len(conditions)), [each["name"] for each in conditions])
    panels[0].set_ylim(len(conditions) - 0.5, -0.5)
    figure.supxlabel(
        "difference from the clean images with its interval; "
        "diamonds: the interval leaves 0 out; ECE: right of 0 is worse",
        fontsize="medium",
    )
    return True
