"""`benchmark`: measure the speed of `detect`, against others and against the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import (
    DONE,
    SOME_FAILED,
    Overwrite,
    Quiet,
    Runtime,
    Verbose,
    Weights,
    Workers,
    one_of,
)
from detect.console import set_up_logging, shows_progress, typed_command

__all__ = ["benchmark"]


def benchmark(
    data: Annotated[Path, typer.Option("--data", help="Folder of radiographs.")],
    peer: Annotated[
        list[str] | None,
        typer.Option(
            "--peer",
            help="Compare with `yolo predict` of the same weights, at its best settings: "
            "ultralytics (PyTorch) or ultralytics-openvino; may be given again.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and plots.")] = Path(
        "results/benchmark"
    ),
    weights: Weights = DEFAULT_BUNDLE,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often to run each.")] = 5,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Images drawn from the folder; 0: all.")
    ] = 200,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="Further output of `detect`, as there; may be given again."),
    ] = None,
    images: Annotated[
        bool, typer.Option(help="Measure with annotated images, too; else results alone.")
    ] = True,
    workers: Workers = None,
    runtime: Runtime = "auto",
    seed: Annotated[
        int, typer.Option("--seed", help="Draws the images, and the order in each round.")
    ] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure speed, stages, memory and start-up of detect, also against `yolo predict`."""
    set_up_logging(quiet, verbose)
    from detect.benchmark.plot import write_plots
    from detect.benchmark.record import claim_record, write_record
    from detect.benchmark.request import PEERS, BenchmarkRequest
    from detect.benchmark.run import run_benchmark
    from detect.benchmark.table import format_benchmark
    from detect.model.runtimes import RUNTIMES

    for name in peer or ():
        one_of("--peer", name, PEERS)
    one_of("--runtime", runtime, RUNTIMES)
    claim_record(out, overwrite=overwrite)
    record = run_benchmark(
        BenchmarkRequest(
            data=data,
            out=out,
            weights=weights,
            peers=tuple(name for name in PEERS if name in (peer or ())),
            rounds=rounds,
            limit=limit or None,
            images=images,
            formats=tuple(formats or ()),
            workers=workers,
            runtime=runtime,  # type: ignore[arg-type]
            seed=seed,
            show_progress=shows_progress(quiet),
            command=typed_command(without=("--overwrite",)),
        )
    )
    write_record(record, out)
    write_plots(record, out)
    if not quiet:
        print(format_benchmark(record))
        print(f"Figures and plot in {out}")
    raise typer.Exit(SOME_FAILED if record["data"]["unreadable"] else DONE)
