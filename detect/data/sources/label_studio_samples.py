"""From the annotation of an image in Label Studio to its sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detect.data.sample import LabelledBox, Sample
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.label_studio_choices import Answer, Verdicts
from detect.data.sources.label_studio_file import Annotation, Task
from detect.data.sources.label_studio_regions import Result, Size, region_box
from detect.data.sources.labels import FRACTURE, fracture_classes, says_fracture

__all__ = ["Annotated", "Project", "counting"]

_CONTRADICTORY = "choices say fractured and not fractured; unknown"


@dataclass(frozen=True, slots=True)
class Annotated:
    """An image, and what counts of the tasks that are about it."""

    image: Path  # absolute
    result: Result | None  # None: nobody annotated it
    patient: str | None


def counting(image: Path, tasks: Sequence[Task], findings: Findings) -> Annotated:
    """Return what counts of an image's annotations: the ground truth, else the latest.

    Args:
        image: absolute path.
        tasks: those that name it, at least one.
        findings: takes what was passed over.
    """
    annotations = [annotation for task in tasks for annotation in task.annotations]
    if len(annotations) > 1:
        what = "annotated several times; the ground truth counts, else the latest"
        findings.add(what, image.name)
        if len({bool(annotation.result.regions) for annotation in annotations}) > 1:
            findings.add("one annotation has regions, another has none", image.name)
    if not annotations:
        cancelled = any(task.cancelled for task in tasks)
        what = "skipped by the annotator" if cancelled else "not annotated"
        findings.add(f"{what}; label and boxes are unknown", image.name)
    if any(task.predicted for task in tasks):
        findings.add("has predictions of a model; they are no truth and are not read", image.name)
    patients = [task.patient for task in tasks if task.patient is not None]
    return Annotated(
        image=image,
        result=_latest(annotations).result if annotations else None,
        patient=patients[0] if patients else None,
    )


def _latest(annotations: Sequence[Annotation]) -> Annotation:
    # of equals the last: exports list them in the order in which they were made
    return max(reversed(annotations), key=lambda annotation: annotation.rank)


class Project:
    """Makes samples, knowing what the annotators of all images were asked for."""

    def __init__(self, annotated: Sequence[Annotated], verdicts: Verdicts) -> None:
        """Learn the classes, and whether regions are drawn at all.

        Args:
            annotated: all images.
            verdicts: knows all their choices.
        """
        results = [entry.result for entry in annotated if entry.result is not None]
        regions = [region for result in results for region in result.regions]
        self.classes = tuple(sorted({label for region in regions for label in region.labels}))
        self.classes = self.classes or (FRACTURE,)
        self._fractures = fracture_classes(self.classes)
        self._verdicts = verdicts
        drawn = any(result.regions or result.unread for result in results)
        # who sees nothing there submits an annotation without regions
        self._draws = drawn or not any(result.choices for result in results)

    def sample(self, entry: Annotated, shown: Size | None, findings: Findings) -> Sample:
        """Return the sample of an image.

        Args:
            entry: the image and its annotation.
            shown: its size as a viewer shows it; None: not known, or it has no region.
            findings: takes what was changed or is not used.

        Raises:
            DataError: a region is malformed.
        """
        if entry.result is None:
            return Sample(entry.image, None, entry.patient, None, None)
        answer = self._verdicts.read(entry.result.choices)
        if answer.contradictory:
            findings.add(_CONTRADICTORY, entry.image.name)
        sample = self._boxed(entry, entry.result, answer, shown, findings)
        if answer.contradictory:
            sample = replace(sample, conflict=_CONTRADICTORY)
        if answer.fractured is not None:
            sample = replace(sample, fractured=answer.fractured)
        return replace(sample, boxes=None) if self._undrawn(entry.result, answer) else sample

    def _undrawn(self, result: Result, answer: Answer) -> bool:
        """Tell whether an image without regions is one on which nobody drew boxes."""
        if result.regions or answer.fractured is False:
            return False
        return answer.fractured is True or answer.asked or not self._draws

    def _boxed(
        self,
        entry: Annotated,
        result: Result,
        answer: Answer,
        shown: Size | None,
        findings: Findings,
    ) -> Sample:
        name = entry.image.name
        sizes = {region.size for region in result.regions if region.size is not None}
        size = next(iter(sizes), shown)
        boxes: list[LabelledBox] = []
        unplaced = list(_unplaced(result, sizes, size))
        if size is not None and len(sizes) < 2:
            for region in result.regions:
                box = region_box(region, size)
                if box is None:
                    findings.add("a painted region is empty; left out", name)
                else:
                    boxes += [LabelledBox(box, label) for label in region.labels]
        stated = next(iter(sizes), None)
        drawn = Drawn(
            entry.image, tuple(boxes), stated, None, entry.patient, dict(answer.attributes)
        )
        sample = drawn_sample(drawn, shown, self._fractures, findings)
        if not unplaced:
            return sample
        for what in unplaced:
            findings.add(f"{what}; only the verdict is used", name)
        labels = [label for region in result.regions for label in region.labels]
        fractured = any(label in self._fractures for label in labels) or any(
            says_fracture(label) for region in result.unread for label in region.labels
        )
        return replace(sample, boxes=None, fractured=True if fractured else None)


def _unplaced(result: Result, sizes: set[Size], size: Size | None) -> Iterator[str]:
    """Yield why not all that was drawn can be told as boxes."""
    for region in result.unread:
        yield f"has a region of type {region.kind!r:.40}, which is no box"
    if len(sizes) > 1:
        yield "its regions state different sizes of the image"
    if size is None and result.regions:
        yield "its size is not stated and cannot be read"
