"""What a training goes on from: the training of the bundle whose `model.pt` it starts with."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from detect.model.bundle import MANIFEST, file_sha256

__all__ = ["continued_training"]

LOGGER = logging.getLogger(__name__)
_UNTOLD = "so the new bundle will not tell how its initial weights came about"
_KEPT = (
    *("command", "init", "recipe", "seconds", "device", "machine", "cores", "precision", "data"),
    "continues",
)


class _Earlier(BaseModel):
    """What is needed of a manifest, of whatever version."""

    name: str
    version: str
    training: dict[str, Any]
    files: dict[str, str]


def continued_training(init: Path) -> dict[str, Any] | None:
    """Return what `training.continues` of a new manifest says; None where `init` is of no bundle.

    It tells the commands as they were typed, and no other path.

    Args:
        init: the weights that a training starts with. They are a bundle's where a `manifest.yaml`
            beside them states their sha256.

    Returns:
        Plain types: name and version of the bundle, `sha256` of its manifest, `checkpoint_sha256`
        of `init`, and of its `training` command, init, recipe, seconds, device, machine, cores,
        precision, data, those `checks` that are leaks, and its own `continues`, as far as it has
        them.
    """
    path = init.parent / MANIFEST
    if not (path.is_file() and init.is_file()):
        return None
    try:
        content = path.read_bytes()
        earlier = _Earlier.model_validate(yaml.safe_load(content))
    except ValidationError:
        return None  # a manifest of something else
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        LOGGER.warning("%s: cannot be read (%s); %s", path, " ".join(str(error).split()), _UNTOLD)
        return None
    checkpoint = file_sha256(init)
    stated = earlier.files.get(init.name)
    if stated != checkpoint:
        if stated is not None:
            LOGGER.warning("%s: is of another %s; %s", path, init.name, _UNTOLD)
        return None
    training = {key: earlier.training[key] for key in _KEPT if key in earlier.training}
    leaks = [found for found in earlier.training.get("checks", ()) if found["leak"]]
    if leaks:
        training["checks"] = leaks
    return {
        "name": earlier.name,
        "version": earlier.version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "checkpoint_sha256": checkpoint,
        "training": training,
    }
