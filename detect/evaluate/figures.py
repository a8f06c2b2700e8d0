"""The evaluation's figures as PNG and SVG, drawn from the metrics alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.boxes import draw_froc, draw_precision_recall, draw_sizes
from detect.evaluate.plots.calibration import draw_reliability
from detect.evaluate.plots.comparison import (
    draw_compare_differences,
    draw_compare_froc,
    draw_compare_roc,
)
from detect.evaluate.plots.style import DPI, STYLE
from detect.evaluate.plots.subgroups import draw_subgroups
from detect.evaluate.plots.verdict import (
    draw_confusion,
    draw_probabilities,
    draw_roc,
    draw_verdict_precision_recall,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURES", "FIGURE_FILES", "draw_figure", "draw_figures"]

# Each draws on an empty figure, whose size it sets, and returns whether there was anything to draw.
FIGURES: dict[str, Callable[[Figure, dict[str, Any]], bool]] = {
    "roc": draw_roc,
    "verdict_precision_recall": draw_verdict_precision_recall,
    "confusion": draw_confusion,
    "probabilities": draw_probabilities,
    "reliability": draw_reliability,
    "froc": draw_froc,
    "precision_recall": draw_precision_recall,
    "sizes": draw_sizes,
    "subgroups": draw_subgroups,
    "compare_roc": draw_compare_roc,
    "compare_froc": draw_compare_froc,
    "compare_differences": draw_compare_differences,
}
FIGURE_FILES = tuple(f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg"))


def draw_figures(metrics: dict[str, Any]) -> dict[str, bytes]:
    """Return the content of each of `FIGURE_FILES` that has anything to show.

    Args:
        metrics: as `report.evaluate_records` returns them.
    """
    files: dict[str, bytes] = {}
    for name, draw in FIGURES.items():
        files |= draw_figure(name, draw, metrics)
    return files


def draw_figure(
    name: str, draw: Callable[[Figure, dict[str, Any]], bool], content: dict[str, Any]
) -> dict[str, bytes]:
    """Return a figure as `NAME.png` and `NAME.svg`; nothing where there is nothing to show.

    The same content gives the same bytes. Draws on Agg and SVG canvases of its own, so no
    display or global backend is touched.

    Args:
        name: of the files.
        draw: as those of `FIGURES`.
        content: what it draws.
    """
    from matplotlib import rc_context, style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    files = {}
    with (
        style.context("default"),  # not the user's
        # Fixed salt and no date: else every run writes other ids into the SVG.
        rc_context({**STYLE, "svg.hashsalt": name}),
        warnings.catch_warnings(),
    ):
        # a name in a script that the font lacks is drawn as empty boxes
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        if not draw(figure, content):
            return {}
        for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            buffer = BytesIO()
            figure.savefig(buffer, format=suffix, dpi=DPI, metadata=metadata)
            files[f"{name}.{suffix}"] = buffer.getvalue()
    return files
