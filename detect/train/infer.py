"""Whole-image predictions of a torch network over a prepared split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from detect.model.network import FractureNetwork
from detect.model.postprocess import select_boxes
from detect.model.preprocess import letterbox
from detect.train.dataset import WholeDataset, collate
from detect.train.prepared import Prepared, load_image

__all__ = ["RawPredictions", "predict_split", "to_input"]


@dataclass(frozen=True, slots=True, eq=False)
class RawPredictions:
    """What the network says of each image of a split, in the split's order.

    Attributes:
        boxes: per image float32 (n, 4), xyxy in pixels of the prepared image.
        scores: per image float32 (n,), descending.
        image_logit: float32 (images,).
    """

    boxes: list[NDArray[np.float32]]
    scores: list[NDArray[np.float32]]
    image_logit: NDArray[np.float32]


@torch.inference_mode()
def predict_split(
    network: FractureNetwork,
    prepared: Prepared,
    split: str,
    device: torch.device,
    batch: int,
    head: str | None = None,
) -> RawPredictions:
    """Run `network` over whole images, letterboxed as `detect` does.

    Args:
        head: one of `network.heads`; None takes the first.
    """
    dataset = WholeDataset(prepared, split)
    network.eval()
    boxes, scores, logits = [], [], []
    for start in range(0, len(dataset), batch):
        items = [dataset[i] for i in range(start, min(start + batch, len(dataset)))]
        image = to_input(collate(items)["img"], device)
        with torch.autocast("cpu", torch.bfloat16, enabled=network.cpu_bfloat16):
            _, raw = network(image)
            decoded, scored = network.decode(raw, head or network.heads[0])
        logits.append(raw["image_logit"].float().cpu().numpy())
        for row, item in enumerate(items):
            sample = load_image(prepared.folder, dataset.entries[item["index"]])
            fitted = letterbox(sample.image, prepared.recipe.model.image_size)
            found = select_boxes(
                decoded[row].float().cpu().numpy(), scored[row].float().cpu().numpy()
            )
            boxes.append(fitted.to_image(found.boxes))
            scores.append(found.scores)
    return RawPredictions(boxes, scores, np.concatenate(logits))


def to_input(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Turn uint8 (B, 1, S, S) into the network's float (B, 3, S, S) in [0, 1]."""
    colour = images.to(device).float().div_(255).expand(-1, 3, -1, -1)
    return colour.contiguous(memory_format=torch.channels_last)
