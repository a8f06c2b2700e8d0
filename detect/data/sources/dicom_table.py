"""A folder of DICOM, and a CSV file with the labels.

    **/*                   DICOM images with any suffix or none
    labels.csv             in the folder (see `table_files`), or given: `--labels FILE`

Columns: see `columns`. A row names its image by SOP Instance UID (column `SOPInstanceUID`) or by
path; where it has both, the UID comes first. Boxes are columns and rows of the stored matrix.

Headers say the rest: modality, body part, region, laterality, view, manufacturer, and which images
are of one patient, whose name and ID are not kept (see `dicom_images`). What a row says of its
image comes before what the header says.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.data.sources import folders
from detect.data.sources.dicom_folder import holds_dicom
from detect.data.sources.dicom_images import DicomImage, pseudonym, read_images
from detect.data.sources.files import count_note
from detect.data.sources.locate import Images
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.table_files import TableFile, find_tables
from detect.data.sources.table_images import Found, box_classes, find_image, sample_of
from detect.data.sources.table_rows import Row, read_labels
from detect.data.sources.tree import list_folders
from detect.errors import DataError, InputError

__all__ = ["load", "recognise"]

_OTHER_FORMS = ("*.yaml", "*.yml", "*.json", "*.xml")  # with annotations, not beside DICOM
_LOOKED_INTO = 20  # folders: archives have one for each patient


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder of DICOM, and nothing in it points to another form.

    A few files are opened. Labels need not be in it.
    """
    if not path.is_dir() or not holds_dicom(path) or folders.recognise(path):
        return False
    return not any(
        any(place.glob(pattern))
        for place in (path, *list_folders(path)[:_LOOKED_INTO])
        for pattern in _OTHER_FORMS
    )


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a folder of DICOM and its labels; headers only, on all cores.

    Args:
        path: the folder; absolute.
        options: of which `labels`, `columns`, `values`, `encoding` and `show_progress` count.

    Raises:
        DataError: there are no labels, they are malformed, or not one of their images is here;
            the message names file and line.
        InputError: an option cannot be used.
    """
    tables = [
        read_labels(file.path, options, split=file.split, image_by_uid=True)
        for file in _tables(path, options)
    ]
    found: Found = defaultdict(list)
    pictures = Images(path)
    images = read_images(pictures.paths, options, found)
    rows = [_without_patient(row) for table in tables for row in table.rows]
    placed = _placed(rows, images, pictures, found)
    samples = tuple(
        _sample(image, placed[image.path], path, found) for image in images if image.path in placed
    )
    notes = [note for table in tables for note in table.notes]
    notes += [note for what, names in found.items() for note in count_note(names, what)]
    notes += _patient_note(samples, images)
    return Dataset(path.name, path, box_classes(samples), samples, notes=tuple(notes))


def _tables(path: Path, options: ImportOptions) -> list[TableFile]:
    if options.labels is None:
        return find_tables(path, options.columns, image_by_uid=True)
    if not options.labels.is_file():
        raise InputError(f"--labels {options.labels}: no such file; check the path")
    return [TableFile(options.labels, None)]


def _without_patient(row: Row) -> Row:
    return replace(row, group=pseudonym("patient", row.group)) if row.group else row


def _placed(
    rows: Sequence[Row], images: Sequence[DicomImage], pictures: Images, found: Found
) -> dict[Path, list[Row]]:
    """Return the images that can be used, each with the rows about it, maybe none."""
    placed: dict[Path, list[Row]] = {image.path: [] for image in images}
    by_uid: dict[str, list[Path]] = defaultdict(list)
    for header in images:
        if header.uid is not None:
            by_uid[header.uid].append(header.path)
    ambiguous = {uid for uid, paths in by_uid.items() if _differ(paths)}
    named = {row.uid for row in rows}
    for uid in sorted(ambiguous):
        names = [path.name for path in by_uid[uid]]
        if uid in named:
            what = "different images under one SOP Instance UID, by which the table names them"
            found[f"{what}; left out"] += names
            for path in by_uid[uid]:
                del placed[path]
        else:
            found["different images under one SOP Instance UID; kept"] += names
    any_named = False
    for row in rows:
        paths = by_uid.get(row.uid, [])
        if not paths and row.image:
            image = find_image(pictures, row)
            paths = [] if image is None else [image]
        any_named |= bool(paths)
        usable = [path for path in paths if path in placed]
        for path in usable:
            placed[path].append(row)
        if not usable:
            found["in the table, but without a usable file; left out"].append(row.uid or row.image)
    if not any_named:
        name = rows[0].uid or rows[0].image
        message = f"{rows[0].table}: none of its images is below {pictures.folder}"
        raise DataError(f"{message}; it names {name!r}; give the folder that holds them")
    return placed


def _differ(paths: Sequence[Path]) -> bool:
    return any(not filecmp.cmp(paths[0], path, shallow=False) for path in paths[1:])


def _sample(image: DicomImage, rows: Sequence[Row], root: Path, found: Found) -> Sample:
    sample = sample_of(image.path, image.path.relative_to(root), rows, found)
    return replace(
        sample,
        group=sample.group or image.patient or image.study,
        attributes={**image.attributes, **sample.attributes},
    )


def _patient_note(samples: Sequence[Sample], images: Sequence[DicomImage]) -> list[str]:
    """Say so where an archive has written one Patient ID for everybody."""
    groups = {sample.group for sample in samples}
    studies = {image.study for image in images}
    if len(groups) > 1 or len(studies) < 2:
        return []
    line = f"all images of {len(studies)} studies have one Patient ID; if they are of several"
    return [f"{line} patients, name these: --column group=NAME, or --group-pattern"]
