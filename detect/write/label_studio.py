"""label-studio/: tasks with predictions, so that people correct boxes instead of drawing them.

    labeling_config.xml   of the project; set it first, since Label Studio checks what it imports
    tasks.json            a task for each image
    images/…              see `detect.write.plain_pictures`

    task          data: image; `summary`, which is shown above it; `source`, `frame` and `sha256` of
                  what was read; `probability` of a fracture, to sort by; `warnings`, if any
    prediction    model_version; score, which is the probability of a fracture
    result        a choice `verdict`, whose score is the probability of what it says, and a
                  rectangle for each definite or suspicious finding, with its score, and its
                  certainty as the note ("meta") of the region

Form: https://labelstud.io/guide/predictions. Rectangles are in percent of the picture as a
browser shows it, after its EXIF turn, which is our own frame.

An image is named `/data/local-files/?d=label-studio/images/…`: Label Studio serves it from the
folder above this one, once LOCAL_FILES_SERVING_ENABLED=true and LOCAL_FILES_DOCUMENT_ROOT is that
folder, and this folder is a local storage of the project (which need not be synchronised). For
another place, such as a bucket, put its address in place of `/data/local-files/?d=`.

What is exported as JSON comes back by `data import EXPORT --form label_studio --images FOLDER`,
where FOLDER is label-studio/images, or that of the originals where all of them are plain.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from detect.errors import NotWrittenError
from detect.read.plain import PLAIN_SUFFIXES
from detect.record import Failure, Finding, Reading
from detect.write.atomic import naming_output, replacing_folder, replacing_text
from detect.write.context import WriteContext
from detect.write.json_array import JsonArray
from detect.write.plain_pictures import PlainPictures
from detect.write.staged import StagedWriter
from detect.write.to_correct import FRACTURE, ToCorrect, to_correct

__all__ = ["LabelStudioWriter", "open_label_studio"]

FOLDER_NAME = "label-studio"
TASKS_NAME = "tasks.json"
CONFIG_NAME = "labeling_config.xml"
IMAGES_NAME = "images"

_SUFFIXES = (".json", ".xml", *PLAIN_SUFFIXES)
_SERVED = "/data/local-files/?d="
_CHOICES = {"fractured": "fractured", "not_fractured": "not fractured"}
_UNSURE = "unsure"  # for people: `data import` takes it for unlabelled
_COLOURS = ("#e4572e", "#2e86ab", "#f6ae2d", "#7cb518", "#8f2d56", "#00a6a6")


class LabelStudioWriter(StagedWriter):
    """Writes the folder, a task and its picture at a time.

    Args:
        context: its folder is made if missing; the images are needed.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._folder = self._open(replacing_folder(context.folder / FOLDER_NAME, _SUFFIXES))
        pictures = PlainPictures(self._folder / IMAGES_NAME, context.originals)
        self._pictures = self._open(closing(pictures))
        path = self._folder / TASKS_NAME
        self._tasks = JsonArray(self._open(replacing_text(path)), path)
        self._labels: dict[str, None] = {}

    def write(self, record: Reading | Failure) -> None:
        """Add a task.

        Raises:
            NotWrittenError: the image was not read, is gone or has changed, or its name cannot
                be that of a file here or is no text.
            OutputError: it cannot be written.
        """
        image = to_correct(record)
        source = image.reading.source
        try:
            source.path.encode()
        except UnicodeEncodeError as error:
            message = f"{source.path!a}: an address cannot hold this name; rename the file"
            raise NotWrittenError(message) from error
        name = self._pictures.save(source)
        self._labels |= dict.fromkeys(finding.label for finding in image.shown)
        served = {"image": f"{_SERVED}{FOLDER_NAME}/{IMAGES_NAME}/{quote(name)}"}
        data = served | _data(image.reading)
        self._tasks.add({"data": data, "predictions": [_prediction(image)]})

    def _finish(self) -> None:
        self._tasks.end()
        path = self._folder / CONFIG_NAME
        with naming_output(path), path.open("xb") as file:
            _config(list(self._labels) or [FRACTURE]).write(file, encoding="utf-8")


def _data(reading: Reading) -> dict[str, Any]:
    source, verdict = reading.source, reading.verdict
    label = _CHOICES[verdict.label]
    told = {
        # more than one word beside the label: JSON-MIN cannot tell a datum from a choice
        "summary": f"Model: {label}, {verdict.certainty}; P(fracture) {verdict.probability:.3f} "
        f"at {verdict.operating_point}. Research use only.",
        "probability": verdict.probability,
        "source": source.path,
        "frame": source.frame,
        "sha256": source.sha256,
        "warnings": "; ".join(reading.warnings),
    }
    return {key: value for key, value in told.items() if value not in (None, "")}


def _prediction(image: ToCorrect) -> dict[str, Any]:
    verdict, model = image.reading.verdict, image.reading.model
    p = verdict.probability
    frame: dict[str, Any] = {
        "to_name": "image",
        "original_width": image.width,
        "original_height": image.height,
        "image_rotation": 0,
    }
    choice = {
        "id": "verdict",
        "type": "choices",
        "from_name": "verdict",
        **frame,
        "score": round(p if verdict.label == "fractured" else 1 - p, 6),
        "value": {"choices": [_CHOICES[verdict.label]]},
    }
    return {
        "model_version": f"{model.name} {model.version}",
        "score": p,
        "result": [choice, *(_rectangle(finding, image) | frame for finding in image.shown)],
    }


def _rectangle(finding: Finding, image: ToCorrect) -> dict[str, Any]:
    box = finding.box
    outlined = ", outlined from the verdict's evidence" if finding.origin == "evidence" else ""
    return {
        "id": finding.finding_id,
        "type": "rectanglelabels",
        "from_name": "boxes",
        "score": finding.score,
        "meta": {"text": [f"{finding.certainty}{outlined}"]},
        "value": {
            "x": 100 * box.x1 / image.width,
            "y": 100 * box.y1 / image.height,
            "width": 100 * (box.x2 - box.x1) / image.width,
            "height": 100 * (box.y2 - box.y1) / image.height,
            "rotation": 0,
            "rectanglelabels": [finding.label],
        },
    }


def _config(labels: list[str]) -> ElementTree:
    """Return the labelling interface: https://labelstud.io/tags/."""
    view = Element("View")
    SubElement(view, "Header", value="$summary", size="5")
    # above the image, so that nobody has to scroll to see what the model says
    verdict = SubElement(
        view, "Choices", name="verdict", toName="image", choice="single", showInline="true"
    )
    for value in (*_CHOICES.values(), _UNSURE):
        SubElement(verdict, "Choice", value=value)
    boxes = SubElement(view, "RectangleLabels", name="boxes", toName="image")
    for number, label in enumerate(labels):
        SubElement(boxes, "Label", value=label, background=_COLOURS[number % len(_COLOURS)])
    image = SubElement(view, "Image", name="image", value="$image")
    for tool in ("zoom", "zoomControl", "brightnessControl", "contrastControl"):
        image.set(tool, "true")
    indent(view)
    return ElementTree(view)


def open_label_studio(context: WriteContext) -> LabelStudioWriter:
    """Return the writer of the format `label-studio`."""
    return LabelStudioWriter(context)
