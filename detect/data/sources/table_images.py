"""From the rows of tables to the images that they are about: a sample for each.

Several rows of one image are taken together: their boxes add up, and what they agree on or only
one of them says is kept. Label or split unknown is the outcome where they contradict each other,
and the notes name image and lines; two patients for one image are refused, since either choice
may put one patient into two splits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from detect.data.sample import LabelledBox, Sample
from detect.data.sources.labels import FRACTURE
from detect.data.sources.locate import Images
from detect.data.sources.splits import split_in_path
from detect.data.sources.table_rows import Row
from detect.errors import DataError

__all__ = ["Found", "box_classes", "find_image", "sample_of"]

Found = defaultdict[str, list[str]]  # what is odd → names of the images, for the notes


def find_image(images: Images, row: Row) -> Path | None:
    """Return the image that a row names, or None where there is none.

    A bare name is looked for near the table and in the folder of the row's split first.

    Raises:
        DataError: several images fit equally well.
    """
    splits = [images.folder / row.split] if row.split else []
    near = [inner for base in (row.table.parent, *splits) for inner in (base, base / "images")]
    return images.find(row.image, row.where, near) or images.find_stem(row.image, row.where, near)


def sample_of(image: Path, place: PurePath, rows: Sequence[Row], found: Found) -> Sample:
    """Return what the rows say of one image; without rows it is unlabelled.

    Its boxes are those of the rows. Without any it is `()`, annotated and none, where a row says
    not fractured, or where a table of boxes alone has a row without one; else None. A split that
    no row states is that of the innermost folder named after one.

    Args:
        image: absolute.
        place: its path below the dataset's folder.
        rows: all that are about it.
        found: what is odd is added to it.

    Raises:
        DataError: rows name two patients.
    """
    if not rows:
        found["without a row; unlabelled"].append(image.name)
    labels = {row.fractured: row for row in rows if row.fractured is not None}
    conflict = "rows say both fractured and not; unknown" if len(labels) > 1 else None
    if conflict is not None:
        found[conflict].append(f"{image.name}: {_lines(labels.values())}")
    fractured = next(iter(labels)) if len(labels) == 1 else None
    boxes: tuple[LabelledBox, ...] | None = _boxes(image, rows, found)
    if not boxes and not (
        fractured is False or (not labels and any(row.none_boxed for row in rows))
    ):
        boxes = None
    return Sample(
        image=image,
        split=_split(image, place, rows, found),
        group=_group(rows),
        fractured=fractured,
        boxes=boxes,
        attributes=_attributes(rows),
        conflict=conflict,
    )


def box_classes(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Return the labels of all boxes, in alphabetical order; `fracture` where there are none."""
    labels = {entry.label for sample in samples for entry in sample.boxes or ()}
    return tuple(sorted(labels)) or (FRACTURE,)


def _boxes(image: Path, rows: Sequence[Row], found: Found) -> tuple[LabelledBox, ...]:
    boxes = [row.box for row in rows if row.box]
    unique = tuple(dict.fromkeys(boxes))
    if len(unique) < len(boxes):
        found["a box is listed twice; taken once"].append(image.name)
    return unique


def _split(image: Path, place: PurePath, rows: Sequence[Row], found: Found) -> str | None:
    splits = {row.split: row for row in rows if row.split}
    if len(splits) > 1:
        what = "rows put it into several splits; in none"
        found[what].append(f"{image.name}: {_lines(splits.values())}")
        return None
    folder = split_in_path(place)
    stated = next(iter(splits), None)
    if stated and folder and stated != folder:
        found[f"in a {folder} folder, but its row says {stated}; the row counts"].append(image.name)
    return stated or folder


def _group(rows: Sequence[Row]) -> str | None:
    groups = {row.group: row for row in rows if row.group}
    if len(groups) > 1:
        first, second, *_ = groups.values()
        message = f"{second.where}: patient {second.group!r}, but {first.group!r} in line"
        raise DataError(f"{message} {first.line} of {first.table.name} for the same image; correct")
    return next(iter(groups), None)


def _attributes(rows: Sequence[Row]) -> Mapping[str, str]:
    """Return the attributes; several values of one, as of several boxes, stand side by side."""
    values: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name, value in row.attributes.items():
            values[name].add(value)
    return {name: "; ".join(sorted(several)) for name, several in values.items()}


def _lines(rows: Iterable[Row]) -> str:
    return " and ".join(
        f"line {row.line} of {row.table.parent.name}/{row.table.name}" for row in rows
    )
