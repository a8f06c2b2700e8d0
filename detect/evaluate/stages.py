"""The trainings that a bundle went through, one after another, as its manifest tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detect.evaluate.wording import one_line

__all__ = ["Stage", "stages_of", "started_from"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One training.

    Attributes:
        bundle: name and version of what it gave; None for the last, which gave the bundle itself.
        sha256: of that bundle's manifest, hex; None for the last.
        training: of the manifest, or what `detect.train.lineage` keeps of an earlier one; empty
            where nobody says.
    """

    bundle: str | None
    sha256: str | None
    training: Mapping[str, Any]


def stages_of(training: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Return all trainings, the first one first.

    Args:
        training: of the manifest; `continues`, if there, as `continued_training` returns it.
    """
    stages = [Stage(None, None, training)]
    while (earlier := stages[-1].training.get("continues")) is not None:
        name = one_line(f"{earlier['name']} {earlier['version']}")
        stages.append(Stage(name, earlier["sha256"], earlier["training"]))
    return tuple(reversed(stages))


def started_from(training: Mapping[str, Any]) -> str | None:
    """Return in Markdown what weights it began with, and those in turn; None where nobody says."""
    first, *later = stages_of(training)
    start = first.training.get("init")
    if start is None and not later:
        return None
    names = [f"the bundle {stage.bundle}" for stage in (first, *later)[-2::-1]]
    names.append("weights of which nothing is said" if start is None else f"`{one_line(start)}`")
    return ", itself from ".join(names)
