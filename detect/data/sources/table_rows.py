"""The rows of a table of labels, each read by what its columns say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detect.data.sample import LabelledBox
from detect.data.sources.cells import box_in, filled, label_words, says_fractured, split_in
from detect.data.sources.columns import CORNERS, Columns, find_columns
from detect.data.sources.labels import FRACTURE
from detect.data.sources.options import ImportOptions
from detect.data.sources.tables import open_table
from detect.errors import DataError

__all__ = ["LabelTable", "Row", "read_labels"]

_FOLDED = ("region", "view")  # words to compare by, across datasets: Hand is hand


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says of one image."""

    table: Path
    line: int
    image: str  # name or path of the image; "": not stated
    uid: str  # SOP Instance UID of the image; "": not stated
    fractured: bool | None  # None: unknown
    group: str | None
    split: str | None
    box: LabelledBox | None
    none_boxed: bool  # the table is one of boxes alone, and this row has none: looked at, clean
    attributes: Mapping[str, str]

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.table}, line {self.line}"


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table of labels, as read."""

    path: Path
    columns: Columns
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def read_labels(
    path: Path, options: ImportOptions, *, split: str | None = None, image_by_uid: bool = False
) -> LabelTable:
    """Read a CSV file with a row per image, or per box.

    Rows of which every cell is empty are passed over, as spreadsheets leave them at the end.

    Args:
        path: the file.
        options: of which `columns`, `values` and `encoding` count.
        split: of rows that state none.
        image_by_uid: a SOP Instance UID may name the image.

    Raises:
        DataError: unreadable, a column is missing, or a cell says nothing that is known; the
            message names the line.
        InputError: an option cannot be used.
    """
    words = label_words(options.values)
    table = open_table(path, options.encoding)
    columns = find_columns(
        table.header, f"{path}, line 1", options.columns, image_by_uid=image_by_uid
    )
    rows = tuple(
        _row(path, line, cells, columns, words, split, decimal_comma=table.delimiter != ",")
        for line, cells in table.rows()
        if any(map(filled, cells.values()))
    )
    if not rows:
        raise DataError(f"{path}: has no row; the labels belong below its header")
    boxes = [row.box.box for row in rows if row.box]
    if boxes and all(box.x2 <= 1 and box.y2 <= 1 for box in boxes):
        message = f"{path}: no box reaches beyond 1: these are shares, not pixels"
        raise DataError(f"{message}; multiply them by the width and height of their images")
    notes = [
        *(f"{path.name}: column {name} tells who it is; dropped" for name in columns.dropped),
        *(
            f"{path.name}: column {name} is not read; a box takes {', '.join(CORNERS)}"
            for name in columns.packed
        ),
    ]
    clean = sum(row.none_boxed for row in rows)
    if clean:
        what = f"{path.name}: no column says fractured or not, so rows without a box ({clean})"
        notes.append(f"{what} mean annotated and none; if one does: --column fractured=NAME")
    return LabelTable(path, columns, rows, tuple(notes))


def _row(
    path: Path,
    line: int,
    cells: Mapping[str, str],
    columns: Columns,
    words: Mapping[str, bool | None],
    split: str | None,
    *,
    decimal_comma: bool,
) -> Row:
    where = f"{path}, line {line}"

    def stated(role: str) -> str:
        name = columns.roles.get(role)
        return "" if name is None else filled(cells[name])

    image, uid, label = stated("image"), stated("uid"), stated("label")
    if not image and not uid:
        raise DataError(f"{where}: names no image; fill it in, or remove the line")
    box = None
    if columns.box:
        corners = [stated(role) for role in columns.box]
        box = box_in(corners, columns.box, where, decimal_comma=decimal_comma)
    fractured = says_fractured(stated("fractured"), words, where)
    says_at_all = "fractured" in columns.roles
    if columns.box and not box and not says_at_all:
        fractured = says_fractured(label, words, where)
    return Row(
        table=path,
        line=line,
        image=image,
        uid=uid,
        fractured=fractured,
        group=stated("group") or None,
        split=split_in(stated("split"), where) or split,
        box=None if box is None else LabelledBox(box, label or FRACTURE),
        none_boxed=bool(columns.box) and not box and not says_at_all and not label,
        attributes=_attributes(cells, columns.attributes),
    )


def _attributes(cells: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, str]:
    texts = {attribute: filled(cells[name]) for attribute, name in columns.items()}
    return {
        attribute: text.casefold() if attribute in _FOLDED else text
        for attribute, text in texts.items()
        if text
    }
