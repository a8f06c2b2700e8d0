"""Stage 2: fine-tune detector and verdict head together."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from detect.config import TrainConfig
from detect.cores import threads_to_compute
from detect.errors import OutputError, TrainingError
from detect.progress import Progress
from detect.train.curve import drop_epochs_after
from detect.train.environment import loader_workers, precision_of
from detect.train.prepared import Prepared

__all__ = ["fine_tune", "load_network"]

LOGGER = logging.getLogger(__name__)


class _Reports:
    """How far fine-tuning has come, in steps, and a line per epoch with what it gave."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.steps: Progress | None = None  # made late: several GPUs pickle this before training

    def start(self, trainer: Any) -> None:
        import torch
        from ultralytics.utils import RANK

        if trainer.device.type == "cpu":
            # ultralytics leaves a core to loader processes, which the CPU path does not have, and
            # overrides what the user asked for
            torch.set_num_threads(threads_to_compute())
        batches = len(trainer.train_loader)
        if RANK <= 0:  # of several GPUs the first one reports
            self.steps = Progress(
                "fine-tune",
                trainer.epochs * batches,
                bar=self.show,
                done=trainer.start_epoch * batches,
                every=60,
                unit="step",
            )

    def batch(self, trainer: Any) -> None:
        if self.steps is None:
            return
        note = ""
        if self.show and trainer.tloss is not None:
            note = f"loss={sum(float(v) for v in trainer.tloss.values()):.3f}"
        self.steps.advance(note)

    def epoch(self, trainer: Any) -> None:
        if trainer.metrics is None:  # a GPU that does not measure
            return
        losses = " ".join(f"{k} {float(v):.3f}" for k, v in trainer.tloss.items())
        figures = " ".join(
            f"{k.removeprefix('metrics/')} {v:.3f}"
            for k, v in trainer.metrics.items()
            if k.startswith("metrics/") and v == v
        )
        LOGGER.info("epoch %d/%d: %s %s", trainer.epoch + 1, trainer.epochs, losses, figures)

    def end(self, trainer: Any) -> None:
        del trainer
        if self.steps is not None:
            self.steps.close()


def fine_tune(
    prepared: Prepared, init: str, run: Path, device: str, resume: bool, show_progress: bool
) -> Path:
    """Train on the prepared run and return the checkpoint of its averaged weights.

    Args:
        init: ultralytics `.pt` to start from (unpickled, so it runs code: trust its source).
        device: as ultralytics spells it; several numbers train on several GPUs (its own DDP).
        resume: go on from the last finished epoch, where there is one.

    Raises:
        TrainingError: training broke down, or the checkpoint to go on from is damaged.
        OutputError: the disk is full.
    """
    from detect.train.trainer import FractureTrainer

    last = run / "fine-tune" / "weights" / "last.pt"
    last.with_name("last.partial.pt").unlink(missing_ok=True)
    if resume and last.exists():
        done = _finished_epochs(last)
        if done >= prepared.recipe.epochs:
            return last
        # The row of an epoch is written before its checkpoint, and a kill may fall between.
        drop_epochs_after(last.parent.parent / "results.csv", done)
        overrides: dict[str, Any] = {
            "resume": str(last),
            "data": _data(prepared),
            "device": device,
            "workers": loader_workers(device, prepared.recipe),
            "save_dir": str(last.parent.parent.resolve()),  # the run may have been moved
        }
    else:
        overrides = _arguments(prepared, init, run, device)
    reports = _Reports(show_progress)
    try:
        trainer = FractureTrainer(overrides=overrides)
        trainer.add_callback("on_train_start", reports.start)
        trainer.add_callback("on_train_batch_end", reports.batch)
        trainer.add_callback("on_fit_epoch_end", reports.epoch)
        trainer.add_callback("on_train_end", reports.end)
        trainer.train()
    except OSError as error:
        raise OutputError(
            f"{run}: cannot be written: {error.strerror or error}; "
            "free some space and run again with --resume"
        ) from error
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        first = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise TrainingError(f"fine-tuning from {init} in {run} stopped: {first}") from error
    return last


def _finished_epochs(last: Path) -> int:
    import torch

    try:
        return int(torch.load(last, map_location="cpu", weights_only=False)["epoch"]) + 1
    except Exception as error:  # a broken pickle may raise anything
        raise TrainingError(
            f"{last}: is damaged; delete it, and --resume fine-tunes from the start"
        ) from error


def _data(prepared: Prepared) -> str:
    return str((prepared.folder / "prepared.json").resolve())


def _arguments(prepared: Prepared, init: str, run: Path, device: str) -> dict[str, Any]:
    recipe = prepared.recipe
    return {
        "model": init,
        "data": _data(prepared),
        "task": "detect",
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "nbs": recipe.batch,
        "imgsz": recipe.model.image_size,
        "device": device,
        "workers": loader_workers(device, recipe),
        "project": str(run.resolve()),
        "name": "fine-tune",
        "exist_ok": True,
        "seed": recipe.seed,
        "deterministic": True,
        "optimizer": recipe.optimiser.name,
        "lr0": recipe.optimiser.learning_rate,
        "lrf": recipe.optimiser.final_fraction,
        "cos_lr": True,
        "weight_decay": recipe.optimiser.weight_decay,
        "warmup_epochs": recipe.optimiser.warmup_epochs,
        "warmup_bias_lr": 0.0,
        "box": recipe.losses.box,
        "cls": recipe.losses.cls,
        "dfl": recipe.losses.dfl,
        "patience": 0,
        "close_mosaic": 0,
        "plots": False,
        "amp": _amp(device, recipe),
    }


def _amp(device: str, recipe: TrainConfig) -> str | bool:
    """Mixed precision on CUDA without ultralytics' own check, which downloads a model.

    On the CPU the network does it by itself (`FractureNetwork.cpu_bfloat16`).
    """
    if device == "cpu" or precision_of(device, recipe) == "float32":
        return False
    return "bf16"


def load_network(checkpoint: Path) -> Any:
    """Load the averaged weights of a checkpoint as a float32 `FractureNetwork` on the CPU.

    Raises:
        TrainingError: the file is damaged.
    """
    from ultralytics.nn.tasks import load_checkpoint

    try:
        network, _ = load_checkpoint(str(checkpoint))
    except Exception as error:  # a broken pickle may raise anything
        raise TrainingError(
            f"{checkpoint}: is damaged; delete it, and --resume redoes the stage"
        ) from error
    return network
