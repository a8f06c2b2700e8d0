"""`train`: from annotated radiographs to a bundle of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import Data, Overwrite, Quiet, Verbose, WorkersPerCore
from detect.console import set_up_logging, shows_progress, typed_command
from detect.cores import cores_allowed
from detect.extras import need_extra

__all__ = ["train"]

DEFAULT_RECIPE = Path(__file__).resolve().parents[2] / "configs" / "train.yaml"


def train(
    data: Data,
    config: Annotated[
        Path | None, typer.Option("--config", help="Recipe.", show_default="configs/train.yaml")
    ] = None,
    init: Annotated[
        str, typer.Option("--init", help="YOLO .pt to start from; opening it runs its code.")
    ] = "yolo26n.pt",
    out: Annotated[Path, typer.Option("--out", help="Bundle to make.")] = Path("weights/mine"),
    runs: Annotated[Path, typer.Option("--runs", help="Folder for working files.")] = Path("runs"),
    device: Annotated[
        str, typer.Option("--device", help="auto, cpu, cuda, mps, or GPUs such as 0,1.")
    ] = "auto",
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Over the recipe's.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Over the recipe's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a broken-off run.")] = False,
    overwrite: Overwrite = False,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Train although patients are in two splits.")
    ] = False,
    workers: WorkersPerCore = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fine-tune a model on annotated radiographs, calibrate, evaluate and pack it."""
    set_up_logging(quiet, verbose)
    need_extra(
        "train",
        *("torch", "torchvision", "ultralytics", "onnx", "onnxruntime", "onnxslim"),
        *("sklearn", "faster_coco_eval", "matplotlib"),
    )
    from detect.config import TrainConfig, load_config
    from detect.evaluate.table import format_table
    from detect.train.run import train as run_training
    from detect.train.session import TrainRequest

    recipe = load_config(config or DEFAULT_RECIPE, TrainConfig)
    changes = {k: v for k, v in (("epochs", epochs), ("seed", seed)) if v is not None}
    metrics = run_training(
        TrainRequest(
            data=tuple(data),
            recipe=recipe.model_copy(update=changes),
            init=init,
            out=out,
            run=runs / out.name,
            device=device,
            workers=workers or cores_allowed(),
            resume=resume,
            overwrite=overwrite,
            allow_leakage=allow_leakage,
            show_progress=shows_progress(quiet),
            command=typed_command(without=("--resume", "--overwrite")),
        )
    )
    if not quiet:
        print(format_table(metrics))
        print(f"Bundle: {out}. Working files: {runs / out.name}")
