"""An export of Label Studio, JSON or JSON-MIN: one file, and images anywhere.

    project-1-at-2024-05-01-10-00-0a1b2c3d.json     beside the images, above them, or elsewhere

What an annotation holds, see `label_studio_regions`; how images are found,
`label_studio_images`; what a size that is not the image's means, `drawn`.

- A task that nobody annotated, or that was skipped, says nothing (`fractured` and `boxes` are
  None); one that was submitted empty is annotated without boxes. Predictions are no truth.
- Of several annotations of an image the ground truth counts, else the latest.
- A choice for the whole image, such as `Fractured` or `Normal`, or yes or no in a control whose
  name speaks of a fracture, is the image's label. A choice of a control that says nothing of the
  kind is an attribute with the control's name.
- An image that is fractured by choice and has no region was never annotated with boxes. The same
  holds where the whole project draws none and asks for something else.
- A task's datum `patient` or `patient_id` is its group.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from detect.data.sample import Dataset
from detect.data.sources.drawn import Findings
from detect.data.sources.images import displayed_sizes
from detect.data.sources.label_studio_choices import Verdicts
from detect.data.sources.label_studio_file import Task, read_tasks
from detect.data.sources.label_studio_images import TaskImages
from detect.data.sources.label_studio_samples import Annotated, Project, counting
from detect.data.sources.options import PLAIN, ImportOptions
from detect.errors import DataError

__all__ = ["load", "recognise"]

_HEAD = re.compile(rb"\s*(\xef\xbb\xbf)?\s*\[\s*\{")
_TASKS = (
    re.compile(rb'"(annotations|completions|predictions)"\s*:\s*\['),
    re.compile(rb'"data"\s*:\s*\{'),
)
_SHORT_TASKS = (re.compile(rb'"annotation_id"\s*:'), re.compile(rb'"annotator"\s*:'))


def recognise(path: Path) -> bool:
    """Tell whether `path` is an export of Label Studio, or a folder with one in it."""
    return bool(_files(path))


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read an export; of images with regions the header is read for their size.

    Args:
        path: the JSON file, or the folder that holds it; absolute.
        options: `images`, where they lie elsewhere; `values`, what choices mean.

    Raises:
        DataError: the file is malformed, an image may be one of several, or none is there.
    """
    files = [path] if path.is_file() else _files(path)
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        message = f"{path}: must hold one export of Label Studio as JSON or JSON-MIN, not {names}"
        raise DataError(f"{message}; give the file that is meant")
    file = files[0]
    findings = Findings()
    annotated = _annotated(file, TaskImages(options.images or file.parent), findings)
    results = [entry.result for entry in annotated if entry.result is not None]
    verdicts = Verdicts((one for result in results for one in result.choices), options.values)
    project = Project(annotated, verdicts)
    drawn = [e.image for e in annotated if e.result is not None and e.result.regions]
    shown = dict(zip(drawn, displayed_sizes(drawn, options), strict=True))
    return Dataset(
        name=file.stem if path.is_file() else path.name,
        root=file.parent,
        classes=project.classes,
        samples=tuple(
            project.sample(entry, shown.get(entry.image), findings) for entry in annotated
        ),
        notes=findings.notes(),
    )


def _files(path: Path) -> list[Path]:
    candidates = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [file for file in candidates if file.suffix.lower() == ".json" and _is_export(file)]


def _is_export(file: Path) -> bool:
    """Tell whether a file looks like an export, without parsing what may be a gigabyte."""
    if not file.is_file() or file.stat().st_size == 0:
        return False
    with (
        file.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return bool(_HEAD.match(content)) and any(
            all(sign.search(content) for sign in signs) for signs in (_TASKS, _SHORT_TASKS)
        )


def _annotated(file: Path, images: TaskImages, findings: Findings) -> list[Annotated]:
    """Return each image that is named and here, once, with the annotation that counts."""
    tasks = read_tasks(file)
    if not tasks:
        raise DataError(f"{file}: holds no task; export it again")
    by_image: dict[Path, list[Task]] = {}
    for task in tasks:
        image = images.find(task.image, task.where)
        if image is None:
            findings.add("named by a task, but not here; left out", _short(task.image))
        else:
            by_image.setdefault(image, []).append(task)
    if not by_image:
        raise images.images.none_found(file, _short(tasks[0].image))
    return [counting(image, same, findings) for image, same in by_image.items()]


def _short(reference: str) -> str:
    # the picture itself may be in it, in letters
    return reference if len(reference) <= 80 else f"{reference[:79]}…"
