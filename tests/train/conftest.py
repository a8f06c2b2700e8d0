"""Networks small enough for tests, and ultralytics kept to a folder of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.config import TrainConfig
from detect.evaluate.cases import Truth
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.isolation import isolate_ultralytics
from detect.record import Box, Failure, Finding, ModelInfo, Reading, Source, Verdict
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
def measured() -> Callable[..., dict[str, Any]]:
    """Make the metrics of a model that is mostly right: half of `n` images are fractured.

    `measured(seed, n=40, failed=0, split="test", sha256="0" * 64, **settings)`; the last `failed`
    images could not be read. Every ninth image shows hardware.
    """

    @cache
    def make(
        seed: int,
        n: int = 40,
        *,
        failed: int = 0,
        split: str = "test",
        sha256: str = "0" * 64,
        raw: bool = False,
        **settings: Any,
    ) -> dict[str, Any]:
        generator = np.random.default_rng(seed)
        model = ModelInfo("tiny", "1", sha256)
        truths, records = [], []
        for number in range(n):
            name, fractured = f"{number}.png", number % 2 == 0
            x, y = generator.uniform(10, 60, 2).tolist()
            box = Box(x, y, x + 20, y + 15)
            hardware = {"hardware": "yes" if number % 9 == 0 else "no"}
            drawn = (box,) if fractured else ()
            truths.append(Truth(name, f"p{number // 4}{fractured}", fractured, drawn, hardware))
            if number >= n - failed:
                records.append(Failure(Source(name, None), "truncated", f"{name}: ends early"))
                continue
            score = float(np.clip(generator.normal(0.7 if fractured else 0.3, 0.2), 0.01, 0.99))
            called = score >= 0.4
            shown = Finding("F1", "fracture", "definite" if called else "none", score, box)
            label = "fractured" if called else "not_fractured"
            verdict = Verdict(label, "definite", score, "balanced", 0.4)
            source = Source(name, "0" * 64, 100, 100)
            records.append(Reading(source, verdict, (shown,), model))
        points = {"screening": 0.2, "balanced": 0.4321, "confirm": 0.6}
        uncalibrated = {truth.path: 0.5 for truth in truths} if raw else {}
        found = evaluate_records(
            truths,
            records,
            Settings(points, **{"n_resamples": 20, **settings}),
            ["hardware"],
            uncalibrated,
        )
        about = {"name": "set", "split": split, "licence": "CC0", "left_out": {}}
        model_json = {"name": "tiny", "version": "1", "sha256": sha256}
        return {**found, "data": {**about, **found["data"]}, "model": model_json, "version": "1"}

    return lambda *arguments, **options: deepcopy(make(*arguments, **options))


@pytest.fixture(scope="session")
def make_network() -> MakeNetwork:
    """Build a network that has seen no data, but whose outputs differ from place to place.

    `make_network(description="yolo26n.yaml", nc=1, pooling="lse", seed=0)`, in eval mode. A fresh
    network says nearly the same everywhere; here batch normalisation is fitted to noise and the
    last layers to a spread of boxes, scores and evidence, so that no mix-up can go unseen.
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
        noise = _clouds(64, 128)
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        with torch.no_grad():
            for norm in norms:
                norm.momentum = 1.0  # take the statistics of this one batch
            network.train()(noise)
            for norm in norms:
                norm.momentum = 0.03
            detect = network.model[-1]
            hooks = [_respread(network.verdict.evidence, -7.0, 1.5)]
            for name, branch in detect.named_children():
                if name.endswith("cv2"):  # sides of a box, or their distributions
                    mean, spread = (2.0, 0.6) if detect.reg_max == 1 else (0.0, 1.5)
                elif name.endswith("cv3"):
                    mean, spread = -2.0, 1.2
                else:
                    continue
                hooks += [_respread(level[-1], mean, spread) for level in branch]
            network.eval()(noise)
            for hook in hooks:
                hook.remove()
        return network

    return make


def _clouds(count: int, side: int) -> Any:
    """Grey images (count, 3, side, side) in [0, 1] that vary at every scale, unlike plain noise."""
    import torch
    from torch.nn.functional import interpolate

    layers = [
        interpolate(torch.rand(count, 1, cells, cells), size=(side, side), mode="bilinear")
        for cells in (1, 2, 4, 8, 16, 32, 64)
    ]
    return torch.stack(layers).mean(0).expand(-1, 3, -1, -1)


@pytest.fixture(scope="session")
def grey_images() -> Callable[[int, int], NDArray[np.uint8]]:
    """Return `grey_images(count, side)`: varied images, uint8 (count, 1, side, side)."""
    import torch

    def make(count: int, side: int) -> NDArray[np.uint8]:
        torch.manual_seed(7)
        images: NDArray[np.uint8] = (_clouds(count, side)[:, :1] * 255).byte().numpy()
        return images

    return make


def _respread(layer: Any, mean: float, spread: float) -> Any:
    """At the next forward pass, redraw a 1×1 convolution so that its output has these moments."""
    import torch

    def redraw(layer: Any, inputs: Any, output: Any) -> Any:
        del output
        layer.weight.normal_()
        layer.bias.zero_()
        raw = torch.nn.functional.conv2d(inputs[0], layer.weight)
        centre, width = raw.mean((0, 2, 3)), raw.std((0, 2, 3))
        layer.weight.mul_((spread / width)[:, None, None, None])
        layer.bias.copy_(mean - centre * spread / width)
        return torch.nn.functional.conv2d(inputs[0], layer.weight, layer.bias)

    return layer.register_forward_hook(redraw)


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
