"""`data split` from paths to a dataset with new splits: load → tie copies → split → write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detect.data import canonical
from detect.data.check_report import count
from detect.data.fractures import fractures_only
from detect.data.load import load_dataset, merge_datasets
from detect.data.sample import Dataset
from detect.data.sources.options import ImportOptions
from detect.data.split import split_dataset
from detect.data.split_summary import SplitSummary
from detect.data.ties import exact_copies, near_copies
from detect.errors import DataError, InputError
from detect.progress import Progress

__all__ = ["SplitRequest", "split_datasets"]

_NOTE = "split by "  # begins the note by which a later split knows this one's


@dataclass(frozen=True, slots=True)
class SplitRequest:
    """What to split, and how."""

    sources: tuple[Path, ...]
    ratios: tuple[float, float, float]  # train, val, test
    seed: int = 0
    out: Path | None = None  # None: rewrite the one source, which is in canonical form
    form: str = "auto"  # of the sources
    stratify: tuple[str, ...] | None = None  # None: by region, where there is one
    near_duplicates: bool = True  # keep them together, too; needs the extra `data`
    overwrite: bool = False
    command: str = "data split"  # as typed, for the dataset's notes
    show_progress: bool = False


def split_datasets(request: SplitRequest) -> tuple[Path, SplitSummary]:
    """Read the sources as one dataset, split it anew, and write it in canonical form.

    Exact copies stay together, and near duplicates if asked for. Images stay where they are.
    Label and boxes by which it is stratified are those of fractures, whatever else is boxed.

    Returns:
        The folder of the dataset, and what was done.

    Raises:
        DataError: a source is missing, malformed, of no known form, or holds no images.
        InputError: the result may not be written there, or an option has no meaning.
        OutputError: it cannot be written.
    """
    folder = _folder(request)
    options = ImportOptions(show_progress=request.show_progress)
    datasets = [load_dataset(source, request.form, options) for source in request.sources]
    dataset = merge_datasets(datasets)
    if request.out is None and not request.overwrite:
        _refuse_split(dataset, request.sources[0])
    if not dataset.samples:
        raise DataError(f"{request.sources[0]}: holds no images; there is nothing to split")
    _check_attributes(dataset, request.stratify)
    # label and boxes as whoever trains or measures sees them
    seen = merge_datasets([fractures_only(one, {}) for one in datasets])
    ties, found = _ties(seen, request)
    stratify = ("region",) if request.stratify is None else request.stratify
    split, summary = split_dataset(seen, request.ratios, request.seed, ties, stratify)
    samples = tuple(
        replace(sample, split=new.split)
        for sample, new in zip(dataset.samples, split.samples, strict=True)
    )
    summary = replace(summary, notes=(*summary.notes, *found))
    notes = [note for note in dataset.notes if not note.startswith(_NOTE)]
    result = replace(
        dataset,
        name=dataset.name if request.out is None else folder.name,
        samples=samples,
        notes=(*notes, _note(request, summary)),
    )
    canonical.write_dataset(result, folder)
    return folder, summary


def _folder(request: SplitRequest) -> Path:
    """Return where the result goes, if it may."""
    # links that lead to themselves are for the reader and the writer to tell
    first = Path(os.path.realpath(request.sources[0]))
    in_form = len(request.sources) == 1 and canonical.recognise(first)
    own = first if first.is_dir() else first.parent
    if request.out is None:
        if not in_form:
            several = len(request.sources) > 1
            why = "several datasets" if several else f"{request.sources[0]} in another form"
            message = f"--out: name a folder for the result, such as datasets/NAME; {why}"
            raise InputError(f"{message} cannot be rewritten")
        return own
    out = Path(os.path.realpath(request.out))
    for source in request.sources:
        place = Path(os.path.realpath(source))
        if not in_form and place.is_dir() and out.is_relative_to(place):
            message = f"--out {request.out}: lies in {source}, which would look like another form"
            raise InputError(f"{message} from then on; choose another")
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {request.out}: is a file; name a folder")
    if (out / canonical.DATASET_FILE).exists() and not request.overwrite:
        message = f"--out {request.out}: holds a dataset already; choose another, or --overwrite"
        raise InputError(message)
    return out


def _refuse_split(dataset: Dataset, source: Path) -> None:
    assigned = sum(sample.split is not None for sample in dataset.samples)
    if assigned:
        message = f"{source}: {assigned} of {len(dataset.samples)} images have a split already"
        raise InputError(f"{message}; --overwrite replaces it, --out FOLDER leaves it as it is")


def _check_attributes(dataset: Dataset, names: Sequence[str] | None) -> None:
    known = sorted({name for sample in dataset.samples for name in sample.attributes})
    for name in names or ():
        if name not in known:
            have = ", ".join(known) or "none"
            raise InputError(f"--stratify {name}: no image has it; attributes here are: {have}")


def _ties(
    dataset: Dataset, request: SplitRequest
) -> tuple[list[tuple[Path, ...]], tuple[str, ...]]:
    """Return the sets of copies, and what to say of them."""
    total, bar = len(dataset.samples), request.show_progress
    with Progress("compare files", total, bar=bar) as progress:
        exact = exact_copies(dataset.samples, on_image=progress.advance)
    if not request.near_duplicates:
        said = f"{count(len(exact), 'set')} of identical files kept together; near duplicates"
        return exact, (f"{said} were not looked for: pictures encoded anew may leak",)
    with Progress("compare pictures", total, bar=bar) as progress:
        near = near_copies(dataset.samples, on_image=progress.advance)
    said = f"{count(len(exact), 'set')} of identical files and {len(near)} of near duplicates"
    return [*exact, *near], (f"{said} kept together",)


def _note(request: SplitRequest, summary: SplitSummary) -> str:
    ratios = ", ".join(f"{ratio:.4g}" for ratio in summary.ratios)
    by = ", ".join(("label", "boxes", *summary.stratified))
    kind = "copies and near duplicates" if request.near_duplicates else "identical files"
    return (
        f"{_NOTE}`{request.command}`: train, val, test {ratios}; seed {summary.seed}; "
        f"{summary.units} units of patients, {kind}, stratified by {by}"
    )
