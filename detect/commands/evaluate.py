"""`evaluate`: measure a bundle on annotated radiographs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import (
    DONE,
    SOME_FAILED,
    Data,
    Overwrite,
    Quiet,
    Runtime,
    Verbose,
    Weights,
    Workers,
    one_of,
)
from detect.console import need_extra, set_up_logging, shows_progress, typed_command

__all__ = ["evaluate"]


def evaluate(
    data: Data,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    weights: Weights = DEFAULT_BUNDLE,
    out: Annotated[Path, typer.Option("--out", help="Folder for metrics and figures.")] = Path(
        "results/evaluation"
    ),
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Recipe whose `classes:` say which boxes are fractures.",
            show_default="told by their names",
        ),
    ] = None,
    overwrite: Overwrite = False,
    runtime: Runtime = "auto",
    workers: Workers = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure a bundle on annotated radiographs: AUROC, sensitivity, specificity, mAP, FROC."""
    set_up_logging(quiet, verbose)
    need_extra("evaluate", "sklearn", "faster_coco_eval", "matplotlib")
    from detect.config import TrainConfig, load_config
    from detect.data.load import load_fractures
    from detect.data.sample import SPLITS
    from detect.evaluate.report import claim_report, write_report
    from detect.evaluate.run import evaluate_dataset
    from detect.evaluate.table import format_table
    from detect.model.bundle import load_bundle

    one_of("--split", split, SPLITS)
    claim_report(out, overwrite=overwrite)
    classes = load_config(config, TrainConfig).classes if config else {}
    metrics, _ = evaluate_dataset(
        load_fractures(data, classes),
        split,
        load_bundle(weights),
        runtime=one_of("--runtime", runtime, ("auto", "openvino", "onnxruntime")),  # type: ignore[arg-type]
        workers=workers or os.cpu_count() or 1,
        show_progress=shows_progress(quiet),
        command=typed_command(without=("--overwrite",)),
    )
    write_report(metrics, out)
    if not quiet:
        print(format_table(metrics))
        print(f"Metrics and figures in {out}")
    raise typer.Exit(SOME_FAILED if metrics["data"]["n_failed"] else DONE)
