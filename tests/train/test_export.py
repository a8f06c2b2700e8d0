"""One graph for every runtime: the network itself, ONNX Runtime and OpenVINO say the same.

Two tolerances. ONNX Runtime and OpenVINO run the same float32 arithmetic on the same weights and
may differ by the order of summation alone. The network itself holds weights that the graph rounds
to half precision (11 bits, 5e-4 relative), so it is compared twice: tightly with a graph that was
not rounded, loosely with the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from detect.model.network import FractureNetwork
from detect.model.postprocess import select_boxes
from detect.model.runtime import OUTPUTS, RawOutput, Runtime, open_runtime
from detect.train import export
from detect.train.export import TorchRuntime, export_onnx

SIZE = 128
SMALL = 1024  # tensors of fewer elements are not rounded
CELLS = 16 * 16 + 8 * 8 + 4 * 4  # of P3, P4 and P5 together
MakeNetwork = Callable[..., FractureNetwork]
GreyImages = Callable[[int, int], NDArray[np.uint8]]


@dataclass(frozen=True)
class Exported:
    """A network, and its graph."""

    network: FractureNetwork
    head: str
    graph: Path
    exact_graph: Path  # without rounding


def _export(
    network: FractureNetwork, head: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Exported:
    exported = Exported(network, head, folder / "model.onnx", folder / "exact.onnx")
    export_onnx(network, head, SIZE, exported.graph)
    with monkeypatch.context() as patch:
        patch.setattr(export, "_halve_weights", lambda model: None)  # noqa: ARG005
        export_onnx(network, head, SIZE, exported.exact_graph)
    return exported


@pytest.fixture(
    scope="module",
    params=[
        ("yolo26n.yaml", "one2one"),
        ("yolo26n.yaml", "one2many"),
        ("yolo11n.yaml", "one2many"),
    ],
    ids="-".join,
)
def exported(
    request: pytest.FixtureRequest,
    make_network: MakeNetwork,
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    """Each kind of head, exported once."""
    description, head = request.param
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("export")
        return _export(make_network(description, nc=2), head, folder, monkeypatch)


@pytest.fixture(scope="module")
def runtimes(exported: Exported) -> dict[str, Runtime]:
    """Both runtimes of the real graph."""
    return {
        name: open_runtime(exported.graph, name, 2)  # type: ignore[arg-type]
        for name in ("onnxruntime", "openvino")
    }


def _agree(a: RawOutput, b: RawOutput) -> None:
    """Equal but for the order of summation; measured: a tenth of these tolerances."""
    np.testing.assert_allclose(a.boxes, b.boxes, atol=0.02, rtol=0)  # network pixels
    np.testing.assert_allclose(a.scores, b.scores, atol=1e-4, rtol=0)
    np.testing.assert_allclose(a.image_logit, b.image_logit, atol=1e-4, rtol=0)
    np.testing.assert_allclose(a.evidence, b.evidence, atol=1e-4, rtol=0)
    assert a.features is not None
    assert b.features is not None
    np.testing.assert_allclose(a.features, b.features, atol=1e-4, rtol=0)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_graph_has_the_form_that_runtimes_promise(
    exported: Exported, runtimes: dict[str, Runtime], grey_images: GreyImages, batch: int
) -> None:
    for runtime in runtimes.values():
        raw = runtime(grey_images(batch, SIZE))
        assert raw.boxes.shape == (batch, CELLS, 4)
        assert raw.scores.shape == (batch, CELLS, 2)
        assert raw.image_logit.shape == (batch,)
        assert raw.evidence.shape == (batch, SIZE // 8, SIZE // 8)
        assert raw.features is not None
        assert raw.features.shape == (batch, sum(exported.network.feature_channels))
        for name in OUTPUTS:
            values = getattr(raw, name)
            assert values.dtype == np.float32
            assert np.isfinite(values).all()
        for values in (raw.scores, raw.evidence):
            assert (values >= 0).all()
            assert (values <= 1).all()


def test_outputs_vary_so_that_agreement_means_something(
    runtimes: dict[str, Runtime], grey_images: GreyImages
) -> None:
    raw = runtimes["onnxruntime"](grey_images(5, SIZE))
    assert raw.scores.std() > 0.02
    assert raw.evidence.std() > 1e-4
    assert raw.image_logit.std() > 0.01
    assert (raw.boxes[..., 2] - raw.boxes[..., 0]).std() > 2


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_two_runtimes_agree_tightly(
    runtimes: dict[str, Runtime], grey_images: GreyImages, batch: int
) -> None:
    images = grey_images(batch, SIZE)
    _agree(runtimes["onnxruntime"](images), runtimes["openvino"](images))


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_without_rounding_the_graph_is_the_network(
    exported: Exported, grey_images: GreyImages, batch: int
) -> None:
    images = grey_images(batch, SIZE)
    itself = TorchRuntime(exported.network, exported.head)(images)
    for name in ("onnxruntime", "openvino"):
        graph = open_runtime(exported.exact_graph, name)  # type: ignore[arg-type]
        _agree(itself, graph(images))


@pytest.mark.parametrize(("rows", "columns"), [(96, 128), (160, 32), (32, 64)])
def test_the_graph_is_the_network_at_every_size(
    exported: Exported, grey_images: GreyImages, rows: int, columns: int
) -> None:
    images = grey_images(2, 160)[..., :rows, :columns]
    itself = TorchRuntime(exported.network, exported.head)(images)
    assert itself.evidence.shape == (2, rows // 8, columns // 8)
    for name in ("onnxruntime", "openvino"):
        graph = open_runtime(exported.exact_graph, name)  # type: ignore[arg-type]
        _agree(itself, graph(images))


def test_one_grey_channel_stands_for_three_colours(exported: Exported) -> None:
    model = onnx.load(str(exported.exact_graph))
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    (weights,) = (t for t in model.graph.initializer if t.name == first.input[1])
    assert weights.dims[1] == 1
    assert exported.network.model[0].conv.in_channels == 3  # the network itself stays


def test_rounding_weights_is_all_that_the_graph_does_to_them(
    exported: Exported, runtimes: dict[str, Runtime], grey_images: GreyImages, tmp_path: Path
) -> None:
    """Against the exact graph with its large weights rounded here, and kept in single precision."""
    model = onnx.load(str(exported.exact_graph))
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= SMALL:
            rounded = values.astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(rounded, tensor.name))
    onnx.save(model, str(tmp_path / "rounded.onnx"))
    images = grey_images(5, SIZE)
    expected = open_runtime(tmp_path / "rounded.onnx", "onnxruntime")(images)
    for runtime in runtimes.values():
        _agree(expected, runtime(images))


def test_rounding_weights_is_lost_in_the_signal(
    exported: Exported, runtimes: dict[str, Runtime], grey_images: GreyImages
) -> None:
    """Each output's error is within a tenth of its spread, root mean square.

    Weights err by 5e-4 at most, which an untrained network, with no redundancy to smooth it,
    amplifies from layer to layer: 1 to 4 % were measured.
    """
    images = grey_images(5, SIZE)
    itself = TorchRuntime(exported.network, exported.head)(images)
    for runtime in runtimes.values():
        rounded = runtime(images)
        for output in OUTPUTS:
            exact, found = getattr(itself, output), getattr(rounded, output)
            error = float(np.sqrt(np.mean((exact - found) ** 2)))
            assert 0 < error < 0.1 * float(exact.std())


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_an_image_reads_the_same_alone_and_in_company(
    runtimes: dict[str, Runtime], grey_images: GreyImages, name: str
) -> None:
    images = grey_images(5, SIZE)
    together = runtimes[name](images)
    for index in range(5):
        alone = runtimes[name](images[index : index + 1])
        mine = RawOutput(*(getattr(together, output)[index : index + 1] for output in OUTPUTS))
        _agree(alone, mine)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_four_threads_read_exactly_what_one_reads(
    exported: Exported, grey_images: GreyImages, name: str
) -> None:
    """To the last bit: outputs must not depend on the number of workers."""
    images = grey_images(8, SIZE)
    alone = open_runtime(exported.graph, name, 1)  # type: ignore[arg-type]
    shared = open_runtime(exported.graph, name, 4)  # type: ignore[arg-type]
    expected = [alone(image[None]) for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: shared(images[i % 8][None]), range(48)))
    for index, raw in enumerate(found):
        for output in OUTPUTS:
            np.testing.assert_array_equal(
                getattr(raw, output), getattr(expected[index % 8], output)
            )


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_a_result_survives_the_next_call(
    runtimes: dict[str, Runtime], grey_images: GreyImages, name: str
) -> None:
    images = grey_images(2, SIZE)
    first = runtimes[name](images[:1])
    kept = {output: getattr(first, output).copy() for output in OUTPUTS}
    runtimes[name](images[1:])
    for output in OUTPUTS:
        np.testing.assert_array_equal(getattr(first, output), kept[output])


def test_both_runtimes_select_the_same_boxes(
    runtimes: dict[str, Runtime], grey_images: GreyImages
) -> None:
    """The whole way to the short list, on the best boxes, whose order no rounding can change."""
    images = grey_images(3, SIZE)
    one, other = (runtimes[name](images) for name in ("onnxruntime", "openvino"))
    for index in range(3):
        a = select_boxes(one.boxes[index], one.scores[index])
        b = select_boxes(other.boxes[index], other.scores[index])
        np.testing.assert_allclose(a.boxes[0], b.boxes[0], atol=0.02)
        np.testing.assert_array_equal(a.classes[0], b.classes[0])
        np.testing.assert_allclose(a.scores[:5], b.scores[:5], atol=1e-4)


def test_the_file_is_valid_onnx_and_half_the_size(exported: Exported) -> None:
    model = onnx.load(str(exported.graph))
    onnx.checker.check_model(model, full_check=True)
    assert [i.name for i in model.graph.input] == ["image"]
    assert [o.name for o in model.graph.output] == list(OUTPUTS)
    for value in (*model.graph.input, *model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param  # a dynamic batch
    height, width = model.graph.input[0].type.tensor_type.shape.dim[2:]
    assert height.dim_param != width.dim_param
    large = [
        tensor
        for tensor in model.graph.initializer
        if np.prod(tensor.dims) >= SMALL and tensor.data_type == onnx.TensorProto.FLOAT
    ]
    assert large == []
    assert exported.graph.stat().st_size < 0.6 * exported.exact_graph.stat().st_size


def test_no_half_written_file_is_left(exported: Exported) -> None:
    assert {path.name for path in exported.graph.parent.iterdir()} == {"model.onnx", "exact.onnx"}


def test_exporting_twice_gives_the_same_bytes(exported: Exported, tmp_path: Path) -> None:
    """The bundle's hash names its graph, so the graph must not depend on what was run before."""
    TorchRuntime(exported.network, exported.head)(np.zeros((1, 1, 2 * SIZE, SIZE), np.uint8))
    export_onnx(exported.network, exported.head, SIZE, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == exported.graph.read_bytes()


@pytest.mark.parametrize("pooling", ["topk", "attention"])
def test_every_pooling_exports(
    pooling: str,
    make_network: MakeNetwork,
    grey_images: GreyImages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_halve_weights", lambda model: None)  # noqa: ARG005
    network = make_network(pooling=pooling)
    export_onnx(network, "one2one", SIZE, tmp_path / "exact.onnx")
    images = grey_images(3, SIZE)
    itself = TorchRuntime(network, "one2one")(images)
    for name in ("onnxruntime", "openvino"):
        graph = open_runtime(tmp_path / "exact.onnx", name)  # type: ignore[arg-type]
        _agree(itself, graph(images))
