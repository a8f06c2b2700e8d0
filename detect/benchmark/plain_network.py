"""A bundle's weights as the plain detector that they were before the verdict head joined them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detect.errors import BenchmarkError

__all__ = ["save_plain_network"]


def save_plain_network(checkpoint: Path, size: int, path: Path) -> None:
    """Write trunk and detection head of a bundle's `model.pt` as ultralytics' own checkpoint.

    What is written names no class of this package, so that ultralytics alone opens it, and
    spends nothing on the verdict head. ultralytics must be isolated already.

    Args:
        checkpoint: unpickled, so it runs code: of a bundle whose hashes were checked.
        size: side of the network's input in pixels, which is kept as its image size.
        path: to write.

    Raises:
        BenchmarkError: it holds no network of this package.
    """
    import torch
    from ultralytics.nn.tasks import DetectionModel, load_checkpoint

    from detect.model.network import FractureNetwork

    network: Any
    network, _ = load_checkpoint(str(checkpoint))
    if not isinstance(network, FractureNetwork):
        raise BenchmarkError(f"{checkpoint}: holds no network with a verdict head")
    # Not built anew from its description: widths of its head follow the classes that it was
    # pretrained with, of which the description knows nothing any more.
    plain: Any = network
    del plain.verdict
    for name in ("verdict_gain", "evidence_gain", "cpu_bfloat16", "criterion"):
        plain.__dict__.pop(name, None)
    plain.__class__ = DetectionModel
    settings = {"task": "detect", "imgsz": size}
    plain.args = settings
    plain.half()  # as ultralytics' trainer saves it; it is widened when it is opened
    torch.save({"model": plain, "ema": None, "epoch": -1, "train_args": settings}, path)
