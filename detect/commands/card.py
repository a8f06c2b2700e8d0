"""`card`: write the model card of a bundle anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import Quiet, Verbose, Weights
from detect.console import set_up_logging

__all__ = ["card"]


def card(
    val: Annotated[
        Path, typer.Option("--val", help="metrics.json of `evaluate --split val`, or its folder.")
    ],
    test: Annotated[
        Path | None,
        typer.Option(
            "--test",
            help="metrics.json of `evaluate --split test`, or its folder.",
            show_default="none, where the data has no test split",
        ),
    ] = None,
    ablations: Annotated[
        Path | None,
        typer.Option(
            "--ablations",
            help="YAML table of choices measured against one another, for the card.",
            show_default="that of the bundle",
        ),
    ] = None,
    robustness: Annotated[
        Path | None,
        typer.Option(
            "--robustness",
            help="robustness.json of `robustness`, or its folder.",
            show_default="none, and no such section",
        ),
    ] = None,
    weights: Weights = DEFAULT_BUNDLE,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fill the CARD.md of a bundle from new evaluations of it, without training again."""
    set_up_logging(quiet, verbose)
    from detect.train.refresh import refresh_card

    bundle = refresh_card(weights, val, test, ablations, robustness)
    if not quiet:
        print(f"Card in {bundle.folder / 'CARD.md'}; the bundle's sha256 is now {bundle.sha256}")
