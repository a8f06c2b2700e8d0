"""Attribute heads on the frozen trunk: fitted on train, settled on val.

A bundle keeps them as `attributes.json` (see `detect.model.attributes`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.data.body_regions import regions_of, shows_region
from detect.data.sample import Sample
from detect.model.attributes import (
    ATTRIBUTES_SCHEMA,
    EVEN,
    OUT_OF_SCOPE,
    REGION,
    AttributeHeads,
    AttributesFile,
)
from detect.model.bundle import InputForm
from detect.model.polarity import bone_light
from detect.read import Radiograph, read
from detect.record import Source
from detect.train.pooled import Picture, pooled_features
from detect.train.region_heads import LEAST_OF_A_KIND, RegionData, fit_region
from detect.train.scope import LEAST_IMAGES, MOST_FALSE_ALARMS, fit_scope, short
from detect.train.strangers import strangers
from detect.write.atomic import replacing_text

__all__ = ["FittedAttributes", "fit_attributes"]

LOGGER = logging.getLogger(__name__)
_STRANGERS = 120  # made up to fit with, and as many others to measure with

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedAttributes:
    """What a bundle keeps of the fit.

    Attributes:
        file: content of `attributes.json`.
        figures: what was found, as plain types for the manifest: `regions` {name: what
            `fit_region` tells}; `not_fitted` {attribute: why}; and, unless that was not fitted,
            `scope` {images (of val), false_alarms (of them), most_false_alarms (share by design),
            made_up {kind of stranger, others than were fitted with, but for the photographs that
            crops are of: share told apart}}.
    """

    file: AttributesFile
    figures: dict[str, Any]

    def write(self, path: Path) -> None:
        """Write `attributes.json`.

        Raises:
            OutputError: it cannot be written.
        """
        with replacing_text(path) as stream:
            stream.write(json.dumps(self.file.model_dump(mode="json")) + "\n")


def fit_attributes(
    samples: Sequence[Sample], graph: Path, form: InputForm, workers: int, show_progress: bool
) -> FittedAttributes:
    """Fit body regions, where the samples tell them, and what is out of scope.

    Args:
        samples: each can be read; those of train and val are used.
        graph: the exported graph.
        form: of its input.
        workers: threads.
        show_progress: draw a bar on stderr.
    """
    train = [sample for sample in samples if sample.split == "train"]
    val = [sample for sample in samples if sample.split == "val"]
    made_up = list(strangers(2 * _STRANGERS, np.random.default_rng(0)))
    pictures: list[Picture] = [partial(_pixels, sample) for sample in (*train, *val)]
    pictures += [partial(_as_read, _radiograph(picture)) for _, picture in made_up]
    features = pooled_features(pictures, graph, form, workers, show_progress)
    ends = [len(train), len(train) + len(val), len(train) + len(val) + _STRANGERS]
    of_train, of_val, of_strangers, of_others = np.split(features, ends)

    mean, scale = of_train.mean(0), of_train.std(0)
    scale = np.where(scale > 0, scale, 1.0)  # a feature that never changes says nothing
    standardised = ((of_train - mean) / scale, (of_val - mean) / scale)
    figures: dict[str, Any] = {"regions": {}, "not_fitted": {}}
    regions = {}
    for name in regions_of([*train, *val]):
        data = [
            RegionData(rows, _truth(part, name))
            for rows, part in zip(standardised, (train, val), strict=True)
        ]
        fitted = fit_region(*data)
        if fitted is None:
            why = f"fewer than {LEAST_OF_A_KIND} images with or without it on train or val"
            figures["not_fitted"][f"{REGION}_{name}"] = why
        else:
            regions[name], figures["regions"][name] = fitted
    scope = None
    if len(train) < LEAST_IMAGES:
        figures["not_fitted"][OUT_OF_SCOPE] = f"fewer than {LEAST_IMAGES} images on train"
    else:
        scope = fit_scope(of_train, _groups(train), of_strangers)
    for name, why in figures["not_fitted"].items():
        LOGGER.warning("attribute %s is not fitted: %s", name, why)
    file = AttributesFile(
        schema_version=ATTRIBUTES_SCHEMA,
        mean=short(mean),
        scale=short(scale),
        regions=regions,
        scope=scope,
    )
    if scope is not None:
        heads = AttributeHeads.of(file)
        others = [kind for kind, _ in made_up[_STRANGERS:]]
        figures["scope"] = {
            "images": len(val),
            "false_alarms": int((heads.out_of_scope(of_val) >= EVEN).sum()),
            "most_false_alarms": MOST_FALSE_ALARMS,
            "made_up": _shares(others, heads.out_of_scope(of_others) >= EVEN),
        }
    return FittedAttributes(file, figures)


def _pixels(sample: Sample) -> NDArray[np.uint8]:
    (radiograph,) = read(sample.image, sample.image.name)
    return _as_read(radiograph)


def _radiograph(picture: NDArray[np.uint8]) -> Radiograph:
    return Radiograph(picture, Source("made up", None))


def _as_read(radiograph: Radiograph) -> NDArray[np.uint8]:
    return bone_light(radiograph)[0]  # as the predictor sees it


def _truth(samples: Sequence[Sample], region: str) -> Features:
    """Return 1, 0 or NaN for each sample."""
    said = (shows_region(sample.attributes, region) for sample in samples)
    return np.array([np.nan if shows is None else float(shows) for shows in said])


def _groups(samples: Sequence[Sample]) -> NDArray[np.intp]:
    """Number the groups; a sample without one is a group of its own."""
    numbers: dict[str, int] = {}
    names = [
        f"image {index}" if sample.group is None else f"group {sample.group}"
        for index, sample in enumerate(samples)
    ]
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.intp)


def _shares(kinds: Sequence[str], told: NDArray[np.bool_]) -> dict[str, float]:
    """Return the share told apart of each kind."""
    return {
        kind: round(float(told[[one == kind for one in kinds]].mean()), 4)
        for kind in dict.fromkeys(kinds)
    }
