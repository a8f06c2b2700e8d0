"""The forms of dataset that can be read: how each is recognised, and by what it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from detect.data import canonical
from detect.data.sample import Dataset
from detect.data.sources import (
    coco,
    csv_table,
    dicom_table,
    folders,
    fracatlas,
    grazpedwri,
    label_studio,
    mura,
    voc,
    yolo,
)
from detect.data.sources.options import ImportOptions
from detect.data.sources.tables import open_table
from detect.errors import DataError

__all__ = ["FORMS", "Form", "form_of"]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of dataset."""

    name: str  # what `--form` takes
    sign: str  # what `recognise` looks for, for the message where nothing fits
    recognise: Callable[[Path], bool]
    load: Callable[[Path, ImportOptions], Dataset]
    takes: frozenset[str] = frozenset()  # names of the `ImportOptions` that it uses
    sure: bool = False  # its sign is no other form's: it wins over those that fit as well


def _plain(load: Callable[[Path], Dataset]) -> Callable[[Path, ImportOptions], Dataset]:
    return lambda path, _options: load(path)


FORMS = (
    Form(
        "canonical", "dataset.yaml", canonical.recognise, _plain(canonical.read_dataset), sure=True
    ),
    Form(
        "fracatlas",
        "dataset.csv with images/ and Annotations/",
        fracatlas.recognise,
        _plain(fracatlas.load),
        sure=True,
    ),
    Form(
        "grazpedwri",
        "dataset.csv with filestem and patient_id",
        grazpedwri.recognise,
        grazpedwri.load,
        takes=frozenset({"images"}),
        sure=True,
    ),
    Form(
        "mura",
        "train/ and valid/ with XR_ELBOW/patient00011/ and the like",
        mura.recognise,
        _plain(mura.load),
        sure=True,
    ),
    Form(
        "yolo",
        "data.yaml with names and train, or classes.txt with labels/",
        yolo.recognise,
        yolo.load,
        takes=frozenset({"images"}),
    ),
    Form(
        "coco",
        "JSON with images, annotations and categories",
        coco.recognise,
        coco.load,
        takes=frozenset({"images"}),
    ),
    Form(
        "label_studio",
        "a .json of Label Studio (JSON or JSON-MIN)",
        label_studio.recognise,
        label_studio.load,
        takes=frozenset({"images", "values"}),
    ),
    Form(
        "voc",
        "Annotations/*.xml, or XML beside the images",
        voc.recognise,
        voc.load,
        takes=frozenset({"images"}),
    ),
    Form(
        "folders",
        "fractured/ and not_fractured/, or splits or body regions of them",
        folders.recognise,
        _plain(folders.load),
    ),
    Form(
        "csv",
        "CSV with columns image and fractured, or boxes; others: --form csv --column ROLE=NAME",
        csv_table.recognise,
        csv_table.load,
        takes=frozenset({"images", "columns", "values", "encoding"}),
    ),
    Form(
        "dicom",
        "DICOM in any folders, with a CSV or --labels FILE",
        dicom_table.recognise,
        dicom_table.load,
        takes=frozenset({"labels", "columns", "values", "encoding"}),
    ),
)


def form_of(place: Path, name: str = "auto") -> Form:
    """Return the form of the dataset at `place`.

    Args:
        place: a folder, or the file in it that names the form; absolute.
        name: of a form, which is then taken unseen; auto: told by the signs.

    Raises:
        DataError: there is no form of that name, none fits, or several do.
    """
    if name != "auto":
        for form in FORMS:
            if form.name == name:
                return form
        known = ", ".join(form.name for form in FORMS)
        raise DataError(f"--form {name}: no such form; choose from auto, {known}")
    fitting = [form for form in FORMS if form.recognise(place)]
    sure = [form for form in fitting if form.sure]
    if len(sure or fitting) == 1:
        return (sure or fitting)[0]
    if fitting:
        shown = "; ".join(f"{form.name} ({form.sign})" for form in fitting)
        message = f"{place}: looks like several forms at once: {shown}"
        raise DataError(f"{message}. Name one: data import {place} --form NAME --out FOLDER")
    signs = "; ".join(f"{form.name} ({form.sign})" for form in FORMS)
    message = f"{place}: no dataset of a known form; looked for {signs}"
    message += f". {_tables_there(place)}" if place.is_dir() else ""
    raise DataError(f"{message}. Bring it into one of them, or give the folder that is")


def _tables_there(place: Path) -> str:
    """Say what columns a table has that nobody recognised, since its names may be foreign."""
    tables = sorted(path for path in place.glob("*.csv") if path.is_file())
    if not tables:
        return "There is no table"
    columns = ", ".join(open_table(tables[0]).header)
    way_out = "say which is which with --form csv --column ROLE=NAME"
    return f"{tables[0].name} has the columns {columns}; {way_out}"
