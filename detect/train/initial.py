"""The weights that a training starts from, checked before hours go into anything else."""

from __future__ import annotations

import logging
from pathlib import Path

from detect.errors import InputError

__all__ = ["require_initial_weights"]

LOGGER = logging.getLogger(__name__)

_SOURCE = "https://github.com/ultralytics/assets/releases"


def require_initial_weights(init: str, *, own: bool = False) -> None:
    """Refuse what cannot be fine-tuned.

    The bare name of a published detector, such as `yolo26n.pt`, that is not in the current
    folder is downloaded there, and said so; nothing else is ever fetched.

    Args:
        init: path of an ultralytics `.pt` (unpickled, so it runs code: trust its source), or
            the name of a published one.
        own: it must be a network of ours, a bundle's `model.pt`.

    Raises:
        InputError: there is no such file, or it is not a detector's checkpoint, or not ours.
    """
    path = Path(init)
    if not path.is_file():
        _download(init)
    if not path.is_file():
        raise InputError(
            f"--init {init}: no such file; get yolo26n.pt or another YOLO detector from {_SOURCE}"
        )
    if path.suffix != ".pt":
        raise InputError(f"--init {init}: is no .pt file; give an ultralytics checkpoint")
    LOGGER.warning(
        "--init %s: opening a .pt runs the code in it; use only files whose source you trust", init
    )
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
    if own and not hasattr(network, "verdict"):
        raise InputError(
            f"--init {init}: init_share of the recipe wants a bundle's model.pt, whose weights "
            "can be averaged with what they become; give one, or leave init_share out"
        )


def _download(name: str) -> None:
    """Fetch a published checkpoint by its bare name; leave anything else to the caller."""
    from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset

    if name not in GITHUB_ASSETS_NAMES:
        return
    LOGGER.warning("%s is not here; downloading it once from %s", name, _SOURCE)
    try:
        attempt_download_asset(name)
    except Exception as error:  # a network may fail in any way
        raise InputError(
            f"--init {name}: could not be downloaded ({type(error).__name__}); "
            f"get it from {_SOURCE} and give its path"
        ) from error
