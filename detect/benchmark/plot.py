"""benchmark.json as a picture: speed, stages, memory, and what a single image takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from detect.benchmark.request import OURS
from detect.evaluate.plots.style import (
    BLUE,
    DPI,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    STYLE,
    short_name,
)
from detect.write.atomic import replacing_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PLOT_NAMES", "write_plots"]

PLOT_NAMES = ("benchmark.png", "benchmark.svg")
_MODES = {
    "overlays": ("overlays and results", BLUE),
    "results": ("results only", GREEN),
    "command": ("whole command", PURPLE),
}
_BAR = 0.26  # height; three and a gap make one
_ROW = 0.62  # inches for each system
_AROUND = 3.0  # inches of titles, axes and legends
_MIB = 1 << 20


def write_plots(record: Mapping[str, Any], out: Path) -> None:
    """Write `PLOT_NAMES`; the same record gives the same bytes.

    Args:
        record: as `run_benchmark` returns it.
        out: folder.

    Raises:
        OutputError: a file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [system["name"] for system in record["systems"]]
    with rc_context(STYLE | {"svg.hashsalt": "benchmark"}):
        typed = [name for name in names if _values(record, name, "single", "wall_seconds")]
        heights = (0.6 + _ROW * len(names), 1.4, 0.6 + _ROW * len(typed))
        figure = Figure(figsize=(11.0, sum(heights) + _AROUND), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(3, 2, height_ratios=heights)
        _draw_rates(figure.add_subplot(grid[0, :]), record, names)
        _draw_stages(figure.add_subplot(grid[1, :]), record)
        _draw_single(figure.add_subplot(grid[2, 0]), record, typed)
        _draw_memory(figure.add_subplot(grid[2, 1]), record, typed)
        figure.suptitle(_title(record), x=0.01, ha="left", fontsize="small", color=MUTED)
        for name in PLOT_NAMES:
            buffer = BytesIO()
            kind = name.rpartition(".")[2]
            figure.savefig(
                buffer,
                format=kind,
                metadata={"Date": None} if kind == "svg" else {"Software": None},
            )
            with replacing_bytes(out / name) as file:
                file.write(buffer.getvalue())


def _title(record: Mapping[str, Any]) -> str:
    machine, data = record["machine"], record["data"]
    return (
        f"{data['images']} images, {record['settings']['rounds']} rounds, {machine['processor']}, "
        f"{machine['cores']} cores; bars: medians, points: rounds"
    )


def _draw_rates(axes: Axes, record: Mapping[str, Any], names: Sequence[str]) -> None:
    modes = {mode: style for mode, style in _MODES.items() if mode in record["modes"]}
    for number, (mode, (label, colour)) in enumerate(modes.items()):
        offset = (number - (len(modes) - 1) / 2) * _BAR
        for place, name in enumerate(names):
            first = label if place == 0 else None
            _bar(
                axes,
                place + offset,
                _values(record, name, mode, "images_per_second"),
                colour,
                first,
            )
    ceiling = _values(record, OURS, "forward", "images_per_second")
    if ceiling:
        behind = 0.5  # the bars, which it must not tint
        axes.axvspan(
            min(ceiling), max(ceiling), color=ORANGE, alpha=0.18, linewidth=0, zorder=behind
        )
        stroke = (0, (5, 2))
        label = "forward pass alone"
        axes.axvline(median(ceiling), color=ORANGE, linestyle=stroke, label=label)
    _name_rows(axes, record, names)
    axes.set(xlabel="images per second (more is better)")
    axes.set_xlim(left=0)
    axes.set_title("Speed, folder in")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_stages(axes: Axes, record: Mapping[str, Any]) -> None:
    colours = {
        "decode": "#56b4e9",
        "prepare": BLUE,
        "forward": ORANGE,
        "post-process": "#e69f00",
        "draw": GREEN,
        "encode": PURPLE,
        "write": INK,
        "wait": "#d8dee4",
    }
    left = 0.0
    for name, colour in colours.items():
        if name not in record["stages"]:
            continue
        share = 100 * record["stages"][name]["share"]["median"]
        label = f"{name} {share:.1f} %"
        axes.barh([0], [share], left=left, color=colour, edgecolor=PAPER, label=label, height=0.6)
        left += share
    axes.set(xlim=(0, max(100.0, left)), yticks=[])
    axes.set_xlabel("percent of the working threads' time")
    axes.grid(False, axis="y")
    axes.set_title(f"Where the time of {OURS} goes")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.1))


def _draw_single(axes: Axes, record: Mapping[str, Any], names: Sequence[str]) -> None:
    figures = (
        ("first_result_seconds", "to its result", BLUE),
        ("wall_seconds", "to the command's end", GREEN),
        ("cpu_seconds", "of processor time", ORANGE),
    )
    shown = [one for one in figures if _values(record, OURS, "single", one[0])]
    for number, (figure, label, colour) in enumerate(shown):
        offset = (number - (len(shown) - 1) / 2) * _BAR
        for place, name in enumerate(names):
            first = label if place == 0 else None
            _bar(axes, place + offset, _values(record, name, "single", figure), colour, first)
    _name_rows(axes, record, names, precision=False)
    axes.set(xlabel="seconds (less is better)")
    axes.set_xlim(left=0)
    axes.set_title("One image, by the command")
    # below the axis, by its distance in font sizes
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0), borderaxespad=4.5, ncols=3)


def _draw_memory(axes: Axes, record: Mapping[str, Any], names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        values = [value / _MIB for value in _values(record, name, "command", "peak_memory_bytes")]
        _bar(axes, place, values, PURPLE, None, height=0.45)
    _name_rows(axes, record, names, precision=False)
    axes.tick_params(axis="y", labelleft=False)  # beside it they are named
    axes.set(xlabel="MiB (less is better)")
    axes.set_xlim(left=0)
    axes.set_title("Peak memory of the whole command")


def _bar(
    axes: Axes,
    place: float,
    values: Sequence[float],
    colour: str,
    label: str | None,
    height: float = _BAR,
) -> None:
    """Draw a median as a bar, and each round as a point on it; nothing for no values."""
    if not values:
        return
    axes.barh([place], [median(values)], height=height * 0.92, color=colour, label=label)
    axes.plot(
        values,
        [place] * len(values),
        "o",
        color=PAPER,
        markeredgecolor=INK,
        markersize=3.5,
        markeredgewidth=0.8,
        linestyle="none",
    )


def _name_rows(
    axes: Axes, record: Mapping[str, Any], names: Sequence[str], *, precision: bool = True
) -> None:
    kinds = {system["name"]: system["precision"] for system in record["systems"]}
    labels = [
        f"{short_name(name)}\n{kinds[name]}" if precision else short_name(name) for name in names
    ]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)


def _values(record: Mapping[str, Any], system: str, mode: str, figure: str) -> list[float]:
    return [
        each["measured"][figure]
        for each in record["samples"]
        if each["system"] == system
        and each["mode"] == mode
        and each["measured"].get(figure) is not None
    ]
