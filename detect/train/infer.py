"""Whole-image predictions of a torch network over a prepared split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from detect.model.bundle import InputForm
from detect.model.network import FractureNetwork
from detect.model.postprocess import Selected, select_boxes
from detect.model.preprocess import Letterbox, letterbox
from detect.train.form import input_form
from detect.train.prepared import Prepared, PreparedImage, load_image

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
        network: any; it is put into evaluation mode.
        prepared: what was prepared for it.
        split: whose images to read.
        device: where to run.
        batch: images at a time, at most; those of one shape go together.
        head: one of `network.heads`; None takes the first.
    """
    entries = prepared.splits[split]
    network.eval()
    found: dict[int, tuple[Selected, Letterbox, float]] = {}
    for group in _alike(
        prepared, entries, input_form(network, prepared.recipe.model.image_size), batch
    ):
        images = np.stack([fitted.image for _, fitted in group])[:, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=network.cpu_bfloat16):
            _, raw = network(to_input(torch.from_numpy(images), device))
            boxes, scores = network.decode(raw, head or network.heads[0])
        logits = raw["image_logit"].float().cpu()
        for row, (index, fitted) in enumerate(group):
            chosen = select_boxes(
                boxes[row].float().cpu().numpy(), scores[row].float().cpu().numpy()
            )
            found[index] = chosen, fitted, float(logits[row])
    in_order = [found[index] for index in range(len(entries))]
    return RawPredictions(
        [fitted.to_image(chosen.boxes) for chosen, fitted, _ in in_order],
        [chosen.scores for chosen, _, _ in in_order],
        np.array([logit for _, _, logit in in_order], np.float32),
    )


def _alike(
    prepared: Prepared, entries: Sequence[PreparedImage], form: InputForm, batch: int
) -> Iterator[list[tuple[int, Letterbox]]]:
    """Yield all entries with their places, letterboxed; those of a group are of one shape."""
    group: list[tuple[int, Letterbox]] = []
    for index in sorted(range(len(entries)), key=lambda i: entries[i].width / entries[i].height):
        fitted = letterbox(
            load_image(prepared.folder, entries[index]).image, form.size, form.pad_to
        )
        if group and (len(group) == batch or group[0][1].image.shape != fitted.image.shape):
            yield group
            group = []
        group.append((index, fitted))
    if group:
        yield group


def to_input(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Turn uint8 (B, 1, H, W) into the network's float (B, 3, H, W) in [0, 1]."""
    colour = images.to(device).float().div_(255).expand(-1, 3, -1, -1)
    return colour.contiguous(memory_format=torch.channels_last)
