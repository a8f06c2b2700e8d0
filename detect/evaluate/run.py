"""Run a bundle over a split, through the same door as `detect`, and measure what comes out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from detect.data.sample import Sample
from detect.errors import DataError, ReadError
from detect.evaluate.blocks import Settings
from detect.evaluate.cases import Truth
from detect.evaluate.report import evaluate_records
from detect.model.bundle import Bundle
from detect.model.coherence import compose_reading
from detect.model.postprocess import MIN_SCORE
from detect.model.predictor import Predictor, build_predictor
from detect.model.runtime import RuntimeName
from detect.progress import Progress
from detect.read import read
from detect.record import Failure, Reading, Source

__all__ = ["evaluate_samples", "read_samples"]

LOGGER = logging.getLogger(__name__)


def read_samples(
    samples: Sequence[Sample],
    predictor: Predictor,
    bundle: Bundle,
    workers: int,
    show_progress: bool,
) -> list[Reading | Failure]:
    """Return one record per sample, in order, each with every box; `Source.path` is absolute."""
    point = bundle.manifest.default_operating_point

    def work(sample: Sample) -> Reading | Failure:
        name = str(sample.image)
        try:
            radiographs = list(read(sample.image, name))
            if len(radiographs) != 1:
                raise ReadError("unsupported", f"{name}: has {len(radiographs)} frames, not one")
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


def evaluate_samples(
    samples: Sequence[Sample],
    bundle: Bundle,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
) -> tuple[dict[str, Any], list[Reading | Failure]]:
    """Measure a bundle on annotated samples.

    Returns:
        the content of `metrics.json` (see `detect.evaluate.report`), and the records.

    Raises:
        DataError: there is nothing to measure on.
    """
    if not samples:
        raise DataError("the split has no image; choose another --split or assign splits")
    predictor = build_predictor(bundle, runtime, workers)
    records = read_samples(samples, predictor, bundle, workers, show_progress)
    truths = [
        Truth(
            str(sample.image),
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
    return evaluate_records(truths, records, settings, attributes), records
