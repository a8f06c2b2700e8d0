"""Stage 1: decode every image once, check the labels, and lay both down for the run."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from itertools import islice
from pathlib import Path

import cv2

from detect.config import CLASS_NAME, TrainConfig
from detect.data.sample import SPLITS, Dataset, Sample
from detect.errors import OutputError, ReadError, TrainingError
from detect.in_order import in_order
from detect.progress import followed
from detect.read import read
from detect.train.prepared import Prepared, PreparedImage

__all__ = ["prepare"]

LOGGER = logging.getLogger(__name__)
_SPARE = 1.3  # training views zoom in; keep this much more than the whole-image scale needs


def prepare(
    dataset: Dataset, folder: Path, recipe: TrainConfig, workers: int, show_progress: bool
) -> Prepared:
    """Decode all samples that have a split into `folder` and write `prepared.json`.

    Files that cannot be read are left out, logged one by one and counted by label.

    Args:
        dataset: as `load_fractures` returns it: every box is a fracture.
        folder: of the prepared data.
        recipe: gives the scale of the training images.
        workers: threads.
        show_progress: draw a bar on stderr.

    Raises:
        TrainingError: nothing is left to train on.
        OutputError: the disk is full or not writable.
    """
    images = folder / "images"
    try:
        images.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{images}: cannot be made: {error.strerror}") from error
    samples = [sample for sample in dataset.samples if sample.split in SPLITS]
    splits: dict[str, list[PreparedImage]] = {name: [] for name in SPLITS}
    unreadable: Counter[str] = Counter()

    def work(sample: Sample) -> PreparedImage | ReadError:
        try:
            return _prepare_one(sample, folder, recipe)
        except ReadError as error:
            return error

    done = followed("prepare", in_order(work, samples, workers), len(samples), bar=show_progress)
    for sample, result in zip(samples, done, strict=True):
        if isinstance(result, ReadError):
            label = {True: "fractured", False: "not fractured", None: "unlabelled"}
            unreadable[label[sample.fractured]] += 1
            LOGGER.warning("left out: %s", result)
        else:
            assert sample.split is not None
            splits[sample.split].append(result)
    if unreadable:
        LOGGER.warning(
            "%d unreadable images left out: %s",
            sum(unreadable.values()),
            ", ".join(f"{count} {label}" for label, count in sorted(unreadable.items())),
        )
    prepared = Prepared(
        folder,
        (CLASS_NAME,),
        recipe,
        {k: tuple(v) for k, v in splits.items()},
    )
    _require_enough(prepared, dataset)
    prepared.save()
    return prepared


def _prepare_one(sample: Sample, folder: Path, recipe: TrainConfig) -> PreparedImage:
    radiographs = list(islice(read(sample.image, sample.image.name), 2))
    if len(radiographs) != 1:
        raise ReadError("unsupported", f"{sample.image}: has several frames, not one")
    radiograph = radiographs[0]
    pixels = radiograph.pixels
    height, width = pixels.shape
    scale = 1.0
    limit = int(_SPARE * recipe.model.image_size)
    if sample.split == "train" and max(height, width) > limit:
        scale = limit / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
    boxes = []
    for labelled in sample.boxes or ():
        box = labelled.box
        x1, x2 = (min(max(x, 0.0), width) * scale for x in (box.x1, box.x2))
        y1, y2 = (min(max(y, 0.0), height) * scale for y in (box.y1, box.y2))
        if x2 - x1 < 1e-3 or y2 - y1 < 1e-3:
            LOGGER.warning("left out: a box of %s lies outside the image or is empty", sample.image)
            continue
        boxes.append((x1, y1, x2, y2))
    key = hashlib.sha256(str(sample.image).encode()).hexdigest()[:20]
    _write_png(folder / "images" / f"{key}.png", pixels)
    return PreparedImage(
        image=f"images/{key}.png",
        origin=str(sample.image),
        width=width,
        height=height,
        scale=scale,
        boxes=tuple(boxes),
        classes=(0,) * len(boxes),
        fractured=-1 if sample.fractured is None else int(sample.fractured),
        # Not fractured: having no box is the annotation, whether or not somebody drew boxes.
        # Fractured, and yet no fracture drawn: where it is nobody has said.
        boxed=bool(boxes)
        or sample.fractured is False
        or (sample.fractured is None and sample.boxes is not None),
        group=sample.group,
        attributes=dict(sample.attributes),
    )


def _write_png(path: Path, pixels: cv2.typing.MatLike) -> None:
    _, packed = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    try:
        path.write_bytes(packed.tobytes())
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; free some space or choose another --runs"
        ) from error


def _require_enough(prepared: Prepared, dataset: Dataset) -> None:
    """Refuse early what could only fail late."""
    for name in ("train", "val"):
        images = prepared.splits[name]
        if not images:
            raise TrainingError(
                f"{dataset.root}: the {name} split has no readable image; "
                "assign splits in the dataset's table"
            )
        labels = {image.fractured for image in images}
        if not {0, 1} <= labels:
            raise TrainingError(
                f"{dataset.root}: the {name} split needs images of both kinds, "
                "fractured and not fractured"
            )
    if not any(image.boxes for image in prepared.splits["train"]):
        raise TrainingError(
            f"{dataset.root}: no training image has a box, so there is nothing to locate; "
            "add a dataset with boxes by a second --data"
        )
