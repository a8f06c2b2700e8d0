"""Exports of Label Studio as tests write them, and what tests ask of the datasets read."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from detect.data.sample import Dataset, Sample

Json = dict[str, Any]


def rectangle(label: str, x: float, y: float, w: float, h: float, **more: Any) -> Json:
    return {
        "id": f"{label}{x}{y}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 400,
        "original_height": 200,
        "image_rotation": 0,
        "value": {
            "x": x,
            "y": y,
            "width": w,
            "height": h,
            "rotation": 0,
            "rectanglelabels": [label],
        },
    } | more


def choice(*values: str, control: str = "verdict") -> Json:
    return {
        "id": f"c{control}",
        "type": "choices",
        "from_name": control,
        "to_name": "image",
        "value": {"choices": list(values)},
    }


def annotation(*result: Json, **more: Any) -> Json:
    return {
        "id": 1,
        "completed_by": 1,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2024-05-01T10:00:00.000000Z",
        "updated_at": "2024-05-01T10:00:00.000000Z",
        "result": list(result),
    } | more


def task(identity: int, image: str, *annotations: Json, **more: Any) -> Json:
    return {
        "id": identity,
        "annotations": list(annotations),
        "predictions": [],
        "data": {"image": image},
    } | more


def corners(sample: Sample) -> list[tuple[str, Any]]:
    return [(entry.label, pytest.approx(astuple(entry.box))) for entry in sample.boxes or ()]


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def only(dataset: Dataset) -> Sample:
    (sample,) = dataset.samples
    return sample
