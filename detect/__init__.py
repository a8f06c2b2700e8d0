"""Fracture Locator: find fractures on radiographs, as a verdict and as boxes."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
