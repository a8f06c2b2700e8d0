"""From samples of a dataset to the truth that records are matched to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.evaluate.cases import Truth
from detect.evaluate.readings import sample_name

__all__ = ["shared_folder", "truths_of"]


def shared_folder(dataset: Dataset, samples: Sequence[Sample]) -> Path:
    """Return the folder that holds all images of the samples: the dataset's, or one above it."""
    return Path(os.path.commonpath([dataset.root, *(sample.image.parent for sample in samples)]))


def truths_of(samples: Sequence[Sample], folder: Path | None) -> list[Truth]:
    """Return what is known of each sample, in order.

    Args:
        samples: boxes are of fractures only.
        folder: as for `sample_name`.
    """
    return [
        Truth(
            sample_name(sample, folder),
            sample.group,
            sample.fractured,
            None if sample.boxes is None else tuple(labelled.box for labelled in sample.boxes),
            sample.attributes,
        )
        for sample in samples
    ]
