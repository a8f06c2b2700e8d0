"""Stage 4: the network as one ONNX graph, small on disk and equal in every runtime."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from detect.model.network import FractureNetwork
from detect.model.runtime import OUTPUTS, RawOutput

__all__ = ["ExportGraph", "TorchRuntime", "export_onnx"]

OPSET = 17
_SMALL = 256  # tensors of fewer elements stay float32: scales, strides, biases


class ExportGraph(nn.Module):
    """The network as `detect.model.runtime` states it: uint8 grey in, decoded boxes out."""

    def __init__(self, network: FractureNetwork, head: str) -> None:
        """Wrap `network`, reading boxes from its detection head `head`."""
        super().__init__()
        self.network = network.float().eval()
        self.head = head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map uint8 (B, 1, S, S) to boxes, scores, image_logit and evidence."""
        colour = (image.float() / 255.0).expand(-1, 3, -1, -1)
        _, raw = self.network(colour)
        boxes, scores = self.network.decode(raw, self.head)
        return boxes, scores, raw["image_logit"], raw["evidence"].squeeze(1).sigmoid()


class TorchRuntime:
    """The same face as the ONNX runtimes, for checking them against the network itself."""

    def __init__(self, network: FractureNetwork, head: str) -> None:
        """Wrap `network`, reading boxes from its detection head `head`."""
        self._graph = ExportGraph(network, head)

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run uint8 (B, 1, S, S) in float32 on the CPU."""
        outputs = self._graph(torch.from_numpy(np.ascontiguousarray(images)))
        return RawOutput(*(output.numpy() for output in outputs))


def export_onnx(network: FractureNetwork, head: str, size: int, path: Path) -> None:
    """Write `network` to `path`, with a dynamic batch.

    Weights are stored in half precision and widened to float32 when the graph is loaded: half
    the size on disk, and float32 arithmetic all the same.
    """
    graph = ExportGraph(network.cpu(), head)
    example = torch.full((2, 1, size, size), 114, dtype=torch.uint8)
    beside = path.with_suffix(".partial")
    axes = {name: {0: "batch"} for name in ("image", *OUTPUTS)}
    with warnings.catch_warnings():
        # The tracer warns of shapes that become constants; only the batch is meant to vary.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        with torch.no_grad():
            # the head keeps the anchors of the last size: traced anew or kept, the graph differs
            graph(example)
        torch.onnx.export(
            graph,
            (example,),
            str(beside),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    import onnxslim

    model: Any = onnxslim.slim(onnx.load(str(beside)))
    _halve_weights(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(beside))
    beside.replace(path)


def _halve_weights(model: onnx.ModelProto) -> None:
    """Store large float32 weights as float16 behind a Cast, which runtimes fold at load."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < _SMALL:
            continue
        wide, half = tensor.name, f"{tensor.name}.half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [wide], name=f"widen.{wide}", to=1))
    for position, node in enumerate(casts):
        graph.node.insert(position, node)
