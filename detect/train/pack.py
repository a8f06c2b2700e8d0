"""Stage 7: put a bundle together, and move it to its place in one step."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from detect.errors import OutputError
from detect.model.bundle import GRAPH, MANIFEST, Manifest, file_sha256
from detect.write.atomic import replacing_bytes, replacing_text

if TYPE_CHECKING:  # importing it imports ultralytics, which must wait for its settings
    from detect.model.network import FractureNetwork

__all__ = ["CARD", "CHECKPOINT", "place_bundle", "save_checkpoint", "write_manifest"]

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
        for name in (GRAPH, CHECKPOINT, CARD)
        if (folder / name).exists()
    }
    checked = Manifest.model_validate(manifest | {"files": files})
    with replacing_text(folder / MANIFEST) as stream:
        yaml.safe_dump(checked.model_dump(mode="json"), stream, sort_keys=False, allow_unicode=True)


def place_bundle(folder: Path, out: Path) -> None:
    """Copy a finished bundle beside `out`, then swap it in, so that `out` is never half."""
    beside, old = out.with_name(out.name + ".partial"), out.with_name(out.name + ".old")
    try:
        for leftover in (beside, old):
            shutil.rmtree(leftover, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, beside)
        if out.exists():
            out.rename(old)
        beside.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{out}: the bundle cannot be written: {error.strerror or error}; "
            "free some space and run again with --resume"
        ) from error
