"""What the pictures of a dataset have in common: colours, names, and what they are drawn from.

Colours are told apart by colour-blind readers: M. Okabe and K. Ito, "Color Universal Design",
2008 (https://jfly.uni-koeln.de/color/). They also differ in lightness, and marks in shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from detect.data.box_values import BoxValues, Size
from detect.data.check_report import LABELS
from detect.data.check_text import printable
from detect.data.naming import LABEL_WORDS
from detect.data.sample import Dataset

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = [
    "CLASS_STYLES",
    "LABEL_COLOURS",
    "OTHER_CLASSES",
    "REST_STYLE",
    "TEXT",
    "PlotData",
    "add_label_legend",
    "count_text",
    "count_whole",
    "name_text",
]

TEXT = "0.25"
LABEL_COLOURS: dict[str, str] = {
    "fractured": "#D55E00",
    "not_fractured": "#56B4E9",
    "unknown": "#BBBBBB",
}
CLASS_STYLES = (  # colour, marker
    ("#D55E00", "o"),
    ("#0072B2", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
)
REST_STYLE = ("0.6", ".")
OTHER_CLASSES = "other classes"
_LONGEST = 28  # characters of a name


@dataclass(frozen=True, slots=True, eq=False)
class PlotData:
    """What every picture may draw on."""

    dataset: Dataset
    sizes: Sequence[Size | None]  # of the image of each sample; None: cannot be read
    boxes: BoxValues
    stats: Mapping[str, Any]  # as `dataset_stats` returns them


def count_whole(axis: Axis) -> None:
    """Let an axis that counts have ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))


def name_text(name: str) -> str:
    """Return a name from the dataset as it can stand in a picture: printable, not too long."""
    text = printable(name)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f" {text}" if text.startswith("_") else text  # matplotlib hides such from legends


def count_text(number: int) -> str:
    """Return the number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\N{THIN SPACE}")


def add_label_legend(figure: Figure, stats: Mapping[str, Any]) -> None:
    """Say above the figure which colour is which label, of those that occur."""
    from matplotlib.patches import Patch

    names = dict(zip(LABEL_WORDS.values(), LABELS.values(), strict=True))
    handles = [
        Patch(color=colour, label=names[word])
        for word, colour in LABEL_COLOURS.items()
        if stats["images"][word]
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
