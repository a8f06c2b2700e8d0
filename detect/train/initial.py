"""The weights that a training starts from, checked before hours go into anything else."""

from __future__ import annotations

from pathlib import Path

from detect.errors import InputError

__all__ = ["require_initial_weights"]

_SOURCE = "https://github.com/ultralytics/assets/releases"


def require_initial_weights(init: str) -> None:
    """Refuse what cannot be fine-tuned. Nothing is downloaded.

    Args:
        init: path of an ultralytics `.pt` (unpickled, so it runs code: trust its source).

    Raises:
        InputError: there is no such file, or it is not a detector's checkpoint.
    """
    path = Path(init)
    if not path.is_file():
        raise InputError(
            f"--init {init}: no such file; get yolo26n.pt or another YOLO detector from {_SOURCE}"
        )
    if path.suffix != ".pt":
        raise InputError(f"--init {init}: is no .pt file; give an ultralytics checkpoint")
    from ultralytics.nn.modules import Detect
    from ultralytics.nn.tasks import load_checkpoint

    try:
        network, _ = load_checkpoint(init)
        head = network.model[-1]
    except Exception as error:  # a pickle may raise anything
        raise InputError(
            f"--init {init}: is not an ultralytics checkpoint "
            f"({type(error).__name__}); get one from {_SOURCE}"
        ) from error
    if not isinstance(head, Detect) or network.task != "detect":
        raise InputError(f"--init {init}: is a network for {network.task}; give a YOLO detector")
