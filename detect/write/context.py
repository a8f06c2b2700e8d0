"""What a writer is given: where to write, and what there is beside the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from detect.write.originals import Originals

__all__ = ["HEATMAPS_NAME", "FormatOptions", "WriteContext", "picture_name"]

HEATMAPS_NAME = "heatmaps"


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a user may choose of a format."""

    embed: bool = False  # html: pictures inside the file, not beside it
    secondary_capture_of: Path | None = None  # a DICOM file: whose study raster images belong to


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What a writer is given."""

    folder: Path  # to write into; made if missing
    created: datetime  # with time zone: when the run that made the records began
    originals: Originals  # finds the images that were read
    heatmaps: Path | None = None  # folder of `picture_name(source, "png")`, where a run saved them
    options: FormatOptions = field(default_factory=FormatOptions)


def picture_name(path: str, frame: int | None, suffix: str) -> str:
    """Return the relative name of what is made of one image or frame.

    Args:
        path: of `Source`.
        frame: of `Source`.
        suffix: without its dot.
    """
    return f"{path}.{suffix}" if frame is None else f"{path}.frame{frame}.{suffix}"
