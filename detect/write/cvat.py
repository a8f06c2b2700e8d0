"""cvat/: annotations of the form "CVAT for images 1.1", so that people correct boxes in CVAT.

    labels.json       for the "Raw" tab of a new task or project: the labels with their attributes
    images/…          for the task's files, as a ZIP, which keeps their folders; see
                      `detect.write.plain_pictures`
    annotations.xml   for "Upload annotations", "CVAT 1.1", once the task has both

Form: https://docs.cvat.ai/docs/other/xml_format/. A box is a definite or suspicious finding, in
pixels of the picture as a viewer shows it, which is how CVAT shows it (it follows the EXIF turn);
its attributes are `score` and `certainty`. An image without a finding has an entry without boxes.
CVAT finds an image by its name up to the suffix, else by its id, which counts from 0.

The verdict is not in it: CVAT has tags for whole images, but its exports as COCO or YOLO would
make each kind of tag a class of boxes. What is corrected comes back as one of these two, by
`data import`.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from detect.errors import NotWrittenError
from detect.read.plain import PLAIN_SUFFIXES
from detect.record import Failure, Finding, Reading
from detect.write.atomic import naming_output, replacing_folder, replacing_text
from detect.write.context import WriteContext
from detect.write.plain_pictures import PlainPictures
from detect.write.staged import StagedWriter, side_file
from detect.write.to_correct import FRACTURE, ToCorrect, to_correct

__all__ = ["CvatWriter", "open_cvat"]

FOLDER_NAME = "cvat"

_SUFFIXES = (".json", ".xml", *PLAIN_SUFFIXES)
# characters that XML 1.0, section 2.2, has no form for
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What a box has that a person draws: theirs is definite.
_ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {
        "name": "score",
        "mutable": False,
        "input_type": "number",
        "default_value": "1",
        "values": ["0", "1", "0.0001"],
    },
    {
        "name": "certainty",
        "mutable": False,
        "input_type": "select",
        "default_value": "definite",
        "values": ["definite", "suspicious"],
    },
)


class CvatWriter(StagedWriter):
    """Writes the folder, a picture and its entry at a time; entries wait in an unnamed file.

    Args:
        context: its folder is made if missing; the images are needed.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._created = context.created.astimezone(UTC)
        self._folder = self._open(replacing_folder(context.folder / FOLDER_NAME, _SUFFIXES))
        pictures = PlainPictures(self._folder / "images", context.originals)
        self._pictures = self._open(closing(pictures))
        self._path = self._folder / "annotations.xml"
        self._images = self._open(side_file(self._path))
        self._count = 0
        self._labels: dict[str, None] = {}

    def write(self, record: Reading | Failure) -> None:
        """Add an image.

        Raises:
            NotWrittenError: the image was not read, is gone or has changed, or its name cannot
                be that of a file here or has no form in XML.
            OutputError: it cannot be written.
        """
        image = to_correct(record)
        source = image.reading.source
        for text in (source.path, *(finding.label for finding in image.shown)):
            if _NO_XML.search(text):
                raise NotWrittenError(f"{text!a}: XML cannot hold this name; change it")
        name = self._pictures.save(source)
        entry = _image(self._count, name, image)
        with naming_output(self._path):
            self._images.write(f"{tostring(entry, encoding='unicode')}\n")
        self._count += 1
        self._labels |= dict.fromkeys(finding.label for finding in image.shown)

    def _finish(self) -> None:
        labels = list(self._labels) or [FRACTURE]
        raw = [{"name": n, "type": "rectangle", "attributes": list(_ATTRIBUTES)} for n in labels]
        with replacing_text(self._folder / "labels.json") as file:
            json.dump(raw, file, indent=2)
            file.write("\n")
        meta = tostring(_meta(self._count, labels, self._created), encoding="unicode")
        with replacing_text(self._path) as file:
            file.write('<?xml version="1.0" encoding="utf-8"?>\n')
            file.write(f"<annotations>\n<version>1.1</version>\n{meta}\n")
            self._images.seek(0)
            shutil.copyfileobj(self._images, file)
            file.write("</annotations>\n")


def _image(number: int, name: str, image: ToCorrect) -> Element:
    entry = Element(
        "image",
        {
            "id": str(number),
            "name": name,
            "width": str(image.width),
            "height": str(image.height),
        },
    )
    for finding in image.shown:
        entry.append(_box(finding))
    return entry


def _box(finding: Finding) -> Element:
    box = finding.box
    corners = {"xtl": box.x1, "ytl": box.y1, "xbr": box.x2, "ybr": box.y2}
    entry = Element(
        "box",
        {
            "label": finding.label,
            "source": "auto",
            "occluded": "0",
            **{key: f"{value:.4f}" for key, value in corners.items()},
            "z_order": "0",
        },
    )
    for name, value in (("score", f"{finding.score:.4f}"), ("certainty", finding.certainty)):
        SubElement(entry, "attribute", name=name).text = value
    return entry


def _meta(images: int, labels: list[str], created: datetime) -> Element:
    meta = Element("meta")
    task = SubElement(meta, "task")
    stated = {
        "name": "Fracture Locator",
        "size": str(images),
        "mode": "annotation",
        "overlap": "0",
        "created": created.isoformat(timespec="seconds"),
        "updated": created.isoformat(timespec="seconds"),
        "start_frame": "0",
        "stop_frame": str(max(0, images - 1)),
    }
    for key, value in stated.items():
        SubElement(task, key).text = value
    listed = SubElement(task, "labels")
    for name in labels:
        label = SubElement(listed, "label")
        SubElement(label, "name").text = name
        SubElement(label, "type").text = "rectangle"
        attributes = SubElement(label, "attributes")
        for attribute in _ATTRIBUTES:
            entry = SubElement(attributes, "attribute")
            for key, value in attribute.items():
                SubElement(entry, key).text = _text(value)
    SubElement(meta, "dumped").text = created.isoformat(timespec="seconds")
    indent(meta)
    return meta


def _text(value: str | bool | list[str]) -> str:
    """Return a value as CVAT writes it: lists a line each."""
    if isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else "\n".join(value)


def open_cvat(context: WriteContext) -> CvatWriter:
    """Return the writer of the format `cvat`."""
    return CvatWriter(context)
