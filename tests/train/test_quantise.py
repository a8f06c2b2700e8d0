"""The int8 copy of a graph: what is rounded, what is not, and that it says nearly the same."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detect.data.sample import Sample
from detect.errors import BundleError, OutputError, TrainingError
from detect.model.bundle import InputForm
from detect.model.network import FractureNetwork
from detect.model.preprocess import PAD_VALUE
from detect.model.runtime import OUTPUTS, RawOutput, open_runtime
from detect.train.export import export_onnx
from detect.train.quantise import calibration_images, quantise_graph

REPOSITORY = Path(__file__).resolve().parents[2]
FORM = InputForm(size=128, pad_to=32, pad_value=PAD_VALUE)
GreyImages = Callable[[int, int], NDArray[np.uint8]]
MakeNetwork = Callable[..., FractureNetwork]


class _Tiny(nn.Module):
    """Trunk, detection head and verdict head, with the inputs and outputs of a bundle's graph."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, 4, 1), nn.SiLU(), nn.Conv2d(8, 32, 3, 2, 1), nn.SiLU()),
            *(nn.Conv2d(32, 32, 3, 1, 1), nn.SiLU(), nn.Conv2d(32, 32, 3, 1, 1), nn.SiLU()),
        )
        self.detect = nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.SiLU(), nn.Conv2d(32, 5, 1))
        self.lateral = nn.Sequential(nn.Conv2d(32, 16, 1), nn.SiLU())
        self.mix = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.SiLU(), nn.Conv2d(16, 1, 1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # else all images would look nearly the same to it
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        features = self.trunk(image.float() / 64 - 2)
        found = self.detect(features).flatten(2).transpose(1, 2)
        evidence = self.mix(self.lateral(features)).squeeze(1)
        logit = evidence.flatten(1).exp().sum(1).log()
        pooled = features.mean((2, 3))
        return (
            found[..., :4],
            found[..., 4:].sigmoid(),
            logit,
            evidence.sigmoid(),
            pooled,
        )


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network as a graph, of any batch, height and width."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny") / "model.onnx"
    free = {"image": {0: "batch", 2: "height", 3: "width"}, "evidence": {1: "rows", 2: "columns"}}
    with torch.no_grad(), pytest.warns(DeprecationWarning):
        torch.onnx.export(
            _Tiny().eval(),
            (torch.zeros(2, 1, 64, 96, dtype=torch.uint8),),
            str(path),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} | free.get(name, {}) for name in ("image", *OUTPUTS)}
            | {"boxes": {0: "batch", 1: "cells"}, "scores": {0: "batch", 1: "cells"}},
            opset_version=17,
            dynamo=False,
        )
    return path


@pytest.fixture(scope="module")
def images(grey_images: GreyImages, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve PNG files of three shapes."""
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for number, image in enumerate(grey_images(12, 150)[:, 0]):
        paths.append(folder / f"{number}.png")
        cv2.imwrite(str(paths[-1]), image[: (150, 110, 80)[number % 3]])
    return paths


@pytest.fixture(scope="module")
def quantised(graph: Path, images: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network in int8."""
    path = tmp_path_factory.mktemp("int8") / "model.int8.xml"
    quantise_graph(graph, images, FORM, path)
    return path


def _nearly(
    exact: RawOutput, rounded: RawOutput, most: float, names: Sequence[str] = OUTPUTS
) -> None:
    """Hold int8 against float32: errors of at most this share of the spread, yet not none."""
    errors = {}
    for name in names:
        one, other = getattr(exact, name), getattr(rounded, name)
        assert one.shape == other.shape, name
        assert other.dtype == np.float32, name
        assert one.std() > 1e-4, name  # else agreement would mean nothing
        errors[name] = float(np.sqrt(np.mean((one - other) ** 2)) / one.std())
    assert all(0 < error < most for error in errors.values()), errors


@pytest.mark.parametrize(("batch", "rows", "columns"), [(5, 128, 128), (3, 96, 128), (4, 64, 32)])
def test_int8_says_nearly_the_same_at_every_shape(
    graph: Path, quantised: Path, grey_images: GreyImages, batch: int, rows: int, columns: int
) -> None:
    pixels = grey_images(batch, 128)[:, :, :rows, :columns].copy()
    _nearly(open_runtime(graph)(pixels), open_runtime(quantised)(pixels), 0.15)


def _operations(path: Path) -> dict[str, Any]:
    return {op.get_friendly_name(): op for op in openvino.Core().read_model(path).get_ops()}


def _in_8_bits(convolution: Any) -> bool:
    """Whether both what a convolution takes in and its weights are rounded."""
    pixels, weights = (convolution.input_value(place).get_node() for place in (0, 1))
    stored = weights
    while stored.get_type_name() != "Constant":
        stored = stored.input_value(0).get_node()
    small = str(stored.get_element_type()) == "<Type: 'int8_t'>"
    return pixels.get_type_name() == "FakeQuantize" and small


def test_convolutions_between_the_first_and_the_last_are_in_8_bits(quantised: Path) -> None:
    found = {
        name.split("/Conv")[0]: _in_8_bits(operation)
        for name, operation in _operations(quantised).items()
        if operation.get_type_name() == "Convolution"
    }
    assert found == {
        "/trunk/trunk.0": False,
        "/trunk/trunk.2": False,
        "/trunk/trunk.4": True,
        "/trunk/trunk.6": True,
        "/detect/detect.0": True,
        "/detect/detect.2": False,
        "/lateral/lateral.0": True,  # takes in the features, which are there in 8 bits
        "/mix/mix.0": False,
        "/mix/mix.2": False,
    }


def test_the_files_are_small_and_alone(graph: Path, quantised: Path) -> None:
    assert sorted(path.name for path in quantised.parent.iterdir()) == [
        "model.int8.bin",
        "model.int8.xml",
    ]
    assert quantised.with_suffix(".bin").stat().st_size < 0.4 * graph.stat().st_size
    assert str(graph.parent) not in quantised.read_text()


def test_the_same_images_give_the_same_numbers(
    graph: Path, images: list[Path], quantised: Path, grey_images: GreyImages, tmp_path: Path
) -> None:
    level = logging.getLogger().level
    quantise_graph(graph, images, FORM, tmp_path / "again.xml")
    assert logging.getLogger().level == level  # other libraries go on being heard
    pixels = grey_images(2, 128)
    one, other = (open_runtime(path)(pixels) for path in (quantised, tmp_path / "again.xml"))
    for name in OUTPUTS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_what_cannot_be_read_is_told_and_left_out(
    graph: Path, images: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")

    with caplog.at_level(logging.WARNING):
        quantise_graph(graph, [broken, *images[:2]], FORM, tmp_path / "model.xml")

    assert [record.getMessage() for record in caplog.records if "broken.png" in record.getMessage()]
    assert (tmp_path / "model.bin").is_file()


def test_without_any_image_nothing_is_written(graph: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="none of 1 training images can be read"):
        quantise_graph(graph, [tmp_path / "missing.png"], FORM, tmp_path / "model.xml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_graph_is_named(images: list[Path], tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(b"no graph")
    with pytest.raises(BundleError, match=r"model\.onnx: cannot be quantised"):
        quantise_graph(graph, images, FORM, tmp_path / "model.xml")


def test_a_folder_that_is_not_there_is_named(
    graph: Path, images: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="no-such-folder"):
        quantise_graph(graph, images[:1], FORM, tmp_path / "no-such-folder" / "model.xml")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_a_full_disk_leaves_what_was_there(graph: Path, images: list[Path], tmp_path: Path) -> None:
    import resource
    import signal

    out = tmp_path / "model.xml"
    out.write_text("earlier")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot write .*model\.xml"):
            quantise_graph(graph, images[:1], FORM, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in tmp_path.iterdir()] == ["model.xml"]
    assert out.read_text() == "earlier"


_QUIET = """
import sys
from pathlib import Path
from detect.model.bundle import InputForm
from detect.train.quantise import quantise_graph
graph, image, out = map(Path, sys.argv[1:])
quantise_graph(graph, [image], InputForm(size=64, pad_to=32, pad_value=114), out)
import logging
import nncf.telemetry
print(type(nncf.telemetry.telemetry).__module__, type(logging.getLogger("later")).__name__)
"""


@pytest.mark.slow
def test_nncf_reports_nothing_and_prints_nothing(
    graph: Path, images: list[Path], tmp_path: Path
) -> None:
    # OpenVINO's telemetry keeps quiet in CI by itself, and NNCF's within pytest
    quiet = ("CI", "TF_BUILD", "JENKINS_URL", "XDG_CACHE_HOME", "NNCF_CI", "NNCF_DEV")
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    home = tmp_path / "home"
    home.mkdir()

    done = subprocess.run(
        [sys.executable, "-c", _QUIET, str(graph), str(images[0]), str(tmp_path / "model.xml")],
        cwd=REPOSITORY,
        env=environment | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["unittest.mock", "Logger"]  # NNCF's stand-in for telemetry
    assert not (home / "intel").exists()  # where the client id would lie


@pytest.mark.parametrize(
    ("fractured", "others", "count", "expected"),
    [
        (10, 90, 20, (10, 10)),
        (3, 90, 20, (3, 17)),
        (90, 4, 20, (16, 4)),
        (4, 5, 20, (4, 5)),
        (0, 30, 20, (0, 20)),
    ],
)
def test_half_of_the_chosen_images_are_fractured_where_there_are_enough(
    fractured: int, others: int, count: int, expected: tuple[int, int]
) -> None:
    samples = [_sample(f"f{n}", True) for n in range(fractured)]
    samples += [_sample(f"n{n}", (False, None)[n % 2]) for n in range(others)]
    samples += [_sample(f"elsewhere{n}", True, "val") for n in range(50)]

    chosen = calibration_images(samples, count)

    names = [path.name for path in chosen]
    assert len(set(names)) == len(names)
    kinds = [name[0] for name in names]
    assert (kinds.count("f"), kinds.count("n")) == expected
    assert calibration_images(samples, count) == chosen


def test_the_chosen_images_are_spread_over_the_dataset() -> None:
    samples = [_sample(f"{n}", False) for n in range(100)]
    numbers = [int(path.name) for path in calibration_images(samples, 10)]
    assert np.diff(numbers).tolist() == [10] * 9


def _sample(name: str, fractured: bool | None, split: str = "train") -> Sample:
    return Sample(Path("/set") / name, split, None, fractured, None)


@pytest.mark.slow
def test_a_real_network_says_nearly_the_same_in_8_bits(
    make_network: MakeNetwork,
    grey_images: GreyImages,
    images: list[Path],
    tmp_path: Path,
) -> None:
    graph, out = tmp_path / "model.onnx", tmp_path / "model.int8.xml"
    export_onnx(make_network(), "one2one", FORM.size, graph)

    quantise_graph(graph, images, FORM, out)

    for rows in (128, 96):
        pixels = grey_images(4, 128)[:, :, :rows].copy()
        # a network that has learnt nothing passes rounding on less damped than a trained one
        places = ("boxes", "scores", "evidence", "features")
        _nearly(open_runtime(graph)(pixels), open_runtime(out)(pixels), 0.5, places)
    small = out.stat().st_size + out.with_suffix(".bin").stat().st_size
    assert small < 0.9 * graph.stat().st_size
