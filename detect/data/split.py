"""New splits for a dataset: whole patients, alike in what they hold, the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from detect.data.check_report import LABELS, count
from detect.data.sample import SPLITS, Dataset, Sample
from detect.data.split_summary import LabelCount, SplitSummary
from detect.data.stratify import Label, share_out
from detect.data.units import common_names, units_of
from detect.errors import InputError

__all__ = ["split_dataset"]

Ratios = tuple[float, float, float]
_LARGE = 0.5  # of the smallest split: a unit beyond it makes the shares inexact


def split_dataset(
    dataset: Dataset,
    ratios: Ratios,
    seed: int,
    ties: Iterable[Collection[Path]] = (),
    stratify: Sequence[str] = ("region",),
) -> tuple[Dataset, SplitSummary]:
    """Assign every image to a split; earlier splits are replaced.

    Images of one group stay together, and so do tied ones, and whatever these have in common.
    An image without group and tie may go anywhere. Shared out evenly are all images, patients,
    label, boxes, and each attribute together with the label.

    The result depends on the seed, on names of images below the deepest folder that holds them
    all, and on what is known of them; not on their order, nor on where the folder is.

    Args:
        dataset: as `load_dataset` returns it.
        ratios: shares of train, val and test, ≥ 0, sum 1 (to a thousandth); where one is 0,
            that split stays empty.
        seed: another one gives other splits.
        ties: sets of images that belong together, such as copies of one picture.
        stratify: attributes; one that no image has is noted.

    Raises:
        InputError: the ratios are no shares.
    """
    shares = _checked(ratios)
    used = [index for index, share in enumerate(shares) if share > 0]
    names = common_names([sample.image for sample in dataset.samples])
    units = units_of(dataset.samples, ties)
    units.sort(key=lambda unit: _key(seed, sorted(names[index] for index in unit)))
    # units count as well, or one split would get the patients with many images
    labels = [
        {("units",): 1}
        | Counter(label for index in unit for label in _labels(dataset.samples[index], stratify))
        for unit in units
    ]
    needed = [("fractured", LABELS[True]), ("fractured", LABELS[False])]
    places = share_out(labels, [shares[index] for index in used], needed)
    splits = {
        index: SPLITS[used[place]]
        for unit, place in zip(units, places, strict=True)
        for index in unit
    }
    samples = tuple(
        replace(sample, split=splits[index]) for index, sample in enumerate(dataset.samples)
    )
    summary = SplitSummary(
        ratios=shares,
        seed=seed,
        stratified=tuple(stratify),
        units=len(units),
        kinds=tuple(_kinds(samples, stratify)),
        notes=(
            *_notes(dataset.samples, units, min(shares[index] for index in used), stratify),
            *_lacking(samples, shares),
        ),
    )
    return replace(dataset, samples=samples), summary


def _checked(ratios: Ratios) -> Ratios:
    shown = ",".join(f"{ratio:g}" for ratio in ratios)
    if not all(math.isfinite(ratio) and ratio >= 0 for ratio in ratios):
        raise InputError(f"--ratios {shown}: a share is negative or no number; correct it")
    total = sum(ratios)
    if not math.isclose(total, 1, abs_tol=1e-3):
        message = f"--ratios {shown}: sum to {total:g}, not 1"
        if total > 0:
            message += f"; did you mean {','.join(f'{ratio / total:.3g}' for ratio in ratios)}?"
        raise InputError(message)
    train, val, test = (ratio / total for ratio in ratios)
    return train, val, test


def _key(seed: int, names: Sequence[str]) -> str:
    """Return what units are ordered by: as good as drawn at random, and the same everywhere."""
    text = "\0".join([str(seed), *names])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _labels(sample: Sample, stratify: Sequence[str]) -> Iterator[Label]:
    label = LABELS[sample.fractured]
    yield ("images",)
    yield ("fractured", label)
    yield ("boxes", "unknown" if sample.boxes is None else "some" if sample.boxes else "none")
    for name in stratify:
        yield ("attribute", name, sample.attributes.get(name, ""), label)


def _kinds(samples: Sequence[Sample], stratify: Sequence[str]) -> Iterator[LabelCount]:
    def row(name: str, chosen: Iterable[Sample]) -> LabelCount:
        numbers = Counter(sample.split for sample in chosen)
        return LabelCount(name, tuple(numbers[split] for split in SPLITS))

    yield row("images", samples)
    groups = Counter(split for split, _ in {(s.split, s.group) for s in samples if s.group})
    yield LabelCount("groups", tuple(groups[split] for split in SPLITS))
    for label, name in LABELS.items():
        yield row(name, (sample for sample in samples if sample.fractured is label))
    yield row("with boxes", (sample for sample in samples if sample.boxes))
    for name in _present(samples, stratify):
        values: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            values[sample.attributes.get(name, "unknown")].append(sample)
        for value, inside in sorted(values.items()):
            yield row(f"{name} {value}", inside)
            yield row(f"{name} {value}, {LABELS[True]}", (s for s in inside if s.fractured))


def _present(samples: Sequence[Sample], names: Sequence[str]) -> list[str]:
    return [name for name in names if any(name in sample.attributes for sample in samples)]


def _notes(
    samples: Sequence[Sample],
    units: Sequence[Sequence[int]],
    smallest: float,
    stratify: Sequence[str],
) -> Iterator[str]:
    before = sum(sample.split is not None for sample in samples)
    if before:
        yield f"the split that {count(before, 'image')} had is replaced"
    for name in stratify:
        if name not in _present(samples, stratify):
            yield f"no image has the attribute {name}; not stratified by it"
    ungrouped = sum(sample.group is None for sample in samples)
    if ungrouped:
        yield f"{count(ungrouped, 'image')} without patient or group: neighbours may leak"
    joined = [
        groups
        for unit in units
        if len(groups := {samples[index].group for index in unit} - {None}) > 1
    ]
    if joined:
        number = sum(map(len, joined))
        yield f"{number} groups share pictures with others; they stay together as {len(joined)}"
    largest = max(units, key=len, default=())
    if len(largest) > max(1.0, _LARGE * smallest * len(samples)):
        name = samples[largest[0]].image.name
        message = f"{len(largest)} images ({name}, …) must stay together"
        yield f"{message}; so the shares can be met only roughly"


def _lacking(samples: Sequence[Sample], shares: Ratios) -> Iterator[str]:
    for split, share in zip(SPLITS, shares, strict=True):
        inside = {sample.fractured for sample in samples if sample.split == split}
        missing = [LABELS[label] for label in (True, False) if label not in inside]
        if share > 0 and missing:
            yield f"{split}: no image is {' or '.join(missing)}; too few groups have one"
