"""`data stats`: what is in a dataset, as a table, as JSON and as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.data.merged import Datasets, FormName, merged
from detect.commands.options import SOME_FAILED, Overwrite, Quiet, Verbose
from detect.console import set_up_logging, shows_progress

__all__ = ["stats"]


def stats(
    data: Datasets,
    form: FormName = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for stats.json and pictures.", show_default="results/stats-NAME"
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Count images, boxes, groups and attributes by split and label, and draw them."""
    set_up_logging(quiet, verbose)
    from detect.data.naming import file_name_of
    from detect.data.output_folder import claim_output
    from detect.data.plots import draw_plots
    from detect.data.sources.images import displayed_sizes
    from detect.data.sources.options import ImportOptions
    from detect.data.stats import dataset_stats
    from detect.data.stats_report import STATS_NAME, write_stats
    from detect.data.stats_table import stats_lines

    bar = shows_progress(quiet)
    dataset = merged(data, form, show_progress=bar)
    folder = out or Path("results") / f"stats-{file_name_of(dataset.name, 'dataset')}"
    claim_output(folder, STATS_NAME, dataset, overwrite=overwrite)
    images = [sample.image for sample in dataset.samples]
    sizes = displayed_sizes(images, ImportOptions(show_progress=bar))
    counted = dataset_stats(dataset, sizes)
    write_stats(counted, draw_plots(dataset, sizes, counted), folder)
    if not quiet:
        for line in stats_lines(counted):
            print(line)
        print(f"Counts and pictures in {folder}")
    if None in sizes:
        raise typer.Exit(SOME_FAILED)
