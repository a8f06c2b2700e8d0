"""coco.json, a dataset with the boxes shown, and coco_results.json, all boxes with their scores.

Form: https://cocodataset.org/#format-data and #format-results ("object detection"). Coordinates
are pixels of the image as a viewer shows it, `bbox` is x, y, width, height.

    coco.json
        info            description, date_created (of the run), models: name, version, sha256
        licenses        empty: whose the images are is not known here
        categories      the labels that occur, ids from 1 in the order in which they occur
        images          every image that was read, those without findings too; beside the usual
                        keys `frame`, `sha256`, `verdict` (label, certainty, probability,
                        operating_point, threshold) and `warnings`
        annotations     definite and suspicious findings, as they are shown; beside the usual
                        keys `score`, `origin` and `attributes.certainty`
        failures        no key of COCO: file_name, reason and message of what could not be read
    coco_results.json   every box of the detector, those of certainty `none` that --min-score
                        lists too: image_id, category_id, bbox, score and, which other tools
                        pass over, file_name

`file_name` is the path of the image; of a frame, the name of its picture in the folders of the
other formats (`picture_name`), since it must be unique. What is outlined from the evidence of the
verdict has a score of another scale, so that it is no result, but an annotation.

For `pycocotools.coco.COCO("coco.json").loadRes("coco_results.json")` the image ids fit. To
measure against annotations of your own, match images by `file_name` and categories by name, or
let `evaluate --predictions results.jsonl` do so.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC
from typing import Any

from detect import __version__
from detect.errors import NotWrittenError
from detect.record import Box, Failure, Finding, ModelInfo, Reading, Source
from detect.write.atomic import naming_output, replacing_text
from detect.write.context import WriteContext, picture_name
from detect.write.json_array import JsonArray
from detect.write.staged import StagedWriter, side_file
from detect.write.to_correct import FRACTURE

__all__ = ["CocoWriter", "open_coco"]

DATASET_NAME = "coco.json"
RESULTS_NAME = "coco_results.json"

_LISTS = ("images", "annotations", "failures")  # written side by side, then one after the other


class CocoWriter(StagedWriter):
    """Writes both files, an entry at a time; images and annotations wait in unnamed files.

    Args:
        context: its folder is made if missing.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._created = context.created.astimezone(UTC)
        self._path = context.folder / DATASET_NAME
        results = context.folder / RESULTS_NAME
        self._dataset = self._open(replacing_text(self._path))
        self._results = JsonArray(self._open(replacing_text(results)), results)
        self._parts = {name: self._open(side_file(self._path)) for name in _LISTS}
        self._lists = {name: JsonArray(part, self._path) for name, part in self._parts.items()}
        self._categories: dict[str, int] = {}
        self._models: dict[ModelInfo, None] = {}

    def write(self, record: Reading | Failure) -> None:
        """Add an image with its annotations and results, or a failure.

        Raises:
            NotWrittenError: the size of the image is not known.
            OutputError: it cannot be written.
        """
        source = record.source
        if isinstance(record, Failure):
            entry = _named(source) | {"reason": record.reason, "message": record.message}
            self._lists["failures"].add(entry)
            return
        if source.width is None or source.height is None:
            raise NotWrittenError(f"{source.path}: its size is not recorded; run detect again")
        self._models.setdefault(record.model)
        image_id = self._lists["images"].count + 1
        self._lists["images"].add({"id": image_id} | _image(record))
        for finding in record.findings:
            placed = {
                "image_id": image_id,
                "category_id": self._category(finding.label),
                "bbox": _bbox(finding.box),
                "score": finding.score,
            }
            if finding.certainty != "none":
                annotations = self._lists["annotations"]
                annotations.add({"id": annotations.count + 1} | placed | _annotated(finding))
            if finding.origin == "detector":
                self._results.add(placed | {"file_name": _named(source)["file_name"]})

    def _category(self, label: str) -> int:
        return self._categories.setdefault(label, len(self._categories) + 1)

    def _finish(self) -> None:
        self._results.end()
        if not self._categories:
            self._category(FRACTURE)
        head = {
            "info": self._info(),
            "licenses": [],
            "categories": [
                {"id": identity, "name": name, "supercategory": "finding"}
                for name, identity in self._categories.items()
            ],
        }
        with naming_output(self._path):
            self._dataset.write(f"{json.dumps(head, allow_nan=False)[:-1]}\n")
            for name, part in self._parts.items():
                self._lists[name].end()
                self._dataset.write(f',"{name}": ')
                part.seek(0)
                shutil.copyfileobj(part, self._dataset)
            self._dataset.write("}\n")

    def _info(self) -> dict[str, Any]:
        models = [
            {"name": model.name, "version": model.version, "sha256": model.sha256}
            for model in self._models
        ]
        made_by = " and ".join(f"{model['name']} {model['version']}" for model in models)
        return {
            "description": f"Findings of {made_by or 'no model'}; research use only",
            "version": "1.0",
            "year": self._created.year,
            "contributor": f"Fracture Locator {__version__}",
            "date_created": self._created.isoformat(timespec="seconds"),
            "models": models,
        }


def _named(source: Source) -> dict[str, Any]:
    if source.frame is None:
        return {"file_name": source.path}
    name = picture_name(source.path, source.frame, "png")
    return {"file_name": name, "path": source.path, "frame": source.frame}


def _image(reading: Reading) -> dict[str, Any]:
    source, verdict = reading.source, reading.verdict
    return {
        **_named(source),
        "width": source.width,
        "height": source.height,
        "sha256": source.sha256,
        "verdict": {
            "label": verdict.label,
            "certainty": verdict.certainty,
            "probability": verdict.probability,
            "operating_point": verdict.operating_point,
            "threshold": verdict.threshold,
        },
        "warnings": list(reading.warnings),
    }


def _annotated(finding: Finding) -> dict[str, Any]:
    box = finding.box
    return {
        "area": (box.x2 - box.x1) * (box.y2 - box.y1),
        "iscrowd": 0,
        "segmentation": [],
        "origin": finding.origin,
        "attributes": {"certainty": finding.certainty},
    }


def _bbox(box: Box) -> list[float]:
    # 2.1 - 1.1 is 1.0000000000000002
    return [box.x1, box.y1, round(box.x2 - box.x1, 6), round(box.y2 - box.y1, 6)]


def open_coco(context: WriteContext) -> CocoWriter:
    """Return the writer of the format `coco`."""
    return CocoWriter(context)
