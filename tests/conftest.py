"""Fixtures that several test packages share."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from command_line import Call, Ended
from hypothesis import settings
from orthanc_server import Orthanc
from PIL import Image

import cli
from detect import DEFAULT_BUNDLE
from detect.data.phantom.render import render_phantom
from detect.model.bundle import find_bundle

# how long an example takes depends on what else the machine does
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Undo what a command's --quiet or --verbose leaves behind in this process."""
    logger = logging.getLogger("detect")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line in this process: `call("detect", path, …)`."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["cli.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real radiographs; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("FRACTURE_LOCATOR_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared radiographs at {folder}; set FRACTURE_LOCATOR_SHARED")
    return folder


@pytest.fixture(scope="session")
def phantom_pixels() -> tuple[np.ndarray, ...]:
    """Four small synthetic radiographs: uint16, shape (160, 128)."""
    return tuple(
        render_phantom(seed, fractured=seed % 2 == 0, size=(160, 128)).pixels for seed in range(4)
    )


@pytest.fixture
def radiographs(tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]) -> Path:
    """A folder of four pictures, two of them deeper, and a text beside them."""
    folder = tmp_path / "radiographs"
    names = ("a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png")
    for name, pixels in zip(names, phantom_pixels, strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        eight = (pixels >> (pixels.max().item().bit_length() - 8)).astype(np.uint8)
        Image.fromarray(eight if path.suffix == ".jpg" else pixels).save(path)
    (folder / "README.md").write_text("no picture", encoding="utf-8")
    return folder


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """A running Orthanc with DICOMweb and an empty storage; for tests that are marked slow."""
    server = Orthanc(tmp_path / "orthanc")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Copy the shipped bundle with a calibration that says 0.5 of every picture.

    `make_bundle(name, **thresholds)`: thresholds of operating points, or `definite` and
    `suspicious` for boxes, replace the bundle's; so a test knows what the verdict will be.
    """

    def make(name: str = "bundle", **thresholds: float) -> Path:
        shipped, folder = find_bundle(DEFAULT_BUNDLE), tmp_path / name
        folder.mkdir()
        manifest: dict[str, Any] = yaml.safe_load((shipped / "manifest.yaml").read_bytes())
        manifest["calibration"] = {"intercept": 0.0, "image_weight": 0.0, "box_weight": 0.0}
        for point, threshold in thresholds.items():
            if point in manifest["box_thresholds"]:
                manifest["box_thresholds"][point]["score"] = threshold
            else:
                manifest["operating_points"][point]["threshold"] = threshold
        del manifest["files"]["model.pt"]
        for file in manifest["files"]:
            shutil.copy(shipped / file, folder / file)
        (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
        return folder

    return make
