"""What figures rest on besides the model."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import Any

import numpy as np

from detect.evaluate.cases import Truth
from detect.evaluate.provenance import data_sha256, environment
from detect.record import Box


def test_versions_are_those_in_use() -> None:
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert all(isinstance(version, str) for version in found.values())


def test_the_hash_is_of_images_and_truth_alone(reading: Any, failure: Any) -> None:
    truths = [Truth("a", "p1", True, (Box(0, 0, 9, 9),)), Truth("b", None, False, ())]
    records = [reading("a", 0.9), reading("b", 0.1)]
    whole = data_sha256(truths, records)
    assert len(whole) == 64
    assert data_sha256(truths[::-1], [reading("b", 0.7), reading("a", 0.2)]) == whole
    other_bytes = replace(records[0], source=replace(records[0].source, sha256="1" * 64))
    for changed in (
        data_sha256([replace(truths[0], fractured=None), truths[1]], records),
        data_sha256([replace(truths[0], boxes=(Box(0, 0, 9, 8),)), truths[1]], records),
        data_sha256([replace(truths[0], boxes=None), truths[1]], records),
        data_sha256([replace(truths[0], group="p2"), truths[1]], records),
        data_sha256([replace(truths[0], path="c"), truths[1]], records),
        data_sha256(truths[:1], records),
        data_sha256(truths, [other_bytes, records[1]]),
        data_sha256(truths, records[:1]),
    ):
        assert changed != whole
    odd = [Truth("caf\udce9\n", None, None, None)]
    assert data_sha256(odd, [failure("caf\udce9\n")]) != data_sha256([], [])
