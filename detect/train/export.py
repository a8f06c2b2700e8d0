"""Stage 4: the network as one ONNX graph, small on disk and equal in every runtime."""

from __future__ import annotations

import copy
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
from ultralytics.nn.modules import Conv

from detect.model.network import FractureNetwork
from detect.model.preprocess import PAD_VALUE
from detect.model.runtime import OUTPUTS, RawOutput

__all__ = ["ExportGraph", "TorchRuntime", "export_onnx"]

OPSET = 17
_BATCH = {0: "batch"}
_AXES = {
    "image": {**_BATCH, 2: "height", 3: "width"},
    "boxes": {**_BATCH, 1: "cells"},
    "scores": {**_BATCH, 1: "cells"},
    "image_logit": _BATCH,
    "evidence": {**_BATCH, 1: "rows", 2: "columns"},
    "features": _BATCH,
}
_SMALL = 1024  # tensors of fewer elements stay float32: stem, scales, strides, biases


class ExportGraph(nn.Module):
    """The network as `detect.model.runtime` states it: uint8 grey in, decoded boxes out."""

    def __init__(self, network: FractureNetwork, head: str) -> None:
        """Wrap `network`, reading boxes from its detection head `head`."""
        super().__init__()
        self.network = network.float().eval()
        self.head = head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Map uint8 (B, 1, H, W) to what `detect.model.runtime.OUTPUTS` names."""
        stem = self.network.model[0]
        grey = image.float()
        folded = isinstance(stem, Conv) and stem.conv.in_channels == 1
        _, raw = self.network(grey if folded else (grey / 255.0).expand(-1, 3, -1, -1))
        boxes, scores = self.network.decode(raw, self.head)
        evidence = raw["evidence"].squeeze(1).sigmoid()
        return boxes, scores, raw["image_logit"], evidence, self.network.pooled(raw)


class TorchRuntime:
    """The same face as the ONNX runtimes, for checking them against the network itself."""

    def __init__(self, network: FractureNetwork, head: str) -> None:
        """Wrap `network`, reading boxes from its detection head `head`."""
        self._graph = ExportGraph(network, head)

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run uint8 (B, 1, H, W) in float32 on the CPU."""
        outputs = self._graph(torch.from_numpy(np.ascontiguousarray(images)))
        return RawOutput(*(output.numpy() for output in outputs))


def export_onnx(network: FractureNetwork, head: str, size: int, path: Path) -> None:
    """Write `network` to `path`, with a dynamic batch, height and width.

    Weights are stored in half precision and widened to float32 when the graph is loaded: half
    the size on disk, and float32 arithmetic all the same.

    Args:
        network: stays as it is.
        head: its detection head to read boxes from.
        size: of the longer side that it was trained for, network pixels.
        path: to write.
    """
    graph = ExportGraph(_one_channel(network), head)
    graph.network.model[-1].dynamic = True  # anchors for the size at hand, in the graph itself
    # neither square nor a batch of one, so that nothing which varies can become a constant unseen
    stride = int(network.stride.max())
    example = torch.full((2, 1, size, max(stride, size - stride)), PAD_VALUE, dtype=torch.uint8)
    beside = path.with_suffix(".partial")
    with warnings.catch_warnings():
        # The tracer warns of every shape that it meets, also of those that stay variable.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            graph,
            (example,),
            str(beside),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes=_AXES,
            opset_version=OPSET,
            dynamo=False,
        )
    import onnxslim

    model: Any = onnxslim.slim(onnx.load(str(beside)))
    _halve_weights(model)
    # Shapes between the nodes, which every runtime finds itself: a fifth of the file, and their
    # symbols are spelled otherwise from one process to the next.
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(beside))
    beside.replace(path)


def _one_channel(network: FractureNetwork) -> FractureNetwork:
    """Return a copy whose first convolution takes grey levels 0..255 as they are.

    The three colours of a radiograph are equal, so their weights add up. A network that begins
    otherwise than ultralytics' do keeps its three channels.
    """
    folded = copy.deepcopy(network).cpu()
    stem = folded.model[0]
    if isinstance(stem, Conv) and stem.conv.in_channels == 3 and stem.conv.groups == 1:
        stem.conv.weight = nn.Parameter(stem.conv.weight.data.sum(1, keepdim=True) / 255.0)
        stem.conv.in_channels = 1
    return folded


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
