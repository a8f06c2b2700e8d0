"""What sections of the page are made of. The template knows how each looks, and nothing else.

A `Figure` says where in `metrics.json` it comes from, as a JSON Pointer (RFC 6901), which the
page carries along: whoever doubts a figure can look it up, and tests compare all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from detect.data.check_text import printable

__all__ = [
    "UNDEFINED",
    "Block",
    "Facts",
    "Figure",
    "Gallery",
    "Listing",
    "Metrics",
    "Picture",
    "Plot",
    "Row",
    "Section",
    "Table",
    "Text",
    "Tile",
    "Tiles",
    "Words",
    "pointer_to",
    "say",
]

Form = Literal["number", "percent", "count", "p", "text"]
UNDEFINED = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of `metrics.json` as shown.

    Attributes:
        pointer: where it is.
        form: how it is worded: `number`, three decimals with its interval; `percent`; `count`;
            `p`, a p-value; `text`.
        text: as shown.
        note: how its interval was made, or why there is no value or interval; may be empty.
        undefined: there is no value.
    """

    pointer: str
    form: Form
    text: str
    note: str = ""
    undefined: bool = False


Words = tuple[str | Figure, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    words: Words
    style: Literal["plain", "note", "lead", "caution"] = "plain"
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; the first cell is its heading."""

    cells: tuple[Words, ...]
    doubt: str = ""  # why its figures are to be read with doubt


@dataclass(frozen=True, slots=True)
class Table:
    """Figures side by side; every cell but the first of a row is set as a number."""

    title: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and what is to be said of each."""

    items: tuple[tuple[str, Words], ...]
    kind: str = "facts"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that is to be seen first."""

    title: str
    figure: Figure
    hint: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """The few figures that are to be seen first."""

    items: tuple[Tile, ...]
    kind: str = "tiles"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is folded away until somebody wants it."""

    title: str
    items: tuple[Words, ...]
    kind: str = "listing"


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of `figures.draw_figures`, by its name, with what it shows in words."""

    name: str
    caption: str
    wide: bool = False
    kind: str = "plot"


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of the gallery.

    Attributes:
        name: path of the image.
        probability: as the model said it.
        region: of the body, if known, for sorting; may be empty.
        facts: what else is known, in words.
        model, truth: JPEGs as data URIs: what the model shows, what was annotated.
        width, height: of both, pixels.
    """

    name: str
    probability: float
    region: str
    facts: tuple[str, ...]
    model: str
    truth: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures of one kind of mistake, the worst first."""

    anchor: str
    title: str
    note: str
    pictures: tuple[Picture, ...]
    kind: str = "gallery"

    @property
    def has_regions(self) -> bool:
        """Whether sorting by region makes sense."""
        return len({picture.region for picture in self.pictures}) > 1


Block = Text | Table | Facts | Tiles | Listing | Plot | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading, to which the table of contents leads."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


class Metrics:
    """The content of `metrics.json`, from which figures are taken with their place.

    Args:
        content: as `report.evaluate_records` returns it.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def at(self, *path: str | int) -> Any:
        """Return what lies at a path of keys and indices.

        Raises:
            KeyError, IndexError: nothing does.
        """
        found: Any = self.content
        for key in path:
            found = found[key]
        return found

    def number(self, *path: str | int) -> Figure:
        """Return an `Estimate`, or a plain number, with three decimals."""
        return self._figure(path, "number", lambda value: f"{value:.3f}")

    def percent(self, *path: str | int) -> Figure:
        """Return an `Estimate` in per cent with one decimal."""
        return self._figure(path, "percent", lambda value: f"{100 * value:.1f}\N{NO-BREAK SPACE}%")

    def count(self, *path: str | int) -> Figure:
        """Return a whole number."""
        return Figure(pointer_to(*path), "count", str(self.at(*path)))

    def p_value(self, *path: str | int) -> Figure:
        """Return a p-value with three decimals; a very small one as such."""
        return self._figure(path, "p", lambda value: "<0.001" if value < 0.001 else f"{value:.3f}")

    def text(self, *path: str | int) -> Figure:
        """Return a text or a setting as it is."""
        value = self.at(*path)
        if value is None:
            return Figure(pointer_to(*path), "text", UNDEFINED, undefined=True)
        return Figure(pointer_to(*path), "text", printable(_plain(value)))

    def _figure(self, path: Sequence[str | int], form: Form, word: Any) -> Figure:
        value = self.at(*path)
        pointer = pointer_to(*path)
        if not isinstance(value, Mapping):
            if value is None:
                return Figure(pointer, form, UNDEFINED, undefined=True)
            return Figure(pointer, form, word(value))
        notes = [value["method"], value["reason"]]
        note = "; ".join(printable(part) for part in notes if part)
        if value["value"] is None:
            return Figure(pointer, form, UNDEFINED, note, undefined=True)
        text = word(value["value"])
        if value["interval"] is not None:
            text += f" [{word(value['interval'][0])}, {word(value['interval'][1])}]"
        return Figure(pointer, form, text, note)


def pointer_to(*path: str | int) -> str:
    """Return a path of keys and indices as a JSON Pointer."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


def say(template: str, *figures: Figure | str) -> Words:
    """Return words with figures where the template has `{}`.

    Raises:
        ValueError: there are more or fewer figures than places.
    """
    parts = template.split("{}")
    words: list[str | Figure] = [parts[0]]
    for figure, part in zip(figures, parts[1:], strict=True):
        words += [figure, part]
    return tuple(word for word in words if word != "")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return str(value)
