"""What a system says of each image of a split: one record per sample, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from detect.data.sample import Sample
from detect.errors import DeviceError, ReadError
from detect.in_order import in_order
from detect.progress import followed
from detect.read import Radiograph, read, sha256_of
from detect.record import Failure, Reading, Source

__all__ = ["SEVERAL_FRAMES", "Readings", "read_each", "sample_name"]

LOGGER = logging.getLogger(__name__)
SEVERAL_FRAMES = "has several frames, not one"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The records of one system.

    Attributes:
        records: `Source.path` is the name of the sample; further ones are of no sample.
        uncalibrated: what the system said before calibration, in [0, 1], by the name of the
            sample, where known.
        about: what the report tells of how these records came about, as plain JSON types.
    """

    records: list[Reading | Failure]
    uncalibrated: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


def sample_name(sample: Sample, folder: Path | None) -> str:
    """Return the image's path relative to `folder`, which holds it, or else the absolute one."""
    image = sample.image if folder is None else sample.image.relative_to(folder)
    return image.as_posix()


def read_each(
    samples: Sequence[Sample],
    work: Callable[[Radiograph], Result],
    *,
    workers: int,
    show_progress: bool,
    folder: Path | None = None,
    task: str = "evaluate",
) -> list[Result | Failure]:
    """Decode each sample and return what `work` makes of it, in order, or why it failed.

    Args:
        samples: a file with several frames fails, since the truth is of one image.
        work: called from `workers` threads at once; whatever it raises costs one image, but for
            a DeviceError, which ends it all.
        workers: threads.
        show_progress: draw a bar on stderr.
        folder: as for `sample_name`; names the image in `Source.path`.
        task: one word, for the progress bar.
    """

    def one(sample: Sample) -> Result | Failure:
        name = sample_name(sample, folder)
        try:
            radiographs = list(islice(read(sample.image, name), 2))
            if len(radiographs) != 1:
                raise ReadError("unsupported", f"{name}: {SEVERAL_FRAMES}")
            return work(radiographs[0])
        except ReadError as error:
            return Failure(Source(name, sha256_of(sample.image)), error.reason, str(error))
        except DeviceError:
            raise
        except Exception as error:  # the model's mistake or ours: counted as such
            LOGGER.debug("%s", name, exc_info=True)
            message = f"{name}: internal error, please report it: {type(error).__name__}: {error}"
            digest = sha256_of(sample.image)
            return Failure(Source(name, digest), "internal", " ".join(message.split()))

    results = []
    done = in_order(one, samples, workers)
    for result in followed(task, done, len(samples), bar=show_progress):
        if isinstance(result, Failure):
            LOGGER.warning("failed: %s", result.message)
        results.append(result)
    return results
