"""Pictures of boxes: how many to an image, how large, and where."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detect.data.box_values import BoxValues
from detect.data.check_report import LABELS
from detect.data.naming import LABEL_WORDS
from detect.data.plot_style import (
    CLASS_STYLES,
    LABEL_COLOURS,
    OTHER_CLASSES,
    REST_STYLE,
    TEXT,
    PlotData,
    count_text,
    count_whole,
    name_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["draw_box_positions", "draw_box_sizes", "draw_boxes_per_image"]

_MOST_BOXES = 10  # more boxes than these are one bar
_MOST_MARKS = 3000  # more boxes than these are drawn as density
_GRID = 96  # cells a side of the map of positions
_COLUMNS = 3
_BINS = 36
_LEAST_SPAN = 2.0  # largest to smallest size: boxes of nearly one size have room around them


def draw_boxes_per_image(figure: Figure, data: PlotData) -> bool:
    """Draw how many images have 0, 1, 2 … boxes of any class, a panel per label."""
    samples = data.dataset.samples
    if not any(sample.boxes for sample in samples):
        return False
    found = {
        LABEL_WORDS[label]: Counter(
            None if sample.boxes is None else min(len(sample.boxes), _MOST_BOXES)
            for sample in samples
            if sample.fractured is label
        )
        for label in LABEL_WORDS
    }
    found = {word: numbers for word, numbers in found.items() if numbers}
    most = max(boxes for numbers in found.values() for boxes in numbers if boxes is not None)
    bars: list[int | None] = [*range(most + 1)]
    if any(None in numbers for numbers in found.values()):
        bars.insert(0, None)
    names = dict(zip(LABEL_WORDS.values(), LABELS.values(), strict=True))
    width = max(2.4, 0.42 * len(bars) + 0.6)
    figure.set_size_inches(max(5.0, 0.8 + width * len(found)), 4.0)
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (word, numbers) in zip(panels, found.items(), strict=True):
        drawn = axes.bar(
            range(len(bars)), [numbers[boxes] for boxes in bars], color=LABEL_COLOURS[word]
        )
        axes.bar_label(
            drawn,
            [count_text(numbers[boxes]) if numbers[boxes] else "" for boxes in bars],
            padding=2,
            fontsize=9,
            color=TEXT,
        )
        axes.set_xticks(range(len(bars)), [_bar_name(boxes) for boxes in bars])
        axes.set_title(f"{names[word]}: {count_text(numbers.total())} images")
        axes.set_xlabel("boxes per image, all classes")
        axes.margins(y=0.1)
        count_whole(axes.yaxis)
    panels[0].set_ylabel("images")
    return True


def _bar_name(boxes: int | None) -> str:
    if boxes is None:
        return "not\ndrawn"
    return f"{boxes}+" if boxes == _MOST_BOXES else str(boxes)


def draw_box_sizes(figure: Figure, data: PlotData) -> bool:
    """Draw the square root of the boxes' area: in pixels against share of the image's.

    Both axes are logarithmic, with the distribution of each class beside them.
    """
    from matplotlib.lines import Line2D

    boxes = data.boxes.of(~np.isnan(data.boxes.relative_areas))
    if len(boxes.labels) == 0:
        return False
    figure.set_size_inches(7.5, 6.5)
    grid = figure.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 4))
    main = figure.add_subplot(grid[1, 0])
    above = figure.add_subplot(grid[0, 0], sharex=main)
    beside = figure.add_subplot(grid[1, 1], sharey=main)
    pixels = np.sqrt(boxes.sides.prod(axis=1))
    shares = 100 * np.sqrt(boxes.relative_areas)
    main.set(xscale="log", yscale="log")
    dense = len(pixels) > _MOST_MARKS
    if dense:
        density = main.hexbin(
            pixels, shares, xscale="log", yscale="log", gridsize=60, bins="log", cmap="cividis_r"
        )
        bar = figure.colorbar(density, ax=main, location="bottom", shrink=0.6, pad=0.02)
        bar.set_label("boxes in a cell")
        _plain_ticks(bar.ax.xaxis)
    steps_x, steps_y = _log_bins(pixels), _log_bins(shares)
    handles = []
    for name, chosen, (colour, marker) in _classes(boxes):
        label = f"{name}: {count_text(int(chosen.sum()))}"
        if not dense:
            main.scatter(
                pixels[chosen], shares[chosen], s=14, color=colour, marker=marker, alpha=0.45, lw=0
            )
        above.stairs(*np.histogram(pixels[chosen], steps_x), color=colour, lw=1.4)
        beside.stairs(
            *np.histogram(shares[chosen], steps_y), orientation="horizontal", color=colour, lw=1.4
        )
        handles.append(Line2D([], [], color=colour, marker="" if dense else marker, label=label))
    main.set_xlabel("√(box area), px of the original image")
    main.set_ylabel("√(box area / image area), %")
    main.grid(color="0.9", linewidth=0.8)
    main.set_axisbelow(True)
    above.set_ylabel("boxes")
    beside.set_xlabel("boxes")
    for axes in (above, beside):
        axes.tick_params(labelbottom=axes is beside, labelleft=axes is above)
    count_whole(above.yaxis)
    count_whole(beside.xaxis)
    _plain_ticks(main.xaxis)
    _plain_ticks(main.yaxis)
    figure.legend(handles=handles, loc="outside upper left", ncols=min(3, len(handles)))
    return True


def _classes(
    boxes: BoxValues,
) -> list[tuple[str, NDArray[np.bool_], tuple[str, str]]]:
    """Return name, membership and style of each class, the most frequent first; the rest in one."""
    numbers = Counter(boxes.labels.tolist())
    ordered = sorted(numbers, key=lambda name: (-numbers[name], name))
    shown = ordered if len(ordered) <= len(CLASS_STYLES) else ordered[: len(CLASS_STYLES) - 1]
    parts = [
        (name_text(name), boxes.labels == name, style)
        for name, style in zip(shown, CLASS_STYLES, strict=False)  # fewer names than styles
    ]
    if len(shown) < len(ordered):
        parts.append((OTHER_CLASSES, ~np.isin(boxes.labels, shown), REST_STYLE))
    return parts


def _log_bins(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = values.min(), values.max()
    wider = 1.05 if high / low > _LEAST_SPAN else _LEAST_SPAN
    return np.asarray(np.geomspace(low / wider, high * wider, _BINS + 1), np.float64)


def _plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis 1, 2, 5, 10 … instead of with powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def draw_box_positions(figure: Figure, data: PlotData) -> bool:
    """Draw which share of the boxes covers each place of the image, a panel per class."""
    boxes = data.boxes.of(~np.isnan(data.boxes.relative_areas))
    if len(boxes.labels) == 0:
        return False
    classes = _classes(boxes)
    columns = min(_COLUMNS, len(classes))
    rows = math.ceil(len(classes) / columns)
    figure.set_size_inches(4.6 * columns + 0.6, 4.2 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, chosen, _) in zip(panels, classes, strict=False):  # the last may stay empty
        _draw_map(figure, axes, boxes.of(chosen))
        axes.set_title(f"{name}: {count_text(int(chosen.sum()))} boxes")
    for axes in panels[len(classes) :]:
        axes.set_axis_off()
    return True


def _draw_map(figure: Figure, axes: Axes, boxes: BoxValues) -> None:
    x1, y1, x2, y2 = (boxes.xyxy / np.tile(boxes.frames, 2)).T
    covered = _overlap(y1, y2).T @ _overlap(x1, x2) / len(x1)
    image = axes.imshow(
        100 * covered, cmap="cividis", extent=(0, 1, 1, 0), vmin=0, interpolation="nearest"
    )
    figure.colorbar(image, ax=axes, shrink=0.8, label="boxes that cover the place, %")
    axes.set(xlabel="x / image width", ylabel="y / image height")


def _overlap(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return which share of each of the `_GRID` cells of 0..1 each interval covers; (n, _GRID)."""
    edges = np.linspace(0, 1, _GRID + 1)
    inside = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    return np.asarray(np.clip(inside, 0, None) * _GRID, np.float64)
