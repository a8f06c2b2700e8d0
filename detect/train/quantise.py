"""An int8 copy of a bundle's graph: faster on processors that multiply bytes, nearly as good.

Post-training quantisation (Jacob et al., CVPR 2018) by NNCF: scales and zero points come from
training images, and no weight is trained. Convolutions then multiply 8-bit integers; how much
that changes the figures is for the validation split to say. The copy is OpenVINO's own form,
which the base install runs (an `.xml` with a `.bin` beside it), and takes every input that the
graph takes.
https://docs.openvino.ai/2025/openvino-workflow/model-optimization-guide/quantizing-models-post-training.html
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.data.sample import Sample
from detect.errors import BundleError, OutputError, ReadError, TrainingError
from detect.model.bundle import InputForm
from detect.model.polarity import bone_light
from detect.model.preprocess import letterbox
from detect.offline import switch_off_telemetry
from detect.progress import followed
from detect.read import read
from detect.write.atomic import naming_output

__all__ = ["CALIBRATION_IMAGES", "calibration_images", "quantise_graph"]

LOGGER = logging.getLogger(__name__)
CALIBRATION_IMAGES = 300  # NNCF's own default
_SUMS = frozenset({"Convolution", "GroupConvolution", "MatMul"})  # what 8 bits make faster
_NO_WORK = frozenset({"Constant", "Parameter", "Result"})
_VERDICT = frozenset({"image_logit", "evidence"})  # outputs of the verdict head
_FIRST = 2  # convolutions in a row from the input on


def calibration_images(
    samples: Sequence[Sample], count: int = CALIBRATION_IMAGES
) -> tuple[Path, ...]:
    """Choose which training images the scales come from: half of them fractured, if there are.

    Evenly spaced in the order of the dataset, so that the same dataset gives the same choice.

    Args:
        samples: of the dataset; those of other splits than train play no part.
        count: images at most.
    """
    training = [sample for sample in samples if sample.split == "train"]
    fractured = [sample.image for sample in training if sample.fractured]
    others = [sample.image for sample in training if not sample.fractured]
    chosen = _spaced(fractured, max(count // 2, count - len(others)))
    return (*chosen, *_spaced(others, count - len(chosen)))


def _spaced(images: Sequence[Path], count: int) -> list[Path]:
    count = min(count, len(images))
    return [images[index * len(images) // count] for index in range(count)]


def quantise_graph(
    graph: Path,
    images: Sequence[Path],
    form: InputForm,
    out: Path,
    *,
    show_progress: bool = False,
) -> None:
    """Write the int8 copy of `graph` to `out`, and its numbers to a `.bin` beside it.

    Args:
        graph: ONNX, as `detect.train.export.export_onnx` writes it.
        images: training images of any kind that `detect` reads; of several frames the first
            counts. What cannot be read is logged and left out.
        form: how the bundle's images become the graph's input.
        out: ends in `.xml`; what is there is replaced.
        show_progress: draw bars on stderr.

    Raises:
        BundleError: the graph cannot be read.
        TrainingError: none of the images can be read.
        OutputError: the files cannot be written.
    """
    switch_off_telemetry()  # NNCF reports through the same package as OpenVINO
    import openvino

    level = logging.getLogger().level
    try:
        # unlike Core.read_model, this fuses x · sigmoid(x), within which NNCF would round else
        model = openvino.convert_model(str(graph))
    except Exception as error:  # OpenVINO raises its own types; all mean the graph is unusable
        first = " ".join(str(error).split())[:200]
        raise BundleError(f"{graph}: cannot be quantised: {first}") from error
    finally:
        logging.getLogger().setLevel(level)  # the conversion leaves all logs at errors only
    with naming_output(out):  # before the long work, so that a wrong folder is told at once
        folder = tempfile.TemporaryDirectory(dir=out.parent, prefix=".quantise-")
    with folder as beside:
        inputs = list(_inputs(images, form, show_progress))
        if not inputs:
            raise TrainingError(
                f"{graph}: cannot be quantised: none of {len(images)} training images can be "
                "read; see the lines above, and mend the dataset"
            )
        quantised = _quantise(model, inputs, show_progress)
        part = Path(beside) / out.name
        try:
            openvino.save_model(quantised, part)  # what stays float, in half precision
        except RuntimeError as error:  # which tells no more than that a stream failed
            raise OutputError(
                f"cannot write {out}: free some space or choose another --out"
            ) from error
        with naming_output(out):
            part.with_suffix(".bin").replace(out.with_suffix(".bin"))
            part.replace(out)


def _inputs(
    images: Sequence[Path], form: InputForm, show_progress: bool
) -> Iterator[dict[str, NDArray[np.uint8]]]:
    for path in followed("read", images, len(images), bar=show_progress):
        try:
            for radiograph in islice(read(path, path.name), 1):
                fitted = letterbox(bone_light(radiograph)[0], form.size, form.pad_to)
                yield {"image": fitted.image[None, None]}
        except ReadError as error:
            LOGGER.warning("left out: %s", error)


def _quantise(
    model: Any, inputs: Sequence[dict[str, NDArray[np.uint8]]], show_progress: bool
) -> Any:
    # NNCF draws its bars on stdout, which is for results
    with contextlib.redirect_stdout(sys.stderr if show_progress else io.StringIO()):
        nncf = _import_nncf()
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet

        return nncf.quantize(
            model,
            nncf.Dataset(inputs),
            # x · sigmoid(x) gives much above zero and little below: activations with a zero point
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(inputs),
            # some of the names are of shape arithmetic, which NNCF leaves out by itself
            ignored_scope=nncf.IgnoredScope(names=_kept_in_float(model), validate=False),
            # ranges that round least on the whole, where the default spans every outlier
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
            ),
        )


def _import_nncf() -> Any:
    """Import NNCF, and let its log take the way of all logs."""
    import nncf

    logging.setLoggerClass(logging.Logger)  # NNCF sets a class of its own for all later loggers
    logger = logging.getLogger("nncf")
    logger.handlers.clear()  # one writes to stdout
    logger.propagate = True
    logger.setLevel(logging.ERROR)  # it warns of every operation for which it knows one way only
    return nncf


def _kept_in_float(model: Any) -> list[str]:
    """Return the names of the operations that are not quantised: cheap ones that say much.

    These are the first convolutions, whose rounding all that follows repeats (on FracAtlas they
    make more than half of the error of the image logit); the last convolution before each output
    and what follows it; and the verdict head. The convolutions by which that takes in the trunk's
    features, and the features' own pooling are none of these: one reader in float would keep the
    features from all others in 8 bits. Told by how the graph hangs together, since names differ
    between networks.
    """
    reached, summed_later = _what_follows(model)
    summed: dict[str, int] = {}  # operation → convolutions and products in a row up to it
    kept: dict[str, None] = {}  # in order
    for node in model.get_ordered_ops():
        name, kind = node.get_friendly_name(), node.get_type_name()
        sources = [value.get_source_output().get_node() for value in node.inputs()]
        names = [source.get_friendly_name() for source in sources]
        summed[name] = max((summed[source] for source in names), default=0) + (kind in _SUMS)
        if kind in _NO_WORK:
            continue
        first = kind in _SUMS and summed[name] <= _FIRST
        last = not summed_later[name] and (kind in _SUMS or any(each in kept for each in names))
        of_verdict = reached[name] <= _VERDICT
        enters = kind in _SUMS and of_verdict and not reached[names[0]] <= _VERDICT
        if first or last or (of_verdict and not enters):
            kept[name] = None
    return list(kept)


def _what_follows(model: Any) -> tuple[dict[str, set[str]], dict[str, bool]]:
    """Return which outputs each operation reaches, and whether by a convolution or product."""
    reached: dict[str, set[str]] = {}
    summed_later: dict[str, bool] = {}
    for node in reversed(model.get_ordered_ops()):
        consumers = [
            target.get_node() for output in node.outputs() for target in output.get_target_inputs()
        ]
        names = [consumer.get_friendly_name() for consumer in consumers]
        ends = node.input_value(0).get_names() if node.get_type_name() == "Result" else set()
        reached[node.get_friendly_name()] = ends.union(*(reached[name] for name in names))
        summed_later[node.get_friendly_name()] = any(
            summed_later[consumer.get_friendly_name()] or consumer.get_type_name() in _SUMS
            for consumer in consumers
        )
    return reached, summed_later
