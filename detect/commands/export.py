"""`export`: make the graph of a bundle anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect import DEFAULT_BUNDLE
from detect.commands.options import Data, Overwrite, Quiet, Verbose, Weights, WorkersPerCore
from detect.console import set_up_logging, shows_progress, typed_command
from detect.cores import cores_allowed
from detect.extras import need_extra

__all__ = ["export"]


def export(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Bundle to make.")],
    weights: Weights = DEFAULT_BUNDLE,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="A graph in 8 bits, too, for `--runtime openvino-int8`."),
    ] = False,
    overwrite: Overwrite = False,
    workers: WorkersPerCore = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a bundle's graph anew from its model.pt, and settle and measure it, without training.

    For bundles that an older version made; --data is what they were trained with.
    """
    set_up_logging(quiet, verbose)
    need_extra(
        "train",
        *("torch", "torchvision", "ultralytics", "onnx", "onnxruntime", "onnxslim"),
        *("sklearn", "faster_coco_eval", "matplotlib"),
    )
    if int8:
        need_extra("int8", "nncf")
    from detect.train.rebuild import RebuildRequest, rebuild_bundle

    bundle = rebuild_bundle(
        RebuildRequest(
            weights=weights,
            data=tuple(data),
            out=out,
            workers=workers or cores_allowed(),
            int8=int8,
            overwrite=overwrite,
            show_progress=shows_progress(quiet),
            command=typed_command(without=("--overwrite",)),
        )
    )
    if not quiet:
        figures = ", ".join(
            f"{split}: {name} {value:.3f}"
            for split, found in bundle.manifest.metrics.items()
            for name, value in found.items()
            if name in ("auroc", "map50") and value is not None
        )
        print(f"{figures}. Bundle: {bundle.folder}")
