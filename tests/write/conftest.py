"""Records that every format's test writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from annotation_samples import write_images

from detect.record import Attribute, Box, Failure, Finding, ModelInfo, Reading, Source, Verdict
from detect.write.context import WriteContext
from detect.write.originals import Originals


@pytest.fixture
def records() -> tuple[Reading | Failure, ...]:
    """A fractured and a normal image, a frame of a DICOM object, and a failure."""
    model = ModelInfo("bundle", "1.0.0", "f" * 64)
    fractured = Reading(
        source=Source("Hände/=SUM(A1), links.png", "a" * 64, 373, 454),
        verdict=Verdict("fractured", "definite", 0.1 + 0.2, "balanced", 0.25),
        findings=(
            Finding("F1", "fracture", "definite", 0.83, Box(1.0, 2.5, 30.25, 40.0)),
            Finding("F2", "@home", "suspicious", 1 / 3, Box(300.0, 400.0, 373.0, 454.0)),
            Finding("F3", "fracture", "none", 0.01, Box(0.0, 0.0, 1e-3, 1.0), "evidence"),
        ),
        model=model,
        attributes={"region": Attribute("hand", 0.93)},
        warnings=("small image", 'a "quoted", one'),
        seconds=0.25,
    )
    normal = Reading(
        source=Source("b.png", "b" * 64, 1152, 1440),
        verdict=Verdict("not_fractured", "doubtful", 0.2, "balanced", 0.25),
        findings=(),
        model=model,
    )
    frame = Reading(
        source=Source(
            path="c.dcm",
            sha256="c" * 64,
            width=3000,
            height=2500,
            frame=2,
            modality="DX",
            sop_instance_uid="1.2.3",
            study_instance_uid="1.2",
            laterality="L",
            body_part="HAND",
        ),
        verdict=Verdict("not_fractured", "definite", 1e-5, "balanced", 0.25),
        findings=(),
        model=model,
    )
    failure = Failure(Source("-broken.jpg", None), "truncated", "-broken.jpg: ends too early")
    return (fractured, normal, frame, failure)


@pytest.fixture
def context() -> Callable[..., WriteContext]:
    """Return what makes the context of a writer: its folder, and that of the images read."""

    def build(folder: Path, images: Path | None = None, **others: Any) -> WriteContext:
        return WriteContext(
            folder=folder,
            created=datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC),
            originals=Originals(lambda name: None if images is None else images / name),
            **others,
        )

    return build


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Images of every kind that annotation tools treat differently."""
    write_images(tmp_path / "images")
    return tmp_path / "images"
