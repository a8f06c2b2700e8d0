"""What annotation tools get of a record: an image of known size, and the findings shown on it."""

from __future__ import annotations

from dataclasses import dataclass

from detect.errors import NotWrittenError
from detect.record import Failure, Finding, Reading

__all__ = ["FRACTURE", "ToCorrect", "to_correct"]

FRACTURE = "fracture"
"""The class where no box occurs at all: datasets and projects need one."""


@dataclass(frozen=True, slots=True)
class ToCorrect:
    """One image for people to correct."""

    reading: Reading
    width: int  # pixels, as a viewer shows it
    height: int  # pixels, as a viewer shows it
    shown: tuple[Finding, ...]  # definite and suspicious: what a reader of the results sees


def to_correct(record: Reading | Failure) -> ToCorrect:
    """Return what is to be corrected of a record.

    Findings of certainty `none`, as --min-score lists them, are left out: a person would have to
    delete most of them.

    Raises:
        NotWrittenError: the image could not be read, so that there is nothing to correct.
    """
    source = record.source
    if isinstance(record, Failure):
        raise NotWrittenError(
            f"{source.path}: could not be read ({record.reason}), so that there is no picture "
            "to correct; mend the file and run detect again"
        )
    if source.width is None or source.height is None:
        raise NotWrittenError(f"{source.path}: its size is not recorded; run detect again")
    shown = tuple(finding for finding in record.findings if finding.certainty != "none")
    return ToCorrect(record, source.width, source.height, shown)
