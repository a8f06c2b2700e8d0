"""A label that a dataset does not state as such, taken from an attribute, if the user says so.

MURA-v1.1 says of a study that it is abnormal, which is not the same as fractured; others state
a diagnosis or a fracture type. What that means for a fracture is the user's to decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from detect.data.check_report import count
from detect.data.sample import Dataset, Sample
from detect.errors import DataError, InputError

__all__ = ["fractured_if", "require_labels"]

_ABNORMAL = "abnormal"  # as MURA says
_SHOWN = 8  # values of an attribute that a message lists


def fractured_if(dataset: Dataset, rule: str) -> Dataset:
    """Return the dataset with labels for images that have none but carry an attribute.

    Where the attribute has the value, the image is fractured, and unless boxes are drawn their
    place is unknown (`boxes is None`); where it has another, it is not, and unless boxes are
    drawn it has none (`boxes == ()`). A label that the dataset states stays, and so does an
    image without the attribute. A note says what was done.

    Args:
        dataset: as `load_dataset` returns it.
        rule: `attribute=value`, as in `abnormal=yes`; compared as written.

    Raises:
        InputError: malformed, or no image has such an attribute or value; those that there are
            are listed.
    """
    option = f"--fractured-if {rule}"
    name, sign, value = (part.strip() for part in rule.partition("="))
    if not (name and sign and value):
        raise InputError(f"{option}: write it as ATTRIBUTE=VALUE, as in abnormal=yes")
    values = _values(dataset.samples, name)
    if not values:
        known = sorted({name for sample in dataset.samples for name in sample.attributes})
        message = f"{option}: no image of {dataset.name} has an attribute {name}"
        raise InputError(f"{message}; there is {', '.join(known) or 'none at all'}")
    if value not in values:
        message = f"{option}: {name} is never {value} in {dataset.name}"
        raise InputError(f"{message}; it is {_listed(values)}")
    samples = tuple(_labelled(sample, name, value) for sample in dataset.samples)
    return replace(dataset, samples=samples, notes=(*dataset.notes, _note(dataset, name, value)))


def require_labels(dataset: Dataset, splits: Iterable[str]) -> None:
    """Refuse a dataset of which a whole split is unlabelled, and say what the way out is.

    Args:
        dataset: as `load_dataset` or `load_fractures` returns it.
        splits: those that need labels; one without any image is passed over.

    Raises:
        DataError: a split has images, but no label and no annotation of any of them.
    """
    for split in splits:
        inside = dataset.split(split)
        if inside and all(s.fractured is None and s.boxes is None for s in inside):
            message = f"{dataset.root}: none of the {count(len(inside), 'image')} of {split}"
            raise DataError(f"{message} is labelled fractured or not; {_way_out(dataset, inside)}")


def _labelled(sample: Sample, name: str, value: str) -> Sample:
    if sample.fractured is not None or name not in sample.attributes:
        return sample
    fractured = sample.attributes[name] == value
    boxes = () if sample.boxes is None and not fractured else sample.boxes
    return replace(sample, fractured=fractured, boxes=boxes)


def _note(dataset: Dataset, name: str, value: str) -> str:
    unlabelled = [sample for sample in dataset.samples if sample.fractured is None]
    told = [sample for sample in unlabelled if name in sample.attributes]
    yes = sum(sample.attributes[name] == value for sample in told)
    line = f"{count(len(told), 'image')} without a label: fractured if {name}={value}, as asked"
    line += f" ({yes} fractured, {len(told) - yes} not)"
    others = [other for other in _values(told, name) if other != value]
    if len(others) > 1:  # a second word for yes, or for unknown, may be among them
        line += f"; not fractured with {name} {_listed(others)}"
    left = len(unlabelled) - len(told)
    return line + (f"; left unlabelled: {count(left, 'image')} without {name}" if left else "")


def _values(samples: Sequence[Sample], name: str) -> list[str]:
    """Return the values of an attribute, the most frequent first."""
    found = Counter(s.attributes[name] for s in samples if name in s.attributes)
    return sorted(found, key=lambda value: (-found[value], value))


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values[:_SHOWN]) + (", …" if len(values) > _SHOWN else "")


def _way_out(dataset: Dataset, samples: Sequence[Sample]) -> str:
    names = sorted({name for sample in samples for name in sample.attributes})
    if not names:
        return "add labels to its table, or leave it out"
    rule = "abnormal=yes" if _ABNORMAL in names else "ATTRIBUTE=VALUE"
    command = f"data import {dataset.root} --fractured-if {rule} --out FOLDER"
    return f"if one of its attributes ({', '.join(names)}) tells, name it: {command}"
