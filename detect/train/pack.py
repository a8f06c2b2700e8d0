"""Stage 7: put a bundle together, and move it to its place in one step."""

from __future__ import annotations

import io
import logging
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from detect.errors import OutputError
from detect.model.bundle import ATTRIBUTES, GRAPH, INT8_FILES, MANIFEST, Manifest, file_sha256
from detect.write.atomic import replacing_bytes, replacing_text

if TYPE_CHECKING:  # importing it imports ultralytics, which must wait for its settings
    from detect.model.network import FractureNetwork

__all__ = ["CARD", "CHECKPOINT", "place_bundle", "save_checkpoint", "write_manifest"]

LOGGER = logging.getLogger(__name__)
CARD = "CARD.md"
CHECKPOINT = "model.pt"


def save_checkpoint(network: FractureNetwork, names: dict[int, str], path: Path) -> None:
    """Save the network in ultralytics' checkpoint form, half precision, for fine-tuning.

    Opening it unpickles, so it is opened by `train` alone. It says nothing of the machine that
    trained it: the paths that ultralytics hangs on a network are left out.
    """
    import copy

    import torch

    kept = copy.deepcopy(network).cpu().half().eval().to(memory_format=torch.contiguous_format)
    kept.criterion = None
    kept.names = names
    kept.args = {"task": "detect"}
    kept.pt_path = path.name
    for parameter in kept.parameters():
        parameter.requires_grad_(True)
    buffer = io.BytesIO()
    torch.save({"model": kept, "ema": None, "epoch": -1, "train_args": {"task": "detect"}}, buffer)
    with replacing_bytes(path) as stream:
        stream.write(buffer.getvalue())


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Check `manifest` and write it, with the hash of every other file of `folder`."""
    files = {
        name: file_sha256(folder / name)
        for name in (GRAPH, *INT8_FILES, ATTRIBUTES, CHECKPOINT, CARD)
        if (folder / name).exists()
    }
    checked = Manifest.model_validate(manifest | {"files": files})
    with replacing_text(folder / MANIFEST) as stream:
        yaml.safe_dump(checked.model_dump(mode="json"), stream, sort_keys=False, allow_unicode=True)


def place_bundle(
    folder: Path, out: Path, way_out: str = "free some space and run again with --resume"
) -> None:
    """Copy a finished bundle beside `out`, then swap it in, so that `out` is never half.

    What lies beside `out` is the user's: the copy and the replaced bundle bear hidden random
    names until they have moved or gone.

    Raises:
        OutputError: it cannot be written; what was at `out` is there still.
    """
    place = out.resolve()  # a link stays a link
    new, old = (place.with_name(f".{secrets.token_hex(8)}.part") for _ in range(2))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(folder, new)
            _swap(new, place, old)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)  # the first error is the one to tell
            raise
    except OSError as error:
        raise OutputError(
            f"{out}: the bundle cannot be written: {error.strerror or error}; {way_out}"
        ) from error
    if old.exists():
        try:
            shutil.rmtree(old)
        except OSError as error:
            LOGGER.warning("%s: the replaced bundle cannot be removed: %s", old, error.strerror)


def _swap(new: Path, place: Path, old: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise
