"""Networks small enough for tests, and ultralytics kept to a folder of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from detect.config import TrainConfig
from detect.train.environment import isolate_ultralytics
from detect.train.prepared import Prepared, PreparedImage

if TYPE_CHECKING:
    from detect.model.network import FractureNetwork

# At import, since ultralytics reads its settings when the test modules beside import it.
_SETTINGS = tempfile.TemporaryDirectory(prefix="fracture-locator-tests-")
isolate_ultralytics(Path(_SETTINGS.name))

MakeNetwork = Callable[..., "FractureNetwork"]


@pytest.fixture(scope="session", autouse=True)
def _ultralytics_settings() -> Iterator[None]:
    yield
    _SETTINGS.cleanup()


@pytest.fixture(scope="session")
def make_network() -> MakeNetwork:
    """Build a network that has seen no data, but whose outputs differ from place to place.

    `make_network(description="yolo26n.yaml", nc=1, pooling="lse", seed=0)`, in eval mode. A fresh
    network says nearly the same everywhere; here the last layers are drawn wide and the batch
    normalisation is fitted to noise, so that a mixed-up box or image cannot go unseen.
    """
    import torch
    from ultralytics.utils import DEFAULT_CFG

    from detect.model.network import FractureNetwork

    def make(
        description: str = "yolo26n.yaml", nc: int = 1, seed: int = 0, **options: Any
    ) -> FractureNetwork:
        torch.manual_seed(seed)
        network = FractureNetwork(description, nc=nc, **options)
        network.args = DEFAULT_CFG
        detect = network.model[-1]
        branches = [detect.cv2, detect.cv3]
        if "one2one" in network.heads:
            branches += [detect.one2one_cv2, detect.one2one_cv3]
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        with torch.no_grad():
            for norm in norms:
                norm.momentum = 1.0  # take the statistics of the one batch below
            network.train()
            network(torch.rand(4, 3, 128, 128))
            for branch in branches:
                for level in branch:
                    level[-1].weight.normal_(std=0.3)
                    level[-1].bias.normal_(std=0.5)
            network.verdict.evidence.weight.normal_(std=0.5)
        for norm in norms:
            norm.momentum = 0.03
        return network.eval()

    return make


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """A prepared run of five training images of every kind of label, and four to validate."""
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)

    def image(
        name: str,
        boxes: tuple[tuple[float, float, float, float], ...] = (),
        fractured: int = 0,
        boxed: bool = True,
        shape: tuple[int, int] = (120, 90),
    ) -> PreparedImage:
        pixels = rng.integers(0, 60, shape).astype(np.uint8)
        for x1, y1, x2, y2 in boxes:
            pixels[int(y1) : int(y2), int(x1) : int(x2)] = 250
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), pixels)
        return PreparedImage(
            image=f"images/{name}.png",
            origin=f"/source/{name}.png",
            width=shape[1],
            height=shape[0],
            scale=1.0,
            boxes=boxes,
            classes=(0,) * len(boxes),
            fractured=fractured,
            boxed=boxed,
            group=None,
            attributes={},
        )

    recipe = TrainConfig.model_validate(
        {
            "batch": 2,
            "fracture_repeat": 3,
            "model": {"image_size": 128},
            "augment": {"view_size": 96},
        }
    )
    splits = {
        "train": (
            image("fracture", ((30.0, 40.0, 60.0, 70.0),), fractured=1),
            image("normal"),
            image("yes", fractured=1, boxed=False),
            image("no", boxed=False, shape=(80, 130)),
            image("unknown", fractured=-1, boxed=False),
        ),
        "val": (
            image("val-fracture", ((10.0, 20.0, 50.0, 60.0),), fractured=1),
            image("val-wide", ((70.0, 10.0, 120.0, 40.0),), fractured=1, shape=(60, 160)),
            image("val-normal"),
            image("val-no", boxed=False, shape=(100, 100)),
        ),
    }
    return Prepared(tmp_path, ("fracture",), recipe, splits)
