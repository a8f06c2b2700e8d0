"""Measure systems on a split, each on the same images, and compare the first with the others.

What several systems add to the `metrics.json` of one (see `detect.evaluate.report`); the first
one's figures stay at the top level:

    system                    what it is, see `detect.evaluate.systems`
    data.grouped_by           the unit of the bootstrap: group, image, or an attribute
    against                   one entry for each other system: model, system, settings, data and
                              subsets, as of the first
    comparisons               of the first with each other, see `detect.evaluate.compare`
    summary                   of seeds of one recipe, see `detect.evaluate.headline`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detect import __version__
from detect.data.check_report import CheckReport
from detect.data.sample import Dataset, Sample
from detect.data.shortcuts import FEW_VALUES, restates_label
from detect.errors import DataError
from detect.evaluate.cases import Case, pair_cases
from detect.evaluate.compare import compare_cases
from detect.evaluate.copies import Copies
from detect.evaluate.grouping import grouped_samples
from detect.evaluate.headline import summarise
from detect.evaluate.measured import measured_samples
from detect.evaluate.readings import Readings
from detect.evaluate.report import evaluate_records
from detect.evaluate.seen import SEEN_SPLITS
from detect.evaluate.settings import Settings
from detect.evaluate.split_check import NO_IMAGE
from detect.evaluate.systems import System, bundle_system
from detect.evaluate.truths import shared_folder, truths_of
from detect.model.bundle import Bundle
from detect.model.runtime import RuntimeName
from detect.record import Failure, Reading

__all__ = ["evaluate_samples", "evaluate_split", "evaluate_systems"]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """One system and what came out."""

    metrics: dict[str, Any]
    cases: tuple[Case, ...]
    settings: Settings
    readings: Readings


def evaluate_systems(
    dataset: Dataset,
    report: CheckReport,
    split: str,
    systems: Sequence[System],
    *,
    copies: Copies | None = None,
    grouped_by: str | None = None,
    prevalence: float | None = None,
    command: str | None = None,
) -> tuple[dict[str, Any], list[Readings]]:
    """Measure systems on one split of a dataset, and compare the first with each of the others.

    What is measured on is `measured_samples(dataset, report, split, copies)`, the same images for
    all systems; the rest of the split is counted in `data.left_out`.

    Args:
        dataset: as `load_fractures` returns it.
        report: of `quick_check` over the whole of `dataset`.
        split: one of SPLITS.
        systems: at least one.
        copies: of the split, which are left out; None: they stay.
        grouped_by: the unit of the bootstrap, as for `grouped_samples`.
        prevalence: of fractured images, for which PPV and NPV are given besides.
        command: as typed, for `metrics.json`.

    Returns:
        the content of `metrics.json`, and the records of each system, whose paths are relative to
        the folder that holds all images of the split.

    Raises:
        DataError: there is nothing to measure on.
        InputError: `grouped_by` is nothing that images have.
    """
    samples, left_out = measured_samples(dataset, report, split, copies)
    if not samples:
        raise DataError(NO_IMAGE)
    samples, unit = grouped_samples(samples, grouped_by)
    folder = shared_folder(dataset, samples)
    first, *others = (
        _measure(samples, system, folder, prevalence, dataset.samples) for system in systems
    )
    named = [system.name for system in systems]
    data = {
        "name": dataset.name,
        "root": dataset.root.name,
        "split": split,
        "caution": SEEN_SPLITS.get(split),
        "licence": dataset.licence,
        "left_out": left_out,
        "without_copies": None if copies is None else copies.to_json(dataset, samples),
        **first.metrics["data"],
        "grouped_by": unit,
    }
    kept = ("model", "system", "settings", "data", "subsets")
    metrics = {
        **first.metrics,
        "command": command,
        "data": data,
        "against": [{key: other.metrics[key] for key in kept} for other in others],
        "comparisons": [
            compare_cases(
                (named[0], first.cases, first.settings), (name, other.cases, other.settings)
            )
            for name, other in zip(named[1:], others, strict=True)
        ],
        "summary": summarise([one.metrics for one in (first, *others)]),
    }
    return metrics, [one.readings for one in (first, *others)]


def evaluate_split(
    dataset: Dataset,
    report: CheckReport,
    split: str,
    bundle: Bundle,
    *,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    command: str | None = None,
) -> tuple[dict[str, Any], list[Reading | Failure]]:
    """Measure one bundle on one split of a dataset, as `evaluate_systems` does.

    Args:
        dataset, report, split, command: as for `evaluate_systems`.
        bundle, runtime, workers, show_progress: as for `bundle_system`.

    Returns:
        the content of `metrics.json`, and the records.

    Raises:
        DataError: there is nothing to measure on.
    """
    system = bundle_system(bundle, runtime=runtime, workers=workers, show_progress=show_progress)
    metrics, (readings,) = evaluate_systems(dataset, report, split, [system], command=command)
    return metrics, readings.records


def evaluate_samples(
    samples: Sequence[Sample],
    bundle: Bundle,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    folder: Path | None = None,
) -> tuple[dict[str, Any], list[Reading | Failure]]:
    """Measure a bundle on annotated samples.

    Args:
        samples: boxes are of fractures only.
        bundle, runtime, workers, show_progress: as for `bundle_system`.
        folder: holds all images, and paths are relative to it; without one they are absolute.

    Returns:
        the content of `metrics.json` but for what `evaluate_systems` adds, and the records.

    Raises:
        DataError: there is nothing to measure on.
    """
    if not samples:
        raise DataError(NO_IMAGE)
    system = bundle_system(bundle, runtime=runtime, workers=workers, show_progress=show_progress)
    measured = _measure(samples, system, folder, None, samples)
    return measured.metrics, measured.readings.records


def _measure(
    samples: Sequence[Sample],
    system: System,
    folder: Path | None,
    prevalence: float | None,
    all_samples: Sequence[Sample],  # of all splits: what an attribute means is told by many
) -> _Measured:
    truths = truths_of(samples, folder)
    settings = Settings(operating_points=dict(system.operating_points), prevalence=prevalence)
    attributes = sorted({name for sample in samples for name in sample.attributes})
    readings = system.read(samples, folder)
    metrics = evaluate_records(
        truths,
        readings.records,
        settings,
        attributes,
        readings.uncalibrated,
        [name for name in attributes if _restates(name, all_samples)],
    )
    about = {"name": system.name, "recipe": system.recipe, "kind": system.kind}
    return _Measured(
        metrics={
            **metrics,
            "version": __version__,
            "model": asdict(system.model),
            "system": {**about, **system.about, **readings.about},
        },
        cases=pair_cases(truths, readings.records, readings.uncalibrated),
        settings=settings,
        readings=readings,
    )


def _restates(attribute: str, samples: Sequence[Sample]) -> bool:
    values = [sample.attributes.get(attribute) for sample in samples]
    few = len({*values} - {None}) <= FEW_VALUES  # one with more makes no subsets anyway
    return few and restates_label(values, [sample.fractured for sample in samples])
