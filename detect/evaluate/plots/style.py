"""What the evaluation's pictures have in common: colours, sizes, words.

Colours are told apart by colour-blind readers: M. Okabe and K. Ito, "Color Universal Design",
2008 (https://jfly.uni-koeln.de/color/). Lines that share axes also differ in stroke and marker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detect.data.check_text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLUE",
    "DPI",
    "FRACTURED",
    "GREEN",
    "GRID",
    "INK",
    "MARKERS",
    "MUTED",
    "NORMAL",
    "ORANGE",
    "PAPER",
    "PURPLE",
    "STYLE",
    "TOO_FEW",
    "bracketed",
    "chance_line",
    "error_lines",
    "lay_legend_below",
    "short_name",
    "unit_square",
]

INK, MUTED, GRID, PAPER, TOO_FEW = "#1f2328", "#6e7781", "#d8dee4", "#ffffff", "#9aa2ab"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#a8548a"
FRACTURED, NORMAL = ORANGE, BLUE
MARKERS = "osD^vP*X"
DPI = 150
_LONGEST = 34  # characters of a name

STYLE: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.facecolor": PAPER,
    # The first is what matplotlib brings: the same picture on every machine. The others are for
    # viewers of an SVG that lack it, and as wide.
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 10.0,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": "small",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and edited
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is no formula
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


def bracketed(estimate: dict[str, Any], digits: int = 3) -> str:
    """Return "0.893 [0.853, 0.929]"; without an interval the value alone, undefined "–"."""
    if estimate["value"] is None:
        return "–"
    text = f"{estimate['value']:.{digits}f}"
    if estimate["interval"] is None:
        return text
    low, high = estimate["interval"]
    return f"{text} [{low:.{digits}f}, {high:.{digits}f}]"


def short_name(name: str) -> str:
    """Return a name from the data as it can stand in a picture: printable, not too long."""
    text = printable(name)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f" {text}" if text.startswith("_") else text  # matplotlib hides such from legends


def chance_line(axes: Axes) -> None:
    """Draw the diagonal."""
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1)


def unit_square(axes: Axes) -> None:
    """Let both axes span 0..1 with equal scale, a little more being shown."""
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def error_lines(
    axes: Axes, x: float, estimate: dict[str, Any], *, color: str, across: bool = False
) -> None:
    """Draw an estimate's interval as a line through (x, value), or (value, x) with `across`."""
    if estimate["interval"] is None:
        return
    ends, place = list(estimate["interval"]), [x, x]
    axes.plot(*((ends, place) if across else (place, ends)), color=color, linewidth=1.2)


def lay_legend_below(axes: Axes, columns: int = 1) -> None:
    """Set the legend under the axes, where it covers no curve."""
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)
