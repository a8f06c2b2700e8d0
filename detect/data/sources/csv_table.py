"""A folder of images, and CSV files that say what is on them.

    annotations.csv        a row per image, or per box; for other names see `table_files`
    images/**              anywhere below the folder, or in `--images`

Columns: see `columns`; delimiters: see `tables`; encodings: see `text`. Only an image and a label
(or boxes) are needed. The image is named by its file name, with or without suffix, or by any
path that ends like the image's. The split is that of the row, of its table's name or folder, or
of the image's folder. Boxes are in pixels of the picture as a viewer shows it.

Such tables have no standard. Read are those that people make by hand, and the
`filename,width,height,class,xmin,ymin,xmax,ymax` of object detection tools
(https://roboflow.com/formats/tensorflow-object-detection-csv).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from detect.data.sample import Dataset
from detect.data.sources.dicom_folder import holds_dicom
from detect.data.sources.files import count_note
from detect.data.sources.locate import Images
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.table_files import SUFFIXES, find_tables, holds_tables
from detect.data.sources.table_images import Found, box_classes, find_image, sample_of
from detect.data.sources.table_rows import Row, read_labels

__all__ = ["load", "recognise"]


def recognise(path: Path) -> bool:
    """Tell whether `path` is a CSV file, or a folder of pictures with a table of labels.

    DICOM says more of itself: a folder of that is `dicom_table`'s.
    """
    if path.is_file():
        return path.suffix.lower() in SUFFIXES
    return holds_tables(path) and not holds_dicom(path)


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a dataset of images and CSV files; no image is opened.

    Args:
        path: the folder, or the CSV file; absolute.
        options: of which `images`, `columns`, `values` and `encoding` count.

    Raises:
        DataError: no table is there, it is malformed, or not one of its images is here; the
            message names file and line.
        InputError: an option cannot be used.
    """
    root = path if path.is_dir() else path.parent
    tables = [
        read_labels(file.path, options, split=file.split)
        for file in find_tables(path, options.columns)
    ]
    images = Images(options.images or root)
    rows: dict[Path, list[Row]] = defaultdict(list)
    missing = []
    for row in (row for table in tables for row in table.rows):
        image = find_image(images, row)
        if image is None:
            missing.append(row)
        else:
            rows[image].append(row)
    if not rows:
        raise images.none_found(tables[0].path, missing[0].image)
    found: Found = defaultdict(list)
    samples = tuple(
        sample_of(image, image.relative_to(images.folder), rows.get(image, ()), found)
        for image in images.paths
    )
    notes = [note for table in tables for note in table.notes]
    notes += _missing_notes(missing)
    notes += [note for what, names in found.items() for note in count_note(names, what)]
    return Dataset(root.name, root, box_classes(samples), samples, notes=tuple(notes))


def _missing_notes(missing: Sequence[Row]) -> tuple[str, ...]:
    return count_note({row.image for row in missing}, "in the table, but without a file; left out")
