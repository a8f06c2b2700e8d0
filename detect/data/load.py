"""A dataset on disk, in whichever known form: recognised, then read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detect.data import canonical
from detect.data.fractures import fractures_only
from detect.data.sample import Dataset
from detect.data.sources import folders, fracatlas, yolo
from detect.errors import DataError

__all__ = ["load_dataset", "load_fractures", "merge_datasets"]

_BY_NAME: Mapping[str, str | None] = {}


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    sign: str  # what `recognise` looks for, for the message where nothing fits
    recognise: Callable[[Path], bool]
    load: Callable[[Path], Dataset]


# the first that recognises a folder reads it: the most specific signs come first
_FORMS = (
    _Form("canonical", "dataset.yaml", canonical.recognise, canonical.read_dataset),
    _Form(
        "FracAtlas",
        "dataset.csv with images/ and Annotations/",
        fracatlas.recognise,
        fracatlas.load,
    ),
    _Form("YOLO", "data.yaml with names and train", yolo.recognise, yolo.load),
    _Form(
        "yes/no folders",
        "fractured/ and not_fractured/, or train/, val/ and test/ of them",
        folders.recognise,
        folders.load,
    ),
)


def load_dataset(path: Path) -> Dataset:
    """Read the dataset at `path`; headers at most, no pixels.

    Args:
        path: a folder in one of the known forms, or the YAML file in it that names the form.

    Raises:
        DataError: there is no such folder, its form is unknown, or a file in it is missing or
            malformed.
    """
    try:
        place = path.resolve()
        exists = place.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: a symbolic link that leads to itself
        raise DataError(f"{path}: cannot be followed ({error}); check the path") from error
    if not exists:
        raise DataError(f"{path}: no such folder; check the path")
    if not place.is_dir() and place.suffix not in (".yaml", ".yml"):
        message = f"{path}: neither a folder nor a YAML file; give the folder of the dataset"
        raise DataError(message)
    try:
        for form in _FORMS:
            if form.recognise(place):
                return form.load(place)
    except OSError as error:
        message = f"{error.filename or path}: cannot be opened ({error.strerror})"
        raise DataError(f"{message}; check the permissions") from error
    signs = "; ".join(f"{form.name} ({form.sign})" for form in _FORMS)
    message = f"{path}: no dataset of a known form; looked for {signs}"
    raise DataError(f"{message}. Bring it into one of them, or give the folder that is")


def load_fractures(paths: Sequence[Path], classes: Mapping[str, str | None] = _BY_NAME) -> Dataset:
    """Read the datasets at `paths` as one that boxes fractures and nothing else.

    So sets with other classes beside fractures merge, and whoever checks, trains or measures
    sees the same boxes and labels.

    Args:
        paths: as for `load_dataset`, at least one.
        classes: class → "fracture", or None for one that is none; each must be of one of the
            datasets. Empty: told by the names.

    Raises:
        DataError: as `load_dataset`; or `classes` does not fit the datasets.
    """
    datasets = [load_dataset(path) for path in paths]
    known = {name for dataset in datasets for name in dataset.classes}
    unknown = [name for name in classes if name not in known]
    if unknown:
        message = f"{', '.join(map(str, paths))}: {', '.join(unknown)} of the recipe's classes"
        message += f" not among {', '.join(sorted(known))}"
        raise DataError(f"{message}; mend `classes:` in the configuration")
    return merge_datasets([fractures_only(dataset, classes) for dataset in datasets])


def merge_datasets(datasets: Sequence[Dataset]) -> Dataset:
    """Return one dataset that holds the samples of all, in order.

    A dataset without a single box has no say in the class list. Groups are prefixed by their
    dataset's name (and its place, where names repeat), so that patient 1 of one set is not
    taken for patient 1 of another.

    Raises:
        DataError: nothing was given, or two class lists differ.
    """
    if not datasets:
        raise DataError("no dataset was given; name at least one with --data")
    if len(datasets) == 1:
        return datasets[0]
    boxed = [dataset for dataset in datasets if any(sample.boxes for sample in dataset.samples)]
    first, *others = boxed or datasets
    for other in others:
        if other.classes != first.classes:
            message = f"{first.root} has the classes {', '.join(first.classes)}"
            message += f", {other.root} has {', '.join(other.classes)}"
            raise DataError(f"{message}; rename them in one of the two, so that they agree")
    names = [dataset.name for dataset in datasets]
    prefixes = [
        name if names.count(name) == 1 else f"{name}#{place}"
        for place, name in enumerate(names, start=1)
    ]
    samples = tuple(
        sample if sample.group is None else replace(sample, group=f"{prefix}/{sample.group}")
        for prefix, dataset in zip(prefixes, datasets, strict=True)
        for sample in dataset.samples
    )
    return Dataset(
        name="+".join(prefixes),
        root=datasets[0].root,
        classes=first.classes,
        samples=samples,
        licence=_joined(prefixes, [dataset.licence for dataset in datasets]),
        origin=_joined(prefixes, [dataset.origin for dataset in datasets]),
        notes=tuple(
            f"{prefix}: {note}"
            for prefix, dataset in zip(prefixes, datasets, strict=True)
            for note in dataset.notes
        ),
    )


def _joined(names: Sequence[str], values: Sequence[str | None]) -> str | None:
    stated = [f"{name}: {value}" for name, value in zip(names, values, strict=True) if value]
    return "; ".join(stated) or None
