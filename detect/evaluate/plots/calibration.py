"""Whether probabilities mean what they say, in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detect.evaluate.plots.style import BLUE, MUTED, ORANGE, PAPER, chance_line, unit_square

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_reliability"]

_BINNINGS = {"equal_width": "width", "equal_mass": "count"}
_LARGEST_MARK, _LEAST_MARK = 130.0, 14.0  # points squared


def draw_reliability(figure: Figure, metrics: dict[str, Any]) -> bool:
    """Share of fractured images at each probability: after calibration, and before if known."""
    calibration = metrics["subsets"]["all"]["verdict"]["calibration"]
    if not calibration["reliability"]["equal_width"]:
        return False
    before = calibration["before"]
    blocks = [("as the model says it", calibration)]
    if before is not None:
        blocks = [("before calibration", before), ("after calibration", calibration)]
    figure.set_size_inches(0.6 + 5.0 * len(blocks), 5.6)
    panels = figure.subplots(1, len(blocks), squeeze=False, sharey=True)[0]
    for axes, (words, block) in zip(panels, blocks, strict=True):
        _draw_block(axes, block)
        n = sum(item["count"] for item in block["reliability"]["equal_width"])
        axes.set_title(f"{words[0].upper()}{words[1:]}: {n} images")
        axes.legend(loc="upper left")
    panels[0].set_ylabel("share of these images that are fractured")
    return True


def _draw_block(axes: Axes, block: dict[str, Any]) -> None:
    chance_line(axes)
    bins = block["reliability"]["equal_width"]
    most = max(item["count"] for item in bins)
    for binning, marker, colour, line in (
        ("equal_mass", "s", ORANGE, (0, (1.5, 1.5))),
        ("equal_width", "o", BLUE, "-"),
    ):
        points = block["reliability"][binning]
        x = [item["mean_probability"] for item in points]
        y = [item["fraction_fractured"] for item in points]
        axes.plot(x, y, color=colour, linestyle=line, linewidth=1.4)
        axes.scatter(
            x,
            y,
            s=[_LEAST_MARK + _LARGEST_MARK * item["count"] / most for item in points],
            marker=marker,
            color=colour,
            edgecolor=PAPER,
            zorder=3,
            label=f"{block['n_bins']} bins of equal {_BINNINGS[binning]}: "
            f"ECE {block[f'ece_{binning}']['value']:.3f}",
        )
    axes.plot([], [], color=MUTED, linestyle=(0, (4, 3)), linewidth=1, label="ideal")
    axes.set_xlabel("mean probability of a fracture in the bin\n(marks grow with its images)")
    unit_square(axes)
