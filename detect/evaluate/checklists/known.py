"""What a checklist may draw on; nothing else is claimed in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Fact", "Known"]


@dataclass(frozen=True, slots=True)
class Known:
    """An evaluation, and what its makers say of the model and of the data.

    Attributes:
        metrics: content of `metrics.json`, see `detect.evaluate.report`.
        manifest: of the bundle that was measured, as plain JSON types; None where something
            else was, or where it is not at hand.
        origin: where the dataset says that it comes from; None where it does not.
    """

    metrics: Mapping[str, Any]
    manifest: Mapping[str, Any] | None
    origin: str | None

    @property
    def whole(self) -> Mapping[str, Any]:
        """The subset of every image."""
        subset: Mapping[str, Any] = self.metrics["subsets"]["all"]
        return subset

    @property
    def training(self) -> Mapping[str, Any]:
        """How the model came about; empty where nobody says."""
        said: Mapping[str, Any] = {} if self.manifest is None else self.manifest["training"]
        return said


# In Markdown, further lines being items below it; or None where nothing is known.
Fact = Callable[[Known], str | None]
