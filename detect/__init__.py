"""Fracture Locator: find fractures on radiographs, as a verdict and as boxes."""

from __future__ import annotations

import detect.cores  # noqa: F401 - first of all, since ultralytics' import writes what it reads

__all__ = ["DEFAULT_BUNDLE", "MANUFACTURER", "MODEL_NAME", "__version__"]

__version__ = "0.1.0"
DEFAULT_BUNDLE = "fracture-n"  # of weights/; named here, where it costs no import
# Maker of our DICOM objects, by which the reader knows its own pictures again.
MANUFACTURER = "Fracture Locator project"
MODEL_NAME = "Fracture Locator"
