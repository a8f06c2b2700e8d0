"""`dataset.csv` of GRAZPEDWRI-DX: a row per image.

    filestem,patient_id,study_number,timehash,gender,age,laterality,projection,initial_exam,
    ao_classification,cast,diagnosis_uncertain,osteopenia,fracture_visible,metal,pixel_spacing,
    device_manufacturer

Flags are 1 or 1.0 where they hold, and empty or 0 where not. Only the name of the image, its
patient and `fracture_visible` are needed; copies often lack others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detect.data.sources.files import finite, read_table
from detect.data.sources.tables import table_header
from detect.errors import DataError

__all__ = ["TABLE", "Row", "filestem_in", "is_table", "patient_in", "read_rows"]

TABLE = "dataset.csv"
_SIGN = frozenset({"filestem", "patient_id"})
_NEEDED = ("filestem", "patient_id", "fracture_visible")
# patient, time hash, study, side and projection, sex and age in whole years
_FILESTEM = re.compile(r"(?P<patient>\d{4,})_\d+_\d+_WRI-[A-Z]\d_[A-Z]\d{3}")
_FLAGS = {"": False, "0": False, "0.0": False, "1": True, "1.0": True}
# 1 is anteroposterior or posteroanterior; FracAtlas' words, so that sets merge
_VIEWS = {"1": "frontal", "2": "lateral", "3": "oblique"}


@dataclass(frozen=True, slots=True)
class Row:
    """What `dataset.csv` says of one image."""

    patient: str
    visible: bool  # a fracture, in this very image
    classified: bool  # the wrist has a fracture by AO, visible in this image or not
    uncertain: bool  # so is the diagnosis
    attributes: Mapping[str, str]


def is_table(path: Path) -> bool:
    """Tell whether the file has this form; only its beginning is read."""
    return path.is_file() and set(table_header(path)) >= _SIGN


def read_rows(path: Path) -> dict[str, Row]:
    """Return the rows by file stem.

    Raises:
        DataError: unreadable, a needed column is missing, or a row is malformed; the line is
            named.
    """
    rows: dict[str, Row] = {}
    for line, cells in read_table(path, _NEEDED):
        where = f"{path}, line {line}"
        row = {name: cell.strip() for name, cell in cells.items()}
        stem = row["filestem"]
        if not stem or "/" in stem or "\\" in stem:
            raise DataError(f"{where}: filestem is {stem!r}; it must be a bare file name")
        if not row["patient_id"]:
            raise DataError(f"{where}: patient_id is empty; add it, or remove the row")
        if stem in rows:
            raise DataError(f"{where}: {stem} has a row already; remove one of them")
        rows[stem] = Row(
            patient=_number(row["patient_id"]),
            visible=_flag(row, "fracture_visible", where),
            classified=bool(row.get("ao_classification")),
            uncertain=_flag(row, "diagnosis_uncertain", where),
            attributes=_attributes(row, where),
        )
    return rows


def filestem_in(stem: str) -> str | None:
    """Return the published file stem that a name begins with, or None.

    Copies append to it: `…_M014_png.rf.0a1b`, `…_M014_aug`.
    """
    match = _FILESTEM.match(stem)
    return match[0] if match else None


def patient_in(stem: str) -> str | None:
    """Return the patient that a file name of the published form tells, as in `dataset.csv`."""
    match = _FILESTEM.match(stem)
    return _number(match["patient"]) if match else None


def _attributes(row: Mapping[str, str], where: str) -> dict[str, str]:
    def flag(name: str) -> str:
        return "" if name not in row else "yes" if _flag(row, name, where) else "no"

    told = {
        "region": "wrist",
        "view": _VIEWS.get(_number(row.get("projection", "")), ""),
        "laterality": row.get("laterality", ""),
        "hardware": flag("metal"),
        "cast": flag("cast"),
        "osteopenia": flag("osteopenia"),
        "initial_exam": flag("initial_exam"),
        "diagnosis_uncertain": flag("diagnosis_uncertain"),
        "ao_classification": row.get("ao_classification", ""),
        "age": _years(row.get("age", ""), where),
        "sex": row.get("gender", ""),
        "study": _number(row.get("study_number", "")),
        "manufacturer": row.get("device_manufacturer", ""),
        "pixel_spacing": row.get("pixel_spacing", ""),
    }
    return {name: value for name, value in told.items() if value}


def _flag(row: Mapping[str, str], name: str, where: str) -> bool:
    cell = row.get(name, "")
    if cell not in _FLAGS:
        raise DataError(f"{where}: {name} is {cell!r}; it must be 1, 0 or empty")
    return _FLAGS[cell]


def _years(cell: str, where: str) -> str:
    return f"{finite(cell, f'{where}, age'):g}" if cell else ""


def _number(cell: str) -> str:
    """Return a whole number as spreadsheets do not spoil it: 12.0 and 0012 are 12."""
    whole = re.fullmatch(r"0*(\d+)(?:\.0)?", cell)
    return whole[1] if whole else cell
