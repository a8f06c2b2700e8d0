"""The evidence map over the radiograph: by table as by arithmetic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detect.draw.evidence import evidence_panel
from detect.draw.style import scale_for


@pytest.mark.parametrize(("width", "height"), [(373, 454), (454, 373), (1100, 900), (9, 700)])
def test_the_table_blends_as_the_arithmetic_does(width: int, height: int) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (height, width), dtype=np.uint8)
    evidence = (rng.random((11, 7)) > 0.5).astype(np.float32)  # steps: the most overshoot
    scale = scale_for(width, height, 640)
    panel = evidence_panel(pixels, evidence, scale)

    size = (max(1, width * scale.factor // 2), max(1, height * scale.factor // 2))
    bone = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[:, :, None]
    heat = cv2.resize(evidence, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colours = cv2.applyColorMap(np.rint(heat * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    opacity = heat[:, :, None] * 0.65
    plain = bone * 0.8 * (1 - opacity) + colours * opacity
    assert np.abs(panel[: size[1], : size[0]] - plain).max() <= 1
