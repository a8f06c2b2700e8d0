"""`evaluate`: measure models on annotated radiographs, side by side."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import (
    DONE,
    SOME_FAILED,
    Data,
    Mirror,
    Overwrite,
    Quiet,
    Runtime,
    Verbose,
    Workers,
    one_of,
)
from detect.console import set_up_logging, shows_progress, typed_command
from detect.cores import cores_allowed
from detect.extras import need_extra

__all__ = ["evaluate"]

LOGGER = logging.getLogger(__name__)


def evaluate(
    data: Data,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            help="Bundle (a name under weights/ or a path), or an ultralytics .pt or .onnx. "
            "NAME=… names it.",
            show_default=DEFAULT_BUNDLE,
        ),
    ] = None,
    predictions: Annotated[
        str | None,
        typer.Option(
            "--predictions",
            help="Instead of --weights: a results.jsonl of `detect --min-score 0.001`.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            help="Compare with another bundle, ultralytics .pt or .onnx (its best box is its "
            "verdict, calibrated on val), or results.jsonl; may be given again. Those of one "
            "NAME=… are seeds, and are summed up.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for metrics and figures.")] = Path(
        "results/evaluation"
    ),
    grouped_by: Annotated[
        str | None,
        typer.Option(
            "--grouped-by",
            help="What the bootstrap draws: group, image, or an attribute such as patient.",
            show_default="group, where there are any",
        ),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            "--prevalence", help="Share of fractured images for which to give PPV and NPV, too."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Recipe whose `classes:` say which boxes are fractures, of the dataset and of "
            "ultralytics detectors.",
            show_default="told by their names",
        ),
    ] = None,
    checklist: Annotated[
        list[str] | None,
        typer.Option(
            "--checklist",
            help="Draft this reporting checklist from the evaluation, too: claim or stard-ai; "
            "may be given again.",
        ),
    ] = None,
    gallery: Annotated[
        int,
        typer.Option(
            "--gallery", min=0, help="Worst mistakes of each kind shown in report.html; 0: none."
        ),
    ] = 12,
    without_copies: Annotated[
        bool,
        typer.Option(
            "--without-copies",
            help="Leave out images of the split that have an exact or near copy in another split, "
            "as `data check` finds them; others of their group stay.",
        ),
    ] = False,
    mirror: Mirror = False,
    overwrite: Overwrite = False,
    runtime: Runtime = "auto",
    workers: Workers = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure models on annotated radiographs: AUROC, sensitivity, specificity, mAP, FROC."""
    set_up_logging(quiet, verbose)
    need_extra("evaluate", "sklearn", "faster_coco_eval", "matplotlib", "jinja2")
    if without_copies:
        need_extra("data", "imagehash")
    from detect.config import TrainConfig, load_config
    from detect.data.load import load_fractures
    from detect.data.sample import SPLITS
    from detect.evaluate.checklists.draft import CHECKLISTS, write_checklists
    from detect.evaluate.gallery import build_galleries
    from detect.evaluate.grouping import require_unit
    from detect.evaluate.measured import measured_samples
    from detect.evaluate.opening import Wanted, classes_of, make_ready, open_wanted, require_val
    from detect.evaluate.report import claim_report, write_report
    from detect.evaluate.run import evaluate_systems
    from detect.evaluate.seen import SEEN_SPLITS
    from detect.evaluate.split_check import check_split, check_split_for_copies
    from detect.evaluate.table import format_table
    from detect.evaluate.truths import shared_folder
    from detect.model.bundle import Bundle
    from detect.model.runtimes import RUNTIMES, choose_runtime, default_workers

    one_of("--split", split, SPLITS)
    one_of("--runtime", runtime, RUNTIMES)
    chosen = choose_runtime(runtime)  # type: ignore[arg-type]
    for name in checklist or ():
        one_of("--checklist", name, CHECKLISTS)
    if weights is not None and predictions is not None:
        raise typer.BadParameter("--predictions takes the place of --weights; give one of them")
    if prevalence is not None and not 0 < prevalence < 1:
        raise typer.BadParameter(f"--prevalence {prevalence:g}: must lie between 0 and 1")
    claim_report(out, overwrite=overwrite)
    if split in SEEN_SPLITS:
        LOGGER.warning("--split %s: %s", split, SEEN_SPLITS[split])
    classes = load_config(config, TrainConfig).classes if config else {}
    first = (
        Wanted("--weights", weights or DEFAULT_BUNDLE)
        if predictions is None
        else Wanted("--predictions", predictions)
    )
    others = (Wanted("--against", text) for text in against or ())
    opened = open_wanted([first, *others], classes, chosen)
    dataset = load_fractures(data, classes, elsewhere=classes_of(opened))
    require_val(dataset, opened, split)
    require_unit(dataset.split(split), grouped_by)
    threads, bar = workers or cores_allowed(), shows_progress(quiet)
    if without_copies:
        report, copies = check_split_for_copies(dataset, split, workers=threads, show_progress=bar)
    else:
        report = check_split(dataset, split, workers=threads, show_progress=bar)
        copies = None
    systems = [
        make_ready(
            one,
            dataset,
            report,
            runtime=chosen,
            workers=workers or default_workers(chosen),
            show_progress=bar,
            mirror=mirror,
        )
        for one in opened
    ]
    metrics, readings = evaluate_systems(
        dataset,
        report,
        split,
        systems,
        copies=copies,
        grouped_by=grouped_by,
        prevalence=prevalence,
        command=typed_command(without=("--overwrite",)),
    )
    samples, _ = measured_samples(dataset, report, split, copies)
    galleries = build_galleries(
        samples,
        readings[0].records,
        shared_folder(dataset, samples),
        most=gallery,
        workers=threads,
    )
    write_report(metrics, out, galleries)
    bundle = opened[0].content if isinstance(opened[0].content, Bundle) else None
    drafts = write_checklists(checklist or (), metrics, bundle, dataset.origin, out)
    if not quiet:
        print(format_table(metrics))
        print(f"Report, metrics and figures in {out}")
        for draft in drafts:
            print(f"Checklist, a draft to complete: {draft}")
    failed = any(one["data"]["n_failed"] for one in (metrics, *metrics["against"]))
    raise typer.Exit(SOME_FAILED if failed else DONE)
