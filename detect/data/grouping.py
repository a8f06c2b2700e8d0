"""Groups, patients mostly, told from the names of the files."""

from __future__ import annotations

import re
from dataclasses import replace

from detect.data.sample import Dataset, Sample
from detect.data.sources.files import count_note
from detect.errors import InputError

__all__ = ["grouped_by"]


def grouped_by(dataset: Dataset, pattern: str) -> Dataset:
    r"""Return the dataset with groups read from the images' paths.

    Args:
        dataset: a group that it states already is replaced.
        pattern: regular expression (Python's `re`) with one group in parentheses, searched in
            the path relative to the dataset's root, with forward slashes; as in
            `(patient\d+)`. An image in which it is not found keeps the group it has.

    Raises:
        InputError: not a regular expression, without one group, or found in no image.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise InputError(f"--group-pattern {pattern}: {error}; correct it") from error
    if expression.groups != 1:
        message = f"--group-pattern {pattern}: has {expression.groups} groups"
        raise InputError(f"{message}; put the patient's part, and it alone, in parentheses")
    missed = []
    samples = []
    for sample in dataset.samples:
        match = expression.search(_path(sample, dataset))
        if match is None or not match[1]:
            missed.append(sample.image.name)
            samples.append(sample)
        else:
            samples.append(replace(sample, group=match[1]))
    if samples and len(missed) == len(samples):
        example = _path(dataset.samples[0], dataset)
        message = f"--group-pattern {pattern}: found in no path, as in {example}"
        raise InputError(f"{message}; correct it")
    notes = (
        f"groups are read from the paths by {pattern}",
        *count_note(missed, "no group in the path"),
    )
    return replace(dataset, samples=tuple(samples), notes=(*dataset.notes, *notes))


def _path(sample: Sample, dataset: Dataset) -> str:
    inside = sample.image.is_relative_to(dataset.root)
    return (sample.image.relative_to(dataset.root) if inside else sample.image).as_posix()
