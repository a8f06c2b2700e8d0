"""`detect`: read radiographs, and write what was found."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import (
    DONE,
    FORMAT_HELP,
    INTERRUPTED,
    SOME_FAILED,
    Embed,
    Mirror,
    Overwrite,
    Quiet,
    Runtime,
    SecondaryCaptureOf,
    Verbose,
    Weights,
    Workers,
    one_of,
)
from detect.console import (
    default_out,
    not_written_lines,
    reading_lines,
    set_up_logging,
    shows_progress,
    typed_command,
)

__all__ = ["detect"]


def detect(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or glob patterns.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for results.", show_default="results/NAME")
    ] = None,
    weights: Weights = DEFAULT_BUNDLE,
    operating_point: Annotated[
        str | None,
        typer.Option(
            "--operating-point",
            help="screening (misses least), balanced, or confirm (fewest false alarms).",
            show_default="the bundle's",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help=f"Further output. {FORMAT_HELP}"),
    ] = None,
    embed: Embed = False,
    secondary_capture_of: SecondaryCaptureOf = None,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", min=0, max=1, help="List every box down to this score."),
    ] = None,
    heatmap: Annotated[
        bool, typer.Option("--heatmap", help="Show beside the image where the verdict looked.")
    ] = False,
    mirror: Mirror = False,
    images: Annotated[bool, typer.Option(help="Write annotated images.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a broken-off run.")] = False,
    overwrite: Overwrite = False,
    workers: Workers = None,
    runtime: Runtime = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Give every radiograph a verdict and boxes, and write the results."""
    from detect.model.runtimes import RUNTIMES
    from detect.pipeline import DetectRequest, detect_folder
    from detect.write.context import FormatOptions

    set_up_logging(quiet, verbose)
    folder = out or default_out(paths[0])
    outcome = detect_folder(
        DetectRequest(
            paths=tuple(paths),
            out=folder,
            weights=weights,
            operating_point=operating_point,
            formats=tuple(formats or ()),
            options=FormatOptions(embed, secondary_capture_of),
            min_score=min_score,
            images=images,
            heatmap=heatmap,
            mirror=mirror,
            resume=resume,
            overwrite=overwrite,
            workers=workers,
            runtime=one_of("--runtime", runtime, RUNTIMES),  # type: ignore[arg-type]
            show_progress=shows_progress(quiet),
            command=typed_command(),
        )
    )
    if not quiet:
        for line in reading_lines(folder, outcome.failures):
            print(line)
        print(
            f"{outcome.read} read: {outcome.fractured} fractured, "
            f"{outcome.not_fractured} not fractured; {outcome.failures} failed; "
            f"{outcome.skipped} other files passed over. "
            f"{outcome.seconds:.1f} s. Results in {folder}"
        )
        print("Research use only – not for diagnosis.")
    for line in not_written_lines(outcome.not_written):
        print(line, file=sys.stderr)
    if outcome.interrupted:
        print("interrupted; go on with --resume", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(SOME_FAILED if outcome.failures or outcome.not_written else DONE)
