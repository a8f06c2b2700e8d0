"""From a radiograph to what the model says of it, in the radiograph's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from detect.model.bundle import Bundle, InputForm
from detect.model.calibration import Calibration
from detect.model.polarity import bone_light
from detect.model.postprocess import select_boxes
from detect.model.preprocess import Letterbox, letterbox
from detect.model.runtime import RawOutput, Runtime, RuntimeName, open_runtime
from detect.read.radiograph import Radiograph
from detect.stages import stage

__all__ = ["Prediction", "Predictor", "build_predictor"]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the model says of one image.

    Attributes:
        boxes: float32 (n, 4), xyxy pixels of the radiograph, inside it.
        scores: float32 (n,), descending.
        classes: int64 (n,), index into the bundle's classes.
        image_logit: of the verdict head.
        probability: calibrated P(fracture).
        evidence_map: makes `evidence`, which few images need, anew at each call.
        features: float32 (D,), the trunk's pooled feature maps; None of an older graph.
        warnings: one line each, for a person: what the pixels were taken for.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    image_logit: float
    probability: float
    evidence_map: Callable[[], NDArray[np.float32]]
    features: NDArray[np.float32] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def evidence(self) -> NDArray[np.float32]:
        """Where the verdict looked: float32 (h, w) in [0, 1], covering the radiograph exactly."""
        return self.evidence_map()


class Predictor:
    """A graph and its calibration; holds no state between calls, safe for many threads."""

    def __init__(self, runtime: Runtime, form: InputForm, calibration: Calibration) -> None:
        """Take the parts: a graph, how pixels become its input, and what its output means."""
        self._runtime = runtime
        self._form = form
        self._calibration = calibration

    def __call__(self, radiograph: Radiograph) -> Prediction:
        """Read one image.

        A runtime on the processor computes it alone, so that no neighbour in a batch can change a
        result; one on a card computes what several threads bring together, see `batching`.
        """
        with stage("prepare"):
            pixels, warnings = bone_light(radiograph)
            fitted = letterbox(pixels, self._form.size, self._form.pad_to)
        with stage("forward"):
            raw = self._runtime(fitted.image[None, None])
        with stage("post-process"):
            return self._read_out(fitted, raw, warnings)

    def _read_out(self, fitted: Letterbox, raw: RawOutput, warnings: tuple[str, ...]) -> Prediction:
        found = select_boxes(raw.boxes[0], raw.scores[0])
        boxes = fitted.to_image(found.boxes)
        solid = (boxes[:, 2] - boxes[:, 0] > 0) & (boxes[:, 3] - boxes[:, 1] > 0)
        scores = found.scores[solid]
        image_logit = float(raw.image_logit[0])
        best = float(scores[0]) if len(scores) else 0.0
        return Prediction(
            boxes[solid],
            scores,
            found.classes[solid],
            image_logit,
            self._calibration.probability(image_logit, best),
            partial(fitted.crop_map, raw.evidence[0]),
            None if raw.features is None else raw.features[0],
            warnings,
        )


def build_predictor(bundle: Bundle, runtime: RuntimeName = "auto", threads: int = 1) -> Predictor:
    """Load a bundle into a runtime; up to `threads` threads may call the result at once.

    Raises:
        InputError: the runtime is not installed, or there is no card for it.
        BundleError: the graph cannot be loaded, or there is none for this runtime.
        DeviceError: the card has no room for it.
    """
    return Predictor(
        open_runtime(bundle.graph_for(runtime), runtime, threads, bundle.manifest.input),
        bundle.manifest.input,
        bundle.calibration,
    )
