"""Torch datasets over prepared images: random views for training, whole images for the rest."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDataset

from detect.model.preprocess import letterbox
from detect.train.augment import Annotated, random_view
from detect.train.prepared import Prepared, PreparedImage, load_image

__all__ = ["ViewDataset", "WholeDataset", "collate"]


class ViewDataset(TorchDataset[dict[str, Any]]):
    """Random views of the training split; fractured images come `fracture_repeat` times."""

    def __init__(self, prepared: Prepared) -> None:
        """List the views of one epoch."""
        self.prepared = prepared
        recipe = prepared.recipe
        self.entries: list[PreparedImage] = []
        for entry in prepared.splits["train"]:
            repeat = recipe.fracture_repeat if entry.fractured == 1 else 1
            self.entries += [entry] * repeat
        # ultralytics looks here for the greatest number of objects in an image
        self.labels = [{"cls": np.asarray(entry.classes)} for entry in self.entries]

    def __len__(self) -> int:
        """Return the number of views in an epoch."""
        return len(self.entries)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one view as tensors."""
        # The global generator is the one that ultralytics seeds, in this and in worker processes.
        rng = np.random.default_rng(random.getrandbits(64))
        recipe = self.prepared.recipe
        if rng.random() < recipe.augment.mosaic:
            chosen = [index, *rng.integers(len(self.entries), size=3).tolist()]
            return _to_tensors(_mosaic([self._view(i, rng, half=True) for i in chosen]))
        return _to_tensors(self._view(index, rng))

    def _view(self, index: int, rng: np.random.Generator, half: bool = False) -> Annotated:
        recipe = self.prepared.recipe
        sample = load_image(self.prepared.folder, self.entries[index])
        size = recipe.augment.view_size // 2 if half else recipe.augment.view_size
        return random_view(sample, recipe.model.image_size, recipe.augment, rng, size)


class WholeDataset(TorchDataset[dict[str, Any]]):
    """Whole images of a split, exactly as `detect` prepares them."""

    def __init__(self, prepared: Prepared, split: str) -> None:
        """List the images of `split`."""
        self.prepared = prepared
        self.entries = list(prepared.splits[split])
        self.labels = [{"cls": np.asarray(entry.classes)} for entry in self.entries]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.entries)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one letterboxed image as tensors, with its index."""
        sample = load_image(self.prepared.folder, self.entries[index])
        fitted = letterbox(sample.image, self.prepared.recipe.model.image_size)
        moved = Annotated(
            fitted.image,
            fitted.to_network(sample.boxes),
            sample.classes,
            sample.fractured,
            sample.boxed,
        )
        return _to_tensors(moved) | {"index": index}


def _mosaic(views: list[Annotated]) -> Annotated:
    """Tile four equal views; one fractured tile makes the whole fractured.

    One tile without drawn boxes keeps the whole out of the box loss, and one tile of unknown
    label leaves the whole unknown unless another tile is fractured.
    """
    half = views[0].image.shape[0]
    offsets = [(0, 0), (half, 0), (0, half), (half, half)]
    labels = [view.fractured for view in views]
    return Annotated(
        np.block([[views[0].image, views[1].image], [views[2].image, views[3].image]]),
        np.concatenate(
            [
                view.boxes + np.array([x, y, x, y], np.float32)
                for view, (x, y) in zip(views, offsets, strict=True)
            ]
        ),
        np.concatenate([view.classes for view in views]),
        1 if 1 in labels else min(labels),
        all(view.boxed for view in views),
    )


def _to_tensors(view: Annotated) -> dict[str, Any]:
    size = view.image.shape[0]
    centre = (view.boxes[:, :2] + view.boxes[:, 2:]) / 2
    extent = view.boxes[:, 2:] - view.boxes[:, :2]
    return {
        "img": torch.from_numpy(np.ascontiguousarray(view.image))[None],
        "cls": torch.from_numpy(view.classes).float()[:, None],
        "bboxes": torch.from_numpy(np.hstack([centre, extent]).astype(np.float32) / size),
        "fractured": torch.tensor(float(view.fractured)),
        "boxed": torch.tensor(view.boxed),
    }


def collate(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Batch views: `img` uint8 (B, 1, S, S); boxes concatenated, with `batch_idx` (n,)."""
    batch: dict[str, Any] = {
        "img": torch.stack([item["img"] for item in items]),
        "cls": torch.cat([item["cls"] for item in items]),
        "bboxes": torch.cat([item["bboxes"] for item in items]),
        "fractured": torch.stack([item["fractured"] for item in items]),
        "boxed": torch.stack([item["boxed"] for item in items]),
        "batch_idx": torch.cat(
            [torch.full((len(item["cls"]),), float(i)) for i, item in enumerate(items)]
        ),
    }
    if "index" in items[0]:
        batch["index"] = [item["index"] for item in items]
    return batch
