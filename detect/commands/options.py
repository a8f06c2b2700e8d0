"""Exit codes, and the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.write.registry import FORMATS

__all__ = [
    "DONE",
    "FORMAT_HELP",
    "INTERRUPTED",
    "LEAKS_FOUND",
    "MISTAKE",
    "SOME_FAILED",
    "Data",
    "Embed",
    "Mirror",
    "Overwrite",
    "Quiet",
    "Runtime",
    "SecondaryCaptureOf",
    "Verbose",
    "Weights",
    "Workers",
    "WorkersPerCore",
    "one_of",
]

DONE, MISTAKE, SOME_FAILED, INTERRUPTED = 0, 1, 3, 130
LEAKS_FOUND = 3  # as SOME_FAILED: done, but there is something that must not be passed over

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print details.")]
Weights = Annotated[str, typer.Option("--weights", help="Bundle: a name under weights/ or a path.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Data = Annotated[
    list[Path], typer.Option("--data", help="Dataset folder; give it again to merge several.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Threads.", show_default="two per core, more for a card"),
]
WorkersPerCore = Annotated[
    int | None, typer.Option("--workers", min=1, help="Threads.", show_default="one per core")
]
Mirror = Annotated[
    bool,
    typer.Option(
        "--mirror", help="Read each image mirrored, too: a verdict of both, at twice the time."
    ),
]
Embed = Annotated[bool, typer.Option("--embed", help="html: pictures inside the one file.")]
SecondaryCaptureOf = Annotated[
    Path | None,
    typer.Option(
        "--as-secondary-capture-of",
        metavar="FILE",
        help="DICOM formats: the DICOM file whose patient and study raster images belong to.",
    ),
]
FORMAT_HELP = f"One of {', '.join(FORMATS)}; may be given again."
Runtime = Annotated[
    str,
    typer.Option(
        "--runtime",
        help="openvino or onnxruntime (processor); openvino-bf16 and openvino-int8 (the same, "
        "faster and less exact, where processor or bundle has it: verdicts near a threshold may "
        "differ); cuda or tensorrt (NVIDIA card, the latter in half precision, as inexact); auto: "
        "cuda if it works here, else openvino.",
    ),
]


def one_of(option: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the choices.

    Raises:
        typer.BadParameter: it is not; the line lists them.
    """
    if value not in choices:
        raise typer.BadParameter(f"{option} {value}: choose from {', '.join(choices)}")
    return value
