"""The canonical form of a dataset: a folder with `dataset.yaml` and a table.

`dataset.yaml` (UTF-8; no other keys are allowed):

    schema_version: "1.0"
    name: clinic-2024
    classes: [fracture]          # in index order
    licence: CC BY 4.0           # optional, as are origin and notes
    origin: doi 10.…
    notes: []
    table: table.csv             # relative to this file

The table has a header and a row per image:

    image       relative to dataset.yaml's folder, with forward slashes, or absolute
    split       train, val, test, or empty: unassigned
    group       patient or nearest known grouping, or empty: unknown
    fractured   yes, no or unknown
    boxes       JSON, [{"label": "fracture", "box_xyxy": [x1, y1, x2, y2]}, …], pixels in the
                frame of `detect.record`; [] is annotated and none, empty is never annotated
    conflict    optional: what its sources say of an image against one another, and what counts;
                the check lists it
    …           each further column is an attribute; empty is unknown
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detect.data.sample import SPLITS, Dataset, LabelledBox, Sample
from detect.data.sources.files import finite, read_table, read_yaml
from detect.errors import DataError, OutputError
from detect.record import Box
from detect.write.atomic import replacing_bytes

__all__ = ["DATASET_FILE", "TABLE_FILE", "read_dataset", "recognise", "write_dataset"]

DATASET_FILE = "dataset.yaml"
TABLE_FILE = "table.csv"
COLUMNS = ("image", "split", "group", "fractured", "boxes")
CONFLICT = "conflict"  # the table has it only where an image does
_FRACTURED = {"yes": True, "no": False, "unknown": None}
_WORDS = {value: word for word, value in _FRACTURED.items()}
_NAMES = re.compile(r"^names\s*:", re.MULTILINE)


class _Header(BaseModel):
    """What `dataset.yaml` holds."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    schema_version: Literal["1.0"]
    name: str = Field(min_length=1)
    classes: list[str] = Field(min_length=1)
    licence: str | None = None
    origin: str | None = None
    notes: list[str] = []
    table: str = TABLE_FILE


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder in canonical form, or its `dataset.yaml`."""
    file = path / DATASET_FILE if path.is_dir() else path
    if file.name != DATASET_FILE or not file.is_file():
        return False
    # ultralytics users call their file dataset.yaml as well; it always has `names`
    return not _NAMES.search(file.read_bytes().decode("utf-8", errors="replace"))


def read_dataset(path: Path) -> Dataset:
    """Read a dataset in canonical form; images must exist but are not opened.

    Args:
        path: the folder, or its `dataset.yaml`; absolute.

    Raises:
        DataError: anything is missing, unknown or malformed; file and line are named.
    """
    folder = path if path.is_dir() else path.parent
    file = folder / DATASET_FILE
    try:
        header = _Header.model_validate(read_yaml(file))
    except ValidationError as error:
        raise DataError(f"{file}: {_mistakes(error)}; correct the file") from error
    classes = tuple(header.classes)
    if len(set(classes)) != len(classes):
        raise DataError(f"{file}: classes holds a name twice; remove one")
    table = folder / header.table
    samples = []
    seen: dict[str, int] = {}
    for line, row in read_table(table, COLUMNS):
        where = f"{table}, line {line}"
        if row["image"] in seen:
            message = f"{where}: {row['image']} has a row already, in line {seen[row['image']]}"
            raise DataError(f"{message}; remove one of them")
        seen[row["image"]] = line
        samples.append(_sample(row, folder, classes, where))
    return Dataset(
        name=header.name,
        root=folder,
        classes=classes,
        samples=tuple(samples),
        licence=header.licence,
        origin=header.origin,
        notes=tuple(header.notes),
    )


def _mistakes(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def _sample(row: Mapping[str, str], folder: Path, classes: tuple[str, ...], where: str) -> Sample:
    image = folder / row["image"]
    if not row["image"] or not image.is_file():
        message = f"{where}: no such image {row['image'] or '(empty)'}; make the path relative to"
        raise DataError(f"{message} {folder}, or put the image there")
    if row["split"] and row["split"] not in SPLITS:
        message = f"{where}: split is {row['split']!r}; it must be one of {', '.join(SPLITS)}"
        raise DataError(f"{message}, or empty")
    if row["fractured"] not in _FRACTURED:
        message = f"{where}: fractured is {row['fractured']!r}; it must be yes, no or unknown"
        raise DataError(message)
    return Sample(
        image=image,
        split=row["split"] or None,
        group=row["group"] or None,
        fractured=_FRACTURED[row["fractured"]],
        boxes=_boxes(row["boxes"], classes, where),
        attributes={
            name: row[name] for name in row if name not in (*COLUMNS, CONFLICT) and row[name]
        },
        conflict=row.get(CONFLICT) or None,
    )


def _boxes(text: str, classes: tuple[str, ...], where: str) -> tuple[LabelledBox, ...] | None:
    if not text:
        return None
    shape = 'boxes must be a list of {"label": …, "box_xyxy": [x1, y1, x2, y2]}'
    try:
        entries = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{where}: boxes is not JSON ({error}); {shape}") from error
    if not isinstance(entries, list):
        raise DataError(f"{where}: {shape}")
    boxes = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"label", "box_xyxy"}:
            raise DataError(f"{where}: {shape}")
        corners = entry["box_xyxy"]
        if not isinstance(corners, list) or len(corners) != 4:
            raise DataError(f"{where}: {shape}")
        if entry["label"] not in classes:
            message = f"{where}: label {entry['label']!r} is none of the classes"
            raise DataError(f"{message} {', '.join(classes)}; correct it, or add it to the classes")
        box = Box(*(finite(value, where) for value in corners))
        if not (box.x1 < box.x2 and box.y1 < box.y2):
            raise DataError(f"{where}: {corners} is no box; x1 < x2 and y1 < y2 must hold")
        boxes.append(LabelledBox(box, entry["label"]))
    return tuple(boxes)


def write_dataset(dataset: Dataset, folder: Path) -> Path:
    """Write a dataset in canonical form and return the path of its `dataset.yaml`.

    Images stay where they are: those below `folder` are named relative to it, others
    absolutely. Reading it back gives equal samples. The table is in place before the file
    that makes the folder a dataset.

    Raises:
        DataError: name or classes are empty, an attribute has the name of a fixed column or one
            that a table cannot keep, an image occurs twice, or a name cannot be written as UTF-8.
        OutputError: the folder cannot be written to.
    """
    try:
        header = _Header(
            schema_version="1.0",
            name=dataset.name,
            classes=list(dataset.classes),
            licence=dataset.licence,
            origin=dataset.origin,
            notes=list(dataset.notes),
        )
    except ValidationError as error:
        raise DataError(f"{dataset.root}: {_mistakes(error)}; name it before writing it") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve()
    except OSError as error:
        message = f"{folder}: cannot be written to ({error.strerror}); choose another folder"
        raise OutputError(message) from error
    header_text = yaml.safe_dump(
        header.model_dump(), sort_keys=False, allow_unicode=True, width=100
    )
    for name, text in ((TABLE_FILE, _table_text(dataset, root)), (DATASET_FILE, header_text)):
        with replacing_bytes(root / name) as file:
            file.write(_utf8(text, root / name))
    return root / DATASET_FILE


def _table_text(dataset: Dataset, root: Path) -> str:
    attributes = sorted({name for sample in dataset.samples for name in sample.attributes})
    clash = [name for name in attributes if name in (*COLUMNS, CONFLICT)]
    if clash:
        raise DataError(f"{dataset.root}: an attribute is called {clash[0]}; rename it")
    odd = [name for name in attributes if name != name.strip() or len(name.splitlines()) > 1]
    images = Counter(sample.image for sample in dataset.samples)
    twice = next((image for image, number in images.items() if number > 1), None)
    if twice is not None:
        message = f"{twice}: is in it twice, as where two sources hold the same images"
        raise DataError(f"{message}; take it from one of them, or copy the images: --copy")
    if odd:  # the reader of tables would call it otherwise
        message = f"{dataset.root}: attribute {odd[0]!r} has blanks at an end or several lines"
        raise DataError(f"{message}; rename it")
    buffer = io.StringIO(newline="")
    # what is in quotes is not counted when a reader tells the delimiter from the header
    in_quotes = ";" in "".join(attributes)
    header = csv.writer(buffer, quoting=csv.QUOTE_ALL if in_quotes else csv.QUOTE_MINIMAL)
    conflicts = [CONFLICT] if any(sample.conflict for sample in dataset.samples) else []
    header.writerow([*COLUMNS, *conflicts, *attributes])
    writer = csv.writer(buffer)
    for sample in dataset.samples:
        inside = sample.image.is_relative_to(root)
        image = sample.image.relative_to(root) if inside else sample.image
        writer.writerow(
            [
                image.as_posix(),
                sample.split or "",
                sample.group or "",
                _WORDS[sample.fractured],
                "" if sample.boxes is None else _boxes_text(sample.boxes, sample.image),
                *([sample.conflict or ""] if conflicts else []),
                *(sample.attributes.get(name, "") for name in attributes),
            ]
        )
    return buffer.getvalue()


def _boxes_text(boxes: tuple[LabelledBox, ...], image: Path) -> str:
    for entry in boxes:  # nothing is written that `read_dataset` would refuse
        if not (entry.box.x1 < entry.box.x2 and entry.box.y1 < entry.box.y2):
            raise DataError(f"{image}: {entry.box} is no box; mend it before writing the dataset")
    entries = [{"label": entry.label, "box_xyxy": list(astuple(entry.box))} for entry in boxes]
    return json.dumps(entries, ensure_ascii=False)


def _utf8(text: str, path: Path) -> bytes:
    """Refuse what `replacing_text` would write as escapes: the name read back would be another."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        name = ascii(text[max(0, error.start - 40) : error.end].splitlines()[-1])
        raise DataError(f"{path}: {name} cannot be written as UTF-8; rename it") from error
