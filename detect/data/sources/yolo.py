"""A YOLO dataset: images, and a text file for each, in two arrangements.

As ultralytics reads it, with a YAML file:

    data.yaml      path (optional), train, val, test: a folder, a .txt list, or a list of both;
                   names: a list, or a mapping from index to name
    …/images/x.jpg with …/labels/x.txt: lines `class x y w h` or `class x1 y1 x2 y2 x3 y3 …`,
                   as shares of the picture's width and height after its EXIF turn

As annotation tools write it, with a list of names instead: see `yolo_exports`.

Form: https://docs.ultralytics.com/datasets/detect/. As there, an image without a label file is
background, and so is one with an empty file: both are annotated without boxes. The notes say
how many have no file. Only where a whole split has none, nobody annotated it, or its files were
lost: its images are unlabelled. A polygon, or an oriented box, becomes the box around it. No
image has a label of its own (`fractured is None`): `fractures_only` tells it from the boxes.

Altered copies of one picture, as exports of Roboflow hold, form a group (see `roboflow`).
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from detect.data.sample import Dataset, Sample
from detect.data.sources import yolo_exports
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.files import count_note, read_yaml
from detect.data.sources.grazpedwri_table import patient_in
from detect.data.sources.images import displayed_sizes
from detect.data.sources.labels import fracture_classes
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.roboflow import original_of
from detect.data.sources.yolo_labels import read_boxes
from detect.data.sources.yolo_paths import KEYS, labels_of, split_images
from detect.errors import DataError

__all__ = ["load", "read_classes", "recognise", "yaml_files"]

_NEVER = "without a label file, as all of {}; unlabelled, unless each has an empty one"
_SUFFIXES = (".yaml", ".yml")
_NAMES = re.compile(r"^names\s*:", re.MULTILINE)
_SPLIT = re.compile(rf"^({'|'.join(KEYS)})\s*:", re.MULTILINE)


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder with a YOLO YAML file or an export, or such a file itself."""
    return bool(yaml_files(path)) or yolo_exports.recognise(path)


def yaml_files(path: Path) -> list[Path]:
    """Return the YOLO YAML files in the folder `path`, or `path` itself if it is one.

    Where one has the usual name, it is the only one that counts. No other file is opened.
    """
    candidates = [path] if path.is_file() else sorted(path.glob("*"))
    found = []
    for candidate in candidates:
        if candidate.suffix.lower() in _SUFFIXES and candidate.is_file():
            content = candidate.read_bytes()
            marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            text = content.decode("utf-16" if marked else "utf-8", errors="replace")
            if _NAMES.search(text) and _SPLIT.search(text):
                found.append(candidate)
    usual = [file for file in found if file.name in ("data.yaml", "data.yml")]
    return usual or found


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a YOLO dataset; of images with boxes the header is read for their size.

    Args:
        path: the YAML file, or the folder that holds it, or an export; absolute.
        options: `images`, where they lie elsewhere.

    Raises:
        DataError: a file is missing or malformed, an image is in two splits, or no image has a
            label file.
    """
    files = yaml_files(path)
    if not files and yolo_exports.recognise(path):
        return yolo_exports.load(path, options)
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise DataError(f"{path}: must hold one YOLO file, not {names}; give the one that is meant")
    file = files[0]
    content = read_yaml(file)
    classes = read_classes(content, file)
    fractures = fracture_classes(classes)
    findings = Findings()
    found: dict[str, list[str]] = defaultdict(list)
    samples = []
    elsewhere = _elsewhere(options)
    absent: list[str] = []
    splits = split_images(content, file, elsewhere, absent)
    placed = [(split, image) for split, images in splits for image in images]
    sizes = displayed_sizes([image for _, image in placed], options)
    texts = [labels_of(image, file, elsewhere) for _, image in placed]
    labelled = {split for (split, _), text in zip(placed, texts, strict=True) if text.is_file()}
    for (split, image), size, labels in zip(placed, sizes, texts, strict=True):
        group = patient_in(image.stem) or original_of(image)
        if split not in labelled:
            found[_NEVER.format(split)].append(image.name)
            samples.append(Sample(image, split, group, None, None))
            continue
        if not labels.is_file():
            found["without a label file; background"].append(image.name)
        boxes = read_boxes(image, size, labels, classes, found)
        if boxes is not None:
            drawn = Drawn(image, boxes, None, split, group)
            samples.append(drawn_sample(drawn, size, fractures, findings))
    if not labelled:
        raise DataError(f"{file}: no image has a label file; put them in labels/ beside images/")
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    notes += [f"{file.name} names a test split, {entry}, that is not there" for entry in absent]
    name = file.parent.name if path.is_dir() or file.stem == "data" else file.stem
    licence = content.get("license", content.get("licence"))
    return Dataset(
        name=name,
        root=file.parent,
        classes=classes,
        samples=tuple(samples),
        licence=None if licence is None else str(licence),
        notes=(*notes, *findings.notes()),
    )


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


def _elsewhere(options: ImportOptions) -> Path | None:
    if options.images is None:
        return None
    if not options.images.is_dir():
        raise DataError(f"{options.images}: no such folder of images; correct --images")
    return options.images.absolute()
