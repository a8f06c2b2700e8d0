"""What writes records as FHIR and reads the Bundles back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fhir_json import Json, bundles_in

from detect.record import Failure, Reading
from detect.write.context import WriteContext
from detect.write.formats import write_formats

Write = Callable[..., dict[str, Json]]


@pytest.fixture
def write(tmp_path: Path, context: Callable[..., WriteContext]) -> Write:
    """Return what writes records in a release and returns the Bundles by their names."""

    def run(
        *records: Reading | Failure,
        release: str = "r5",
        out: str = "out",
        images: Path | None = None,
    ) -> dict[str, Json]:
        missed = write_formats(records, context(tmp_path / out, images), [f"fhir-{release}"])
        assert not missed
        return bundles_in(tmp_path / out / f"fhir-{release}")

    return run
