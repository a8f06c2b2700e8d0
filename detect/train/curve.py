"""The learning curve of a run: losses and validation figures, as CSV → plot."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from detect.write.atomic import replacing_bytes, replacing_text

__all__ = ["drop_epochs_after", "plot_learning_curve", "read_curve"]


def read_curve(path: Path) -> dict[str, list[float]]:
    """Read ultralytics' results.csv: column → value per epoch (NaN where not measured)."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [{k.strip(): float(v) for k, v in row.items()} for row in csv.DictReader(stream)]
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def drop_epochs_after(path: Path, last: int) -> None:
    """Cut from results.csv what comes after epoch `last`, so that none is in it twice."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    with replacing_text(path) as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [header, *(row for row in rows if row and float(row[0]) <= last)]
        )


def plot_learning_curve(curve: dict[str, list[float]], path: Path) -> None:
    """Draw training losses and validation figures over epochs into a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    losses, figures = figure.subplots(1, 2)
    epochs = curve["epoch"]
    for name, values in curve.items():
        if name.startswith("train/"):
            label = name.removeprefix("train/").replace("_", " ")
            losses.plot(
                epochs, [v / max(values) if max(values) else v for v in values], label=label
            )
        elif name.startswith("metrics/"):
            known = [(e, v) for e, v in zip(epochs, values, strict=True) if not math.isnan(v)]
            figures.plot(*zip(*known, strict=True), marker="o", label=name.removeprefix("metrics/"))
    losses.set(
        title="Training losses (share of each one's greatest)", xlabel="epoch", ylim=(0, 1.05)
    )
    figures.set(title="Validation split", xlabel="epoch", ylim=(0, 1))
    for axes in (losses, figures):
        axes.grid(alpha=0.3)
        axes.legend()
    with replacing_bytes(path) as stream:
        figure.savefig(stream, format="png", dpi=110)
