"""Stage 6: a finished graph measured on val and test, as `evaluate` does."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from detect.data.check_report import CheckReport
from detect.data.sample import Dataset
from detect.evaluate.report import write_report
from detect.evaluate.run import evaluate_split
from detect.model.bundle import Bundle
from detect.record import Failure, Reading

__all__ = ["evaluate_bundle"]

LOGGER = logging.getLogger(__name__)


def evaluate_bundle(
    bundle: Bundle,
    dataset: Dataset,
    report: CheckReport,
    folder: Path,
    *,
    workers: int,
    show_progress: bool,
    command: str,
) -> tuple[dict[str, dict[str, Any]], dict[str, list[Reading | Failure]]]:
    """Measure a bundle on the splits that it was not trained on; return metrics and records.

    Args:
        bundle: what to measure; it need have no card yet.
        dataset: as `load_fractures` returns it.
        report: of `quick_check` over it.
        folder: gets the reports, one folder a split.
        workers: threads.
        show_progress: draw a bar on stderr.
        command: as typed, for the reports.

    Raises:
        OutputError: a report cannot be written.
    """
    metrics: dict[str, dict[str, Any]] = {}
    records: dict[str, list[Reading | Failure]] = {}
    for split in ("val", "test"):
        if not dataset.split(split):
            LOGGER.warning("%s: has no %s split, so nothing is measured on it", dataset.root, split)
            continue
        metrics[split], records[split] = evaluate_split(
            dataset,
            report,
            split,
            bundle,
            workers=workers,
            show_progress=show_progress,
            command=command,
        )
        write_report(metrics[split], folder / split)
    return metrics, records
