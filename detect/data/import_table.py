"""What an import found, in lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from detect.data.box_labels import labelled_by_boxes
from detect.data.check_report import LABELS, count
from detect.data.sample import SPLITS, Dataset, Sample

__all__ = ["import_lines"]


def import_lines(dataset: Dataset) -> Iterator[str]:
    """Yield a table of splits and labels, what groups and boxes there are, and every note.

    An image without a label of its own counts as what its boxes say, as training sees it.
    """
    dataset = labelled_by_boxes(dataset)
    header = ("split", "images", *LABELS.values(), "groups", "boxes")
    yield _line(header)
    for split in (*SPLITS, None):
        inside = [sample for sample in dataset.samples if sample.split == split]
        if inside:
            yield _line((split or "(none)", *_counts(inside)))
    yield _line(("all", *_counts(dataset.samples)))
    boxes = Counter(entry.label for s in dataset.samples for entry in s.boxes or ())
    if boxes:
        yield "classes: " + ", ".join(f"{name} {number}" for name, number in boxes.most_common())
    unannotated = [sample for sample in dataset.samples if sample.boxes is None]
    labelled = sum(sample.fractured is not None for sample in unannotated)
    if labelled:
        what = "with a label but no box annotation: they train the verdict alone"
        yield f"{count(labelled, 'image')} {what}"
    if len(unannotated) > labelled:
        yield f"{count(len(unannotated) - labelled, 'image')} with neither: they train nothing"
    ungrouped = sum(sample.group is None for sample in dataset.samples)
    if ungrouped:
        what = "of unknown patient or group: two of one person may be parted"
        yield f"{count(ungrouped, 'image')} {what}"
    yield from (f"note: {note}" for note in dataset.notes)


def _counts(samples: Sequence[Sample]) -> tuple[str, ...]:
    labels = Counter(sample.fractured for sample in samples)
    groups = {sample.group for sample in samples if sample.group is not None}
    boxes = sum(len(sample.boxes or ()) for sample in samples)
    return tuple(map(str, (len(samples), *(labels[label] for label in LABELS), len(groups), boxes)))


def _line(cells: Sequence[str]) -> str:
    return cells[0].ljust(8) + "".join(cell.rjust(16) for cell in cells[1:])
