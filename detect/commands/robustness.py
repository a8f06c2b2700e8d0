"""`robustness`: measure a bundle on images altered as other machines and archives alter them."""

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
    Overwrite,
    Quiet,
    Runtime,
    Verbose,
    Weights,
    Workers,
    one_of,
)
from detect.console import set_up_logging, shows_progress, typed_command
from detect.cores import cores_allowed
from detect.extras import need_extra

__all__ = ["robustness"]

LOGGER = logging.getLogger(__name__)


def robustness(
    data: Data,
    split: Annotated[
        str,
        typer.Option(
            "--split", help="train, val or test; keep test for what nothing is chosen by."
        ),
    ] = "val",
    weights: Weights = DEFAULT_BUNDLE,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            help="Only this one, such as inverted or 'JPEG 10'; may be given again.",
            show_default="all",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and plot.")] = Path(
        "results/robustness"
    ),
    grouped_by: Annotated[
        str | None,
        typer.Option(
            "--grouped-by",
            help="What the bootstrap draws: group, image, or an attribute such as patient.",
            show_default="group, where there are any",
        ),
    ] = None,
    runtime: Runtime = "auto",
    workers: Workers = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure a bundle under altered exposure, noise, blur, JPEG, turns, crops and inversion."""
    set_up_logging(quiet, verbose)
    need_extra("evaluate", "sklearn", "faster_coco_eval", "matplotlib", "jinja2")
    from detect.data.load import load_fractures
    from detect.data.sample import SPLITS
    from detect.evaluate.grouping import require_unit
    from detect.evaluate.robustness.conditions import CONDITIONS
    from detect.evaluate.robustness.run import (
        claim_robustness,
        measure_robustness,
        write_robustness,
    )
    from detect.evaluate.robustness.table import format_robustness
    from detect.evaluate.seen import SEEN_SPLITS
    from detect.evaluate.split_check import check_split
    from detect.model.bundle import load_bundle
    from detect.model.runtime import require_runtime
    from detect.model.runtimes import RUNTIMES, choose_runtime, default_workers

    one_of("--split", split, SPLITS)
    one_of("--runtime", runtime, RUNTIMES)
    chosen = choose_runtime(runtime)  # type: ignore[arg-type]
    names = tuple(each.name for each in CONDITIONS)
    for name in condition or ():
        one_of("--condition", name, names)
    claim_robustness(out, overwrite=overwrite)
    if split in SEEN_SPLITS:
        LOGGER.warning("--split %s: %s", split, SEEN_SPLITS[split])
    bundle = load_bundle(weights)
    require_runtime(chosen, bundle)
    dataset = load_fractures(data, {})
    require_unit(dataset.split(split), grouped_by)
    threads, bar = workers or cores_allowed(), shows_progress(quiet)
    found = measure_robustness(
        dataset,
        check_split(dataset, split, workers=threads, show_progress=bar),
        split,
        bundle,
        [each for each in CONDITIONS if not condition or each.name in condition],
        grouped_by=grouped_by,
        runtime=chosen,
        workers=workers or default_workers(chosen),
        show_progress=bar,
        command=typed_command(without=("--overwrite",)),
    )
    write_robustness(found, out)
    if not quiet:
        print(format_robustness(found))
        print(f"Figures and plot in {out}")
    raise typer.Exit(SOME_FAILED if any(one["n_failed"] for one in found["conditions"]) else DONE)
