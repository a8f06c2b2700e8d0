"""One export file of Label Studio, read strictly: JSON or JSON-MIN.

    JSON       [{"id": 1, "data": {"image": …}, "annotations": [{"result": […], …}], …}, …]
    JSON-MIN   [{"id": 1, "image": …, "<control>": …, "annotation_id": 7, "annotator": 1, …}, …]

Forms: https://labelstud.io/guide/export and https://labelstud.io/guide/task_format. JSON-MIN has
an entry for each annotation of a task; a single choice is a mere text there, like those that came
with the task, so that only one that says something of a fracture is taken for a choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from detect.data.sources.files import read_json
from detect.data.sources.label_studio_regions import Result, read_result
from detect.data.sources.labels import folder_label, says_fracture
from detect.errors import DataError
from detect.read.suffixes import IMAGE_SUFFIXES

__all__ = ["Annotation", "Task", "read_tasks"]

_ANNOTATIONS = ("annotations", "completions")  # the second until version 1.0
_CANCELLED = ("was_cancelled", "skipped")  # likewise
_PATIENT = frozenset({"patient", "patient_id", "patientid"})
_PLACES = ("/data/", "upload/", "/storage-data/")  # of the server, where a name may lack a suffix


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one annotator submitted of one task."""

    result: Result
    rank: tuple[bool, str]  # ground truth or not, and when: the greatest counts


@dataclass(frozen=True, slots=True)
class Task:
    """One image with all annotations of it."""

    where: str  # file and task, for messages
    image: str  # as the task names it
    patient: str | None
    annotations: tuple[Annotation, ...]  # without those that were cancelled
    cancelled: bool  # at least one was: the annotator skipped the task
    predicted: bool  # a model's predictions are there; they are no truth and are not read


def read_tasks(path: Path) -> tuple[Task, ...]:
    """Read an export, in its order.

    Raises:
        DataError: unreadable, or a task is malformed or names no image, or several.
    """
    content = read_json(path)
    if not isinstance(content, list):
        raise DataError(f"{path}: not Label Studio's JSON: no list of tasks; export the file again")
    tasks = []
    for place, entry in enumerate(content):
        if not isinstance(entry, dict):
            raise DataError(f"{path}, [{place}]: {entry!r:.40} is no task; export the file again")
        where = f"{path}, task {entry.get('id', place)!r:.40}"
        tasks.append(_task(entry, where) if "data" in entry else _short_task(entry, where))
    return tuple(tasks)


def _task(entry: Mapping[str, Any], where: str) -> Task:
    data = entry["data"]
    if not isinstance(data, dict):
        raise DataError(f"{where}: data is no mapping; export the file again")
    annotations = []
    cancelled = False
    for annotation in _list_of(entry, where):
        if any(annotation.get(key) for key in _CANCELLED):
            cancelled = True
            continue
        result = read_result(annotation.get("result") or [], where)
        truth = annotation.get("ground_truth") is True
        annotations.append(Annotation(result, (truth, _when(annotation))))
    return Task(
        where=where,
        image=_image(data, where),
        patient=_patient(data),
        annotations=tuple(annotations),
        cancelled=cancelled,
        predicted=bool(entry.get("predictions")),
    )


def _list_of(entry: Mapping[str, Any], where: str) -> Iterator[Mapping[str, Any]]:
    for key in _ANNOTATIONS:
        listed = entry.get(key) or []
        if not isinstance(listed, list):
            raise DataError(f"{where}: {key} is no list; export the file again")
        for annotation in listed:
            if not isinstance(annotation, dict):
                message = f"{where}: an annotation is {annotation!r:.40}, no mapping"
                raise DataError(f"{message}; export in full, not only the ids")
            yield annotation


def _short_task(entry: Mapping[str, Any], where: str) -> Task:
    annotations: tuple[Annotation, ...] = ()
    if entry.get("annotation_id") is not None:
        result = read_result(list(_entries(entry)), where)
        annotations = (Annotation(result, (False, _when(entry))),)
    return Task(where, _image(entry, where), _patient(entry), annotations, False, False)


def _entries(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the result of a JSON-MIN task as JSON has it."""
    for control, content in entry.items():
        if isinstance(content, str):
            if folder_label(content) is not None or says_fracture(control):
                yield {"type": "choices", "from_name": control, "value": {"choices": [content]}}
            continue
        for value in content if isinstance(content, list) else [content]:
            if not isinstance(value, dict):
                continue  # numbers and texts that came with the task
            kinds = [key for key in value if key == "choices" or key.endswith("labels")]
            shaped = "width" in value or "points" in value or "radiusX" in value or "rle" in value
            if kinds or shaped:
                yield {
                    "type": kinds[0] if kinds else "",
                    "from_name": control,
                    "value": value,
                    "original_width": value.get("original_width"),
                    "original_height": value.get("original_height"),
                }


def _when(entry: Mapping[str, Any]) -> str:
    # ISO 8601 in UTC, which sorts as text; whole seconds until version 1.0, which do so, too
    return str(entry.get("updated_at") or entry.get("created_at") or "")


def _image(data: Mapping[str, Any], where: str) -> str:
    """Return what a task names its image, by the usual key or the only value that looks so."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if "image" in texts:
        return texts["image"]
    named = [key for key, text in texts.items() if _looks_like_image(text)]
    if len(named) == 1:
        return texts[named[0]]
    if named:
        message = f"{where}: names several images, {_few(named)}, and nobody can tell which"
        raise DataError(f"{message} is annotated; make a task for each image")
    if any(isinstance(value, list) for value in data.values()):
        message = f"{where}: its data names no single image, and tasks of several are not read"
        raise DataError(f"{message}; make a task for each image")
    raise DataError(f"{where}: its data, {_few(data)}, names no image; give another export")


def _few(keys: Iterable[str]) -> str:
    return ", ".join(f"{key!r:.40}" for key in islice(keys, 5))


def _looks_like_image(text: str) -> bool:
    path = text.split("?")[0] if "://" in text else text
    suffix = path[path.rfind(".") :].casefold() if "." in path else ""
    return suffix in IMAGE_SUFFIXES or text.startswith(_PLACES)


def _patient(data: Mapping[str, Any]) -> str | None:
    stated = [str(data[key]) for key in data if key.casefold() in _PATIENT and data[key]]
    return stated[0] if stated else None
