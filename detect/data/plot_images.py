"""Pictures of how images spread: over splits, regions, attributes and sizes, by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from detect.data.check_report import LABELS
from detect.data.naming import LABEL_WORDS, UNASSIGNED
from detect.data.plot_style import (
    LABEL_COLOURS,
    TEXT,
    PlotData,
    add_label_legend,
    count_text,
    count_whole,
    name_text,
)
from detect.data.stats import REGION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_attributes", "draw_image_sizes", "draw_region", "draw_splits"]

_MOST_PANELS = 16
_BAR_INCHES = 0.32
_LARGEST_MARK = 700.0  # points², of so many images or more:
_MANY_IMAGES = 500
_MANY_SIZES = 300  # from here on marks are thin, since most lie on others

_Panel = tuple[str, Sequence[tuple[str, Mapping[str, Any]]]]  # title; name and counts of each bar


def draw_splits(figure: Figure, data: PlotData) -> bool:
    """Draw the labels of each split."""
    bars = [(row["value"] or UNASSIGNED, row) for row in data.stats["splits"]]
    return _draw_panels(figure, data, [("split", bars)] if bars else [])


def draw_region(figure: Figure, data: PlotData) -> bool:
    """Draw the labels of each body region."""
    return _draw_panels(figure, data, _panels(data, region=True))


def draw_attributes(figure: Figure, data: PlotData) -> bool:
    """Draw the labels of each value of every other attribute that has few."""
    panels = _panels(data, region=False)
    left_out = len(panels) - _MOST_PANELS
    if left_out > 0:
        figure.supxlabel(f"and {left_out} more in stats.json", fontsize="medium", color=TEXT)
    return _draw_panels(figure, data, panels[:_MOST_PANELS])


def _panels(data: PlotData, *, region: bool) -> list[_Panel]:
    return [
        (
            name_text(attribute["name"]),
            [
                ("(not stated)" if row["value"] is None else name_text(row["value"]), row)
                for row in attribute["values"]
            ],
        )
        for attribute in data.stats["attributes"]
        if attribute["values"] and (attribute["name"] == REGION) == region
    ]


def _draw_panels(figure: Figure, data: PlotData, panels: Sequence[_Panel]) -> bool:
    if not panels:
        return False
    rows = [len(bars) for _, bars in panels]
    figure.set_size_inches(8.0, 1.0 + _BAR_INCHES * sum(rows) + 0.75 * len(panels))
    ratios = [number + 0.5 for number in rows]
    all_axes = figure.subplots(len(panels), squeeze=False, height_ratios=ratios, sharex=True)[:, 0]
    most = max(row["n"] for _, bars in panels for _, row in bars)
    for axes, (title, bars) in zip(all_axes, panels, strict=True):
        _draw_bars(axes, bars)
        axes.set_title(title, fontweight="bold")
        axes.set_xlim(0, 1.65 * most)  # room for the words behind the longest bar
    all_axes[-1].set_xlabel("images")
    add_label_legend(figure, data.stats)
    return True


def _draw_bars(axes: Axes, bars: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    places = range(len(bars))
    left = [0] * len(bars)
    for word, colour in LABEL_COLOURS.items():
        widths = [row[word] for _, row in bars]
        axes.barh(places, widths, left=left, color=colour, height=0.72)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    for place, (_, row) in zip(places, bars, strict=True):
        axes.annotate(
            _shares(row),
            (row["n"], place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=TEXT,
        )
    axes.set_yticks(places, [name for name, _ in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)  # the first bar on top, all equally thick
    axes.tick_params(axis="y", length=0)
    count_whole(axes.xaxis)


def _shares(row: Mapping[str, int]) -> str:
    labelled = row["fractured"] + row["not_fractured"]
    parts = []
    if labelled:
        share = f"{row['fractured'] / labelled:.0%}"
        parts.append(f"{count_text(row['fractured'])} of {count_text(labelled)} fractured, {share}")
    if row["unknown"]:
        parts.append(f"{count_text(row['unknown'])} unlabelled")
    return "; ".join(parts)


def draw_image_sizes(figure: Figure, data: PlotData) -> bool:
    """Draw width against height, a panel per label; the larger the mark, the more images."""
    found = Counter(
        (LABEL_WORDS[sample.fractured], size)
        for sample, size in zip(data.dataset.samples, data.sizes, strict=True)
        if size is not None
    )
    if not found:
        return False
    words = [word for word in LABEL_COLOURS if any(word == one for one, _ in found)]
    names = dict(zip(LABEL_WORDS.values(), LABELS.values(), strict=True))
    figure.set_size_inches(1.2 + 3.6 * len(words), 4.8)
    panels = figure.subplots(1, len(words), squeeze=False, sharex=True, sharey=True)[0]
    longest = 1.15 * max(max(size) for _, size in found)
    most = max(_MANY_IMAGES, *found.values())
    for axes, word in zip(panels, words, strict=True):
        counts = {size: number for (one, size), number in found.items() if one == word}
        axes.plot([0, longest], [0, longest], color="0.85", linewidth=1, zorder=0)
        many = len(counts) >= _MANY_SIZES
        axes.scatter(
            [width for width, _ in counts],
            [height for _, height in counts],
            s=[8 + _LARGEST_MARK * number / most for number in counts.values()],
            color=LABEL_COLOURS[word],
            alpha=0.3 if many else 0.6,
            edgecolors="none" if many else TEXT,
            linewidths=0.5,
        )
        common = max(counts, key=lambda size: (counts[size], size))
        axes.set_title(
            f"{names[word]}: {count_text(sum(counts.values()))} images, "
            f"{count_text(len(counts))} sizes\n"
            f"most often {common[0]} × {common[1]} px: {count_text(counts[common])}"
        )
        axes.set(xlabel="width, px", xlim=(0, longest), ylim=(0, longest), aspect="equal")
    panels[0].set_ylabel("height, px")
    return True
