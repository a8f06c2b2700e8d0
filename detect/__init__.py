"""Fracture Locator: find fractures on radiographs, as a verdict and as boxes."""

from __future__ import annotations

__all__ = ["DEFAULT_BUNDLE", "__version__"]

__version__ = "0.1.0"
DEFAULT_BUNDLE = "fracture-n"  # of weights/; named here, where it costs no import
