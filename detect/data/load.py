"""A dataset on disk, in whichever known form: recognised, then read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from detect.data.forms import form_of
from detect.data.fractures import fractures_only
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.data.sources.labels import FRACTURE, says_fracture
from detect.data.sources.options import PLAIN, ImportOptions
from detect.errors import DataError

__all__ = ["ORIGIN", "load_dataset", "load_fractures", "merge_datasets"]

ORIGIN = "dataset"  # attribute of merged sets
_BY_NAME: Mapping[str, str | None] = {}


def load_dataset(path: Path, form: str = "auto", options: ImportOptions = PLAIN) -> Dataset:
    """Read the dataset at `path`; headers at most, no pixels.

    Args:
        path: a folder in one of the known forms, or the file in it that names the form.
        form: its name, as `data import --form` takes it; auto: told by what lies there.
        options: what the files do not say.

    Raises:
        DataError: there is no such folder, its form is unknown or ambiguous, an option has no
            meaning for it, or a file in it is missing or malformed.
    """
    try:
        place = path.resolve()
        exists = place.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: a symbolic link that leads to itself
        raise DataError(f"{path}: cannot be followed ({error}); check the path") from error
    if not exists:
        raise DataError(f"{path}: no such folder; check the path")
    try:
        chosen = form_of(place, form)
        options.refuse_others(chosen.takes, f"{path} ({chosen.name})")
        return chosen.load(place, options)
    except OSError as error:
        message = f"{error.filename or path}: cannot be opened ({error.strerror})"
        raise DataError(f"{message}; check the permissions") from error


def load_fractures(
    paths: Sequence[Path],
    classes: Mapping[str, str | None] = _BY_NAME,
    form: str = "auto",
    elsewhere: Collection[str] = (),
) -> Dataset:
    """Read the datasets at `paths` as one that boxes fractures and nothing else.

    So sets with other classes beside fractures merge, and whoever checks, trains or measures
    sees the same boxes and labels.

    Args:
        paths: as for `load_dataset`, at least one.
        classes: class → "fracture", or None for one that is none; each must be of one of the
            datasets, or `elsewhere`. Where none is of a dataset: told by the names.
        form: of all of them, as for `load_dataset`.
        elsewhere: classes of detectors, which `classes` may tell of, too.

    Raises:
        DataError: as `load_dataset` and `merge_datasets`; or `classes` does not fit the datasets.
    """
    datasets = [load_dataset(path, form) for path in paths]
    known = {name for dataset in datasets for name in dataset.classes}
    unknown = [name for name in classes if name not in known and name not in elsewhere]
    if unknown:
        message = f"{', '.join(map(str, paths))}: {', '.join(unknown)} of the recipe's classes"
        message += f" not among {', '.join(sorted(known))}"
        raise DataError(f"{message}; mend `classes:` in the configuration")
    classes = {name: use for name, use in classes.items() if name in known}
    if not classes:  # before the names are gone: what merges must not depend on who merges
        _united([_one_kind(dataset) for dataset in _with_boxes(datasets)])
    return merge_datasets([fractures_only(dataset, classes) for dataset in datasets])


def merge_datasets(datasets: Sequence[Dataset]) -> Dataset:
    """Return one dataset that holds the samples of all, in order.

    The classes are those of all sets that have boxes. Groups are prefixed by their
    dataset's name (and its place, where names repeat), so that patient 1 of one set is not
    taken for patient 1 of another. An attribute `dataset` keeps apart where images come from.
    Where class lists differ, the one class of a set that boxes one kind of thing is the fracture.

    Raises:
        DataError: nothing was given; or class lists differ, and one says nothing of a fracture,
            so that in the union its boxes would no longer count as fractures.
    """
    if not datasets:
        raise DataError("no dataset was given; name at least one with --data")
    if len(datasets) == 1:
        return datasets[0]
    if len({dataset.classes for dataset in _with_boxes(datasets)}) > 1:
        datasets = [_one_kind(dataset) for dataset in datasets]
    classes = _united(_with_boxes(datasets))
    names = [dataset.name for dataset in datasets]
    prefixes = [
        name if names.count(name) == 1 else f"{name}#{place}"
        for place, name in enumerate(names, start=1)
    ]
    samples = tuple(
        _prefixed(sample, prefix)
        for prefix, dataset in zip(prefixes, datasets, strict=True)
        for sample in dataset.samples
    )
    return Dataset(
        name="+".join(prefixes),
        root=datasets[0].root,
        classes=classes,
        samples=samples,
        licence=_joined(prefixes, [dataset.licence for dataset in datasets]),
        origin=_joined(prefixes, [dataset.origin for dataset in datasets]),
        notes=tuple(
            f"{prefix}: {note}"
            for prefix, dataset in zip(prefixes, datasets, strict=True)
            for note in dataset.notes
        ),
    )


def _prefixed(sample: Sample, prefix: str) -> Sample:
    group = None if sample.group is None else f"{prefix}/{sample.group}"
    inner = sample.attributes.get(ORIGIN)  # of a set that was merged before
    origin = prefix if inner is None else f"{prefix}/{inner}"
    return replace(sample, group=group, attributes={**sample.attributes, ORIGIN: origin})


def _with_boxes(datasets: Sequence[Dataset]) -> Sequence[Dataset]:
    """Return the sets whose classes mean something: those with boxes, or the first."""
    boxed = [dataset for dataset in datasets if any(sample.boxes for sample in dataset.samples)]
    return boxed or datasets[:1]


def _one_kind(dataset: Dataset) -> Dataset:
    """Return the dataset with its class called fracture, if it has only one."""
    (name, *others) = dataset.classes
    if others or says_fracture(name) or not any(sample.boxes for sample in dataset.samples):
        return dataset
    samples = tuple(
        sample
        if sample.boxes is None
        else replace(
            sample, boxes=tuple(LabelledBox(entry.box, FRACTURE) for entry in sample.boxes)
        )
        for sample in dataset.samples
    )
    notes = (*dataset.notes, f"its one class, {name}, is taken for the fracture")
    return replace(dataset, classes=(FRACTURE,), samples=samples, notes=notes)


def _united(datasets: Sequence[Dataset]) -> tuple[str, ...]:
    classes = tuple(dict.fromkeys(name for dataset in datasets for name in dataset.classes))
    for dataset in datasets:
        if dataset.classes != classes and not any(map(says_fracture, dataset.classes)):
            message = f"{dataset.root}: none of its classes {', '.join(dataset.classes)} says"
            message += f" fracture, while other sets have {', '.join(classes)}"
            raise DataError(f"{message}; map them with `classes:` in the configuration")
    return classes


def _joined(names: Sequence[str], values: Sequence[str | None]) -> str | None:
    stated = [f"{name}: {value}" for name, value in zip(names, values, strict=True) if value]
    return "; ".join(stated) or None
