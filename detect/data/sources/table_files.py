"""Which CSV files of a folder are tables of labels, and of which split.

    annotations.csv                      one for all
    {train,val,test}.csv                 one for each split, told by a word of their names
    {train,val,test}/annotations.csv     likewise, told by their folders

all of them in the folder itself or in `data` in it. What a file is called besides does not matter:
its header must name images and labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detect.data.sources.columns import find_columns
from detect.data.sources.splits import split_in_stem, split_named
from detect.data.sources.tables import table_header
from detect.data.sources.tree import list_folders
from detect.errors import DataError, InputError

__all__ = ["SUFFIXES", "TableFile", "find_tables", "holds_tables"]

SUFFIXES = (".csv", ".tsv")
_USUAL = ("annotations", "_annotations", "labels")  # stems that win where several files fit
_NO_COLUMNS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class TableFile:
    """A CSV file of labels."""

    path: Path
    split: str | None  # that its name or folder says, of the images that say none themselves


def holds_tables(folder: Path, *, image_by_uid: bool = False) -> bool:
    """Tell whether a table of labels lies in a folder; only headers are read."""
    return any(
        _fits(file, _NO_COLUMNS, image_by_uid) for place in _places(folder) for file in place
    )


def find_tables(
    path: Path, columns: Mapping[str, str], *, image_by_uid: bool = False
) -> list[TableFile]:
    """Return the tables of labels: one, or one for each split.

    Args:
        path: the folder, or the table itself.
        columns: role → column name, from the user.
        image_by_uid: a SOP Instance UID may name the image.

    Raises:
        DataError: there is none, or several that may be meant, or a folder cannot be listed.
    """
    if path.is_file():
        return [_table(path)]
    seen = []
    for files in _places(path):
        fitting = [file for file in files if _fits(file, columns, image_by_uid)]
        if fitting:
            return _chosen(fitting, path)
        seen += files
    if len(seen) == 1:
        return [_table(seen[0])]  # reading it will say what it lacks
    if seen:
        names = ", ".join(str(file.relative_to(path)) for file in seen)
        message = f"{path}: no CSV file here has columns for image and label; found {names}"
        raise DataError(f"{message}; name the columns, --column image=NAME --column fractured=NAME")
    way_out = "give one with --labels" if image_by_uid else "put annotations.csv there"
    raise DataError(f"{path}: no CSV file with labels; {way_out}")


def _places(folder: Path) -> list[list[Path]]:
    """Return the CSV files where tables may lie, by place, the likeliest first."""
    places = []
    inside = [inner for inner in list_folders(folder) if inner.name.casefold() == "data"]
    for top in (folder, *inside):
        places.append(_files(top))
        splits = [inner for inner in list_folders(top) if split_named(inner.name)]
        places.append([file for inner in splits for file in _files(inner)])
    return places


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(
            entry
            for entry in folder.iterdir()
            if entry.suffix.lower() in SUFFIXES
            and not entry.name.startswith(".")
            and entry.is_file()
        )
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror}); check it") from error


def _fits(file: Path, columns: Mapping[str, str], image_by_uid: bool) -> bool:
    try:
        find_columns(table_header(file), str(file), columns, image_by_uid=image_by_uid)
    except (DataError, InputError):
        return False
    return True


def _table(file: Path) -> TableFile:
    return TableFile(file, split_in_stem(file.stem) or split_named(file.parent.name))


def _chosen(files: list[Path], folder: Path) -> list[TableFile]:
    usual = [file for file in files if file.stem.casefold() in _USUAL]
    for candidates in (files, usual):
        tables = [_table(file) for file in candidates]
        splits = {table.split for table in tables}
        if len(tables) == 1 or (tables and None not in splits and len(splits) == len(tables)):
            return tables
    names = ", ".join(str(file.relative_to(folder)) for file in files)
    message = f"{folder}: several CSV files have labels: {names}"
    raise DataError(f"{message}; give the one that is meant, and --images FOLDER if need be")
