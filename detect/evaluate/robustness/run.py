"""A bundle on one split, clean and under each condition.

`robustness.json`, which `robustness.schema.json` beside this file describes, holds what
`measure.measure_condition` returns for each condition, the clean images first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detect import __version__
from detect.data.check_report import CheckReport
from detect.data.sample import Dataset
from detect.errors import DataError
from detect.evaluate.estimate import CONFIDENCE_LEVEL
from detect.evaluate.figures import draw_figure
from detect.evaluate.grouping import grouped_samples
from detect.evaluate.measured import measured_samples
from detect.evaluate.provenance import environment
from detect.evaluate.robustness.conditions import CLEAN, Condition
from detect.evaluate.robustness.measure import FP_RATE, measure_condition
from detect.evaluate.robustness.plot import draw_robustness
from detect.evaluate.robustness.read import read_altered
from detect.evaluate.seen import SEEN_SPLITS
from detect.evaluate.settings import Settings
from detect.evaluate.truths import shared_folder, truths_of
from detect.model.bundle import Bundle
from detect.model.predictor import build_predictor
from detect.model.runtimes import RuntimeName, choose_runtime, precision_of
from detect.write.atomic import naming_output, replacing_bytes, replacing_text
from detect.write.earlier import refuse_earlier

__all__ = [
    "ROBUSTNESS_NAME",
    "SCHEMA_VERSION",
    "claim_robustness",
    "measure_robustness",
    "write_robustness",
]

ROBUSTNESS_NAME = "robustness.json"
SCHEMA_VERSION = "1.0"
_PLOT = "robustness"


def measure_robustness(
    dataset: Dataset,
    report: CheckReport,
    split: str,
    bundle: Bundle,
    conditions: Sequence[Condition],
    *,
    grouped_by: str | None = None,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    command: str | None = None,
) -> dict[str, Any]:
    """Return the content of `robustness.json`, as plain JSON types, without NaN.

    The images of one condition at a time are altered in memory and read, so that memory does not
    grow with the number of conditions.

    Args:
        dataset: as `load_fractures` returns it.
        report: of `quick_check` over the whole of it.
        split: one of SPLITS.
        bundle: the model, at its default operating point.
        conditions: what to measure beside the clean images.
        grouped_by: the unit of the bootstrap, as for `grouped_samples`.
        runtime, workers, show_progress: as for `bundle_system`.
        command: as typed.

    Raises:
        DataError: there is nothing to measure on.
        InputError: `grouped_by` is nothing that images have, or there is no card for the runtime.
    """
    samples, left_out = measured_samples(dataset, report, split)
    if not samples:
        raise DataError(f"{dataset.root}: no image of {split} can be measured on")
    samples, unit = grouped_samples(samples, grouped_by)
    truths = truths_of(samples, shared_folder(dataset, samples))
    points = {name: one.threshold for name, one in bundle.manifest.operating_points.items()}
    settings, point = Settings(operating_points=points), bundle.manifest.default_operating_point
    chosen = choose_runtime(runtime)
    predictor = build_predictor(bundle, chosen, workers)

    def read(condition: Condition) -> Any:
        return read_altered(
            samples,
            truths,
            condition,
            predictor,
            bundle,
            workers=workers,
            show_progress=show_progress,
        )

    clean = read(CLEAN)
    measured = [
        {
            "name": condition.name,
            "strength": condition.strength,
            **measure_condition(
                clean if condition is CLEAN else read(condition), clean, settings, point
            ),
        }
        for condition in (CLEAN, *conditions)
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "robustness",
        "version": __version__,
        "command": command,
        "environment": environment(),
        "model": asdict(bundle.info),
        "system": {"runtime": chosen, "precision": precision_of(chosen)},
        "settings": {
            "operating_point": point,
            "threshold": points[point],
            "specificity": settings.specificity,
            "ece_bins": settings.ece_bins,
            "false_positives_per_image": FP_RATE,
            "froc_iou": settings.froc_iou,
            "n_resamples": settings.n_resamples,
            "seed": settings.seed,
            "confidence_level": CONFIDENCE_LEVEL,
        },
        "data": {
            "name": dataset.name,
            "root": dataset.root.name,
            "split": split,
            "caution": SEEN_SPLITS.get(split),
            "licence": dataset.licence,
            "left_out": left_out,
            "n": len(samples),
            "grouped_by": unit,
        },
        "conditions": measured,
    }


def claim_robustness(out: Path, *, overwrite: bool) -> None:
    """Refuse to drop an earlier measurement without being told to.

    Raises:
        InputError: `out` holds one, or is no folder.
    """
    refuse_earlier(out, ROBUSTNESS_NAME, "such figures", overwrite=overwrite)


def write_robustness(found: dict[str, Any], out: Path) -> None:
    """Write `robustness.json` and the plot (PNG, SVG) into a folder, made if missing.

    An earlier plot is removed where there is nothing to draw.

    Raises:
        OutputError: a file cannot be written.
    """
    drawn = draw_figure(_PLOT, draw_robustness, found)
    with replacing_text(out / ROBUSTNESS_NAME) as file:
        json.dump(found, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    for name in (f"{_PLOT}.png", f"{_PLOT}.svg"):
        if name in drawn:
            with replacing_bytes(out / name) as picture:
                picture.write(drawn[name])
        else:
            with naming_output(out / name):
                (out / name).unlink(missing_ok=True)
