"""Run a bundle over a split, through the same door as `detect`, and measure what comes out."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from detect import __version__
from detect.data.check_report import CheckReport
from detect.data.label_rule import require_labels
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.errors import DataError, ReadError
from detect.evaluate.cases import Truth
from detect.evaluate.measured import measured_samples
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.model.bundle import Bundle
from detect.model.coherence import compose_reading
from detect.model.postprocess import MIN_SCORE
from detect.model.predictor import Predictor, build_predictor
from detect.model.runtime import RuntimeName
from detect.progress import Progress
from detect.read import read
from detect.record import Failure, Reading, Source

__all__ = ["evaluate_dataset", "evaluate_samples", "evaluate_split", "read_samples"]

LOGGER = logging.getLogger(__name__)
_NO_IMAGE = "the split has no image; choose another --split or assign splits"
_TOLD_LATER = ("unreadable", "multi_frame")  # as failures, when their turn comes


def read_samples(
    samples: Sequence[Sample],
    predictor: Predictor,
    bundle: Bundle,
    workers: int,
    show_progress: bool,
    folder: Path | None = None,
) -> list[Reading | Failure]:
    """Return one record per sample, in order, each with every box.

    `Source.path` is relative to `folder`, which holds all images; without one it is absolute.
    """
    point = bundle.manifest.default_operating_point

    def work(sample: Sample) -> Reading | Failure:
        name = _name(sample, folder)
        try:
            radiographs = list(islice(read(sample.image, name), 2))
            if len(radiographs) != 1:
                raise ReadError("unsupported", f"{name}: has several frames, not one")
            prediction = predictor(radiographs[0])
            return compose_reading(
                radiographs[0].source, prediction, bundle, point, min_score=MIN_SCORE
            )
        except ReadError as error:
            return Failure(Source(name, None), error.reason, str(error))
        except Exception as error:  # our own mistake: counted as such, as `detect` does
            LOGGER.debug("%s", name, exc_info=True)
            message = f"{name}: internal error, please report it: {type(error).__name__}: {error}"
            return Failure(Source(name, None), "internal", " ".join(message.split()))

    records = []
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="evaluate") as pool,
        Progress("evaluate", len(samples), bar=show_progress) as progress,
    ):
        try:
            for record in pool.map(work, samples):
                if isinstance(record, Failure):
                    LOGGER.warning("failed: %s", record.message)
                records.append(record)
                progress.advance()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return records


def evaluate_dataset(
    dataset: Dataset,
    split: str,
    bundle: Bundle,
    *,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    command: str | None = None,
) -> tuple[dict[str, Any], list[Reading | Failure]]:
    """Check a dataset, tell what is wrong with the split, and measure a bundle on it.

    The whole dataset is checked, since copies in other splits decide what is measured on.
    Arguments, result and errors are those of `evaluate_split`.
    """
    inside = {sample.image for sample in dataset.split(split)}
    if not inside:
        raise DataError(f"{dataset.root}: {_NO_IMAGE}")
    require_labels(dataset, (split,))
    with Progress("check", len(dataset.samples), bar=show_progress) as progress:
        report = quick_check(dataset, workers=workers, on_image=progress.advance)
    for problem in report.problems:
        if problem.kind not in _TOLD_LATER and not inside.isdisjoint(problem.images):
            LOGGER.warning("%s: %s", dataset.name, problem.line)
    return evaluate_split(
        dataset,
        report,
        split,
        bundle,
        runtime=runtime,
        workers=workers,
        show_progress=show_progress,
        command=command,
    )


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
    """Measure a bundle on one split of a dataset, the same way for training and for `evaluate`.

    What is measured on is `measured_samples(report, split)`; the rest of the split is counted
    in `data.left_out`.

    Args:
        dataset: as `load_fractures` returns it.
        report: of `quick_check` over the whole of `dataset`.
        split: one of SPLITS.
        bundle: the model.
        runtime: what computes it.
        workers: threads.
        show_progress: draw a bar on stderr.
        command: as typed, for `metrics.json`.

    Returns:
        the content of `metrics.json` (see `detect.evaluate.report`), and the records, whose
        paths are relative to the folder that holds all images of the split.

    Raises:
        DataError: there is nothing to measure on.
    """
    samples, left_out = measured_samples(dataset, report, split)
    folder = os.path.commonpath([dataset.root, *(sample.image.parent for sample in samples)])
    metrics, records = evaluate_samples(
        samples, bundle, runtime, workers, show_progress, folder=Path(folder)
    )
    about = {
        "name": dataset.name,
        "root": dataset.root.name,
        "split": split,
        "licence": dataset.licence,
        "left_out": left_out,
    }
    return {**metrics, "command": command, "data": {**about, **metrics["data"]}}, records


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
        bundle: the model.
        runtime: what computes it.
        workers: threads.
        show_progress: draw a bar on stderr.
        folder: as for `read_samples`.

    Returns:
        the content of `metrics.json` but for what `evaluate_split` adds, and the records.

    Raises:
        DataError: there is nothing to measure on.
    """
    if not samples:
        raise DataError(_NO_IMAGE)
    predictor = build_predictor(bundle, runtime, workers)
    records = read_samples(samples, predictor, bundle, workers, show_progress, folder)
    truths = [
        Truth(
            _name(sample, folder),
            sample.group,
            sample.fractured,
            None if sample.boxes is None else tuple(labelled.box for labelled in sample.boxes),
            sample.attributes,
        )
        for sample in samples
    ]
    settings = Settings(
        operating_points={
            name: point.threshold for name, point in bundle.manifest.operating_points.items()
        }
    )
    attributes = sorted({name for sample in samples for name in sample.attributes})
    metrics = evaluate_records(truths, records, settings, attributes)
    return {**metrics, "version": __version__, "model": asdict(bundle.info)}, records


def _name(sample: Sample, folder: Path | None) -> str:
    image = sample.image if folder is None else sample.image.relative_to(folder)
    return image.as_posix()
