"""The prepared data of a run: decoded once by the package's own readers, then read many times.

    <run>/data/prepared.json       names, recipe, and a list of images per split
    <run>/data/images/<key>.png    8-bit grey, as a viewer shows it

So training sees exactly the pixels that `detect` will see, whatever the source was (DICOM,
16 bit, EXIF-turned), and no decoding surprise can come up in the middle of a run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from detect.config import TrainConfig
from detect.errors import TrainingError
from detect.train.augment import Annotated
from detect.write.atomic import replacing_text

__all__ = ["Prepared", "PreparedImage", "load_image"]


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """One image of the run; boxes are in pixels of the file named by `image`."""

    image: str  # relative to the folder of prepared.json
    origin: str  # path of the source file
    width: int  # of the source, pixels
    height: int
    scale: float  # prepared pixels per source pixel
    boxes: tuple[tuple[float, float, float, float], ...]  # xyxy
    classes: tuple[int, ...]
    fractured: int  # 1, 0, or -1: unknown
    boxed: bool  # all its fractures are boxed (of an image without any, this holds)
    group: str | None
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that the fine-tuning stage needs, readable from one file."""

    folder: Path
    classes: tuple[str, ...]
    recipe: TrainConfig
    splits: dict[str, tuple[PreparedImage, ...]]

    def save(self) -> Path:
        """Write `prepared.json` and return its path.

        Raises:
            OutputError: it cannot be written.
        """
        plain = {
            "classes": list(self.classes),
            "recipe": self.recipe.model_dump(mode="json"),
            "splits": {k: [asdict(image) for image in v] for k, v in self.splits.items()},
        }
        path = self.folder / "prepared.json"
        with replacing_text(path) as stream:
            stream.write(json.dumps(plain))
        return path

    @classmethod
    def load(cls, path: Path) -> Prepared:
        """Read `prepared.json`.

        Raises:
            TrainingError: the file is missing or was not written by this stage.
        """
        try:
            plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            splits = {
                name: tuple(
                    PreparedImage(
                        **{
                            **image,
                            "boxes": tuple(tuple(box) for box in image["boxes"]),
                            "classes": tuple(image["classes"]),
                        }
                    )
                    for image in images
                )
                for name, images in plain["splits"].items()
            }
            recipe = TrainConfig.model_validate(plain["recipe"])
            return cls(path.parent, tuple(plain["classes"]), recipe, splits)
        except FileNotFoundError:
            raise TrainingError(f"{path}: missing; run the prepare stage again") from None
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            why = " ".join(str(error).split())
            raise TrainingError(
                f"{path}: damaged ({why}); delete the run folder and start again"
            ) from error


def load_image(folder: Path, entry: PreparedImage) -> Annotated:
    """Read one prepared image with its labels.

    Raises:
        TrainingError: the file is gone or damaged.
    """
    path = folder / entry.image
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise TrainingError(f"{path}: a prepared image is gone; delete the run and start again")
    return Annotated(
        image.astype(np.uint8, copy=False),
        np.asarray(entry.boxes, np.float32).reshape(-1, 4),
        np.asarray(entry.classes, np.int64),
        entry.fractured,
        entry.boxed,
    )
