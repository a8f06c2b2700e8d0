"""A YOLO dataset as ultralytics reads it: a YAML file, images, and a text file for each.

    data.yaml      path (optional), train, val, test: a folder, a .txt list, or a list of both;
                   names: a list, or a mapping from index to name
    …/images/x.jpg with …/labels/x.txt: lines `class x y w h` or `class x1 y1 x2 y2 x3 y3 …`,
                   as shares of the picture's width and height after its EXIF turn

Form: https://docs.ultralytics.com/datasets/detect/. As there, an image without a label file is
background, and so is one with an empty file: both are annotated without boxes. The notes say
how many have no file. A polygon becomes the box around it. No image has a label of its own
(`fractured is None`): `fractures_only` tells it from the boxes.

Altered copies of one picture in an export of Roboflow form a group (`roboflow.original_of`).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from detect.data.sample import Dataset, LabelledBox, Sample
from detect.data.sources.files import count_note, read_text, read_yaml
from detect.data.sources.grazpedwri_table import patient_in
from detect.data.sources.images import cut_dust, displayed_sizes
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.roboflow import original_of
from detect.data.sources.yolo_labels import parse_labels
from detect.data.sources.yolo_paths import KEYS, split_images
from detect.errors import DataError
from detect.read.suffixes import IMAGE_SUFFIXES
from detect.record import Box

__all__ = ["label_path", "load", "read_boxes", "read_classes", "recognise", "yaml_files"]

_NAMES = re.compile(r"^names\s*:", re.MULTILINE)
_SPLIT = re.compile(rf"^({'|'.join(KEYS)})\s*:", re.MULTILINE)


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder with a YOLO YAML file, or such a file itself."""
    return bool(yaml_files(path))


def yaml_files(path: Path) -> list[Path]:
    """Return the YOLO YAML files in the folder `path`, or `path` itself if it is one.

    Where one has the usual name, it is the only one that counts.
    """
    candidates = [path] if path.is_file() else sorted({*path.glob("*.yaml"), *path.glob("*.yml")})
    found = []
    for candidate in candidates:
        if candidate.is_file():
            text = candidate.read_bytes().decode("utf-8", errors="replace")
            if _NAMES.search(text) and _SPLIT.search(text):
                found.append(candidate)
    usual = [file for file in found if file.name in ("data.yaml", "data.yml")]
    return usual or found


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a YOLO dataset; of images with boxes the header is read for their size.

    Args:
        path: the YAML file, or the folder that holds it; absolute.

    Raises:
        DataError: a file is missing or malformed, or no image has a label file.
    """
    files = yaml_files(path)
    if len(files) != 1:
        names = ", ".join(file.name for file in files)
        raise DataError(f"{path}: several YOLO files ({names}); give the one that is meant")
    file = files[0]
    content = read_yaml(file)
    classes = read_classes(content, file)
    found: dict[str, list[str]] = defaultdict(list)
    samples = []
    labelled = 0
    placed = [(split, image) for split, images in split_images(content, file) for image in images]
    sizes = displayed_sizes([image for _, image in placed], options)
    for (split, image), size in zip(placed, sizes, strict=True):
        labels = label_path(image)
        if labels.is_file():
            labelled += 1
        else:
            found["without a label file; background"].append(image.name)
        boxes = read_boxes(image, size, labels, classes, found)
        if boxes is not None:
            group = patient_in(image.stem) or original_of(image)
            samples.append(Sample(image, split, group, None, boxes))
    if not labelled:
        raise DataError(f"{file}: no image has a label file; put them in labels/ beside images/")
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    name = file.parent.name if path.is_dir() or file.stem == "data" else file.stem
    licence = content.get("license", content.get("licence"))
    return Dataset(
        name=name,
        root=file.parent,
        classes=classes,
        samples=tuple(samples),
        licence=None if licence is None else str(licence),
        notes=tuple(notes),
    )


def label_path(image: Path) -> Path:
    """Return where ultralytics looks for the labels of an image.

    The last folder named `images` on the way becomes `labels`; without one, they lie beside it.
    A name without a picture's suffix, as DICOM files have, is kept whole: what follows its last
    dot may be all that tells two UIDs apart.
    """
    images, labels = f"{os.sep}images{os.sep}", f"{os.sep}labels{os.sep}"
    path = Path(labels.join(str(image).rsplit(images, 1)))
    has_suffix = path.suffix.lower() in IMAGE_SUFFIXES
    return path.with_suffix(".txt") if has_suffix else path.with_name(f"{path.name}.txt")


def read_classes(content: dict[str, Any], file: Path) -> tuple[str, ...]:
    """Return the class names of a YAML file, in index order.

    Args:
        content: its mapping, which has `names`.
        file: its path, for the message.

    Raises:
        DataError: not a list of different names, or not as many as `nc`.
    """
    names = content["names"]
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            message = f"{file}: names must count from 0 without a gap, not {list(names)}"
            raise DataError(message)
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names:
        raise DataError(f"{file}: names must be a list of class names; correct it")
    classes = tuple(str(name) for name in names)
    if len(set(classes)) != len(classes):
        raise DataError(f"{file}: names holds a class twice; rename one")
    if content.get("nc", len(classes)) != len(classes):
        raise DataError(
            f"{file}: nc is {content['nc']}, but names holds {len(classes)}; correct it"
        )
    return classes


def read_boxes(
    image: Path,
    size: tuple[int, int] | None,
    labels: Path,
    classes: tuple[str, ...],
    found: dict[str, list[str]],
) -> tuple[LabelledBox, ...] | None:
    """Return an image's boxes in pixels, or None where its size is not to be had.

    Args:
        image: the picture, for the notes.
        size: its width and height after the EXIF turn.
        labels: its label file; without one there are no boxes.
        classes: names, in index order.
        found: remark → names of images; added to.

    Raises:
        DataError: a line of the label file is malformed.
    """
    shares = parse_labels(read_text(labels), labels, len(classes)) if labels.is_file() else ()
    unique = tuple(dict.fromkeys(shares))
    if len(unique) < len(shares):
        found["a box is listed twice; taken once"].append(image.name)
    if not unique:
        return ()
    if size is None:
        found["with boxes, but its size cannot be read; left out"].append(image.name)
        return None
    width, height = size
    return tuple(
        LabelledBox(
            cut_dust(Box(x1 * width, y1 * height, x2 * width, y2 * height), width, height),
            classes[index],
        )
        for index, (x1, y1, x2, y2) in unique
    )
