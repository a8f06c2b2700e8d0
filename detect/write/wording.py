"""Words that reports for people share."""

from __future__ import annotations

from detect.record import Failure, Reading, Source

__all__ = [
    "CERTAINTY_MEANING",
    "OPERATING_POINT_MEANINGS",
    "REASON_WORDS",
    "attribute_words",
    "failure_words",
    "is_out_of_scope",
    "region_of",
    "shown",
    "shown_name",
]

OPERATING_POINT_MEANINGS = {
    "screening": "misses the fewest fractures, at the price of more false alarms",
    "balanced": "weighs missed fractures against false alarms",
    "confirm": "raises the fewest false alarms, at the price of more missed fractures",
}

CERTAINTY_MEANING = (
    "doubtful: another operating point of the bundle would decide otherwise, "
    "or the image is out of scope: unlike those that it was trained with"
)

REASON_WORDS = {  # of `record.FAILURE_REASONS`
    "not_found": "not found",
    "no_permission": "no permission",
    "empty": "empty file",
    "truncated": "truncated",
    "corrupt": "corrupt",
    "unsupported": "not supported",
    "too_large": "too large",
    "internal": "internal error",
}


def shown(text: str) -> str:
    r"""Return the text on one line, with what is not printable as escapes, such as `\udce9`.

    File names may hold line breaks, bytes that are no text, and marks that turn the direction
    of writing.
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def shown_name(source: Source) -> str:
    """Return the path, and the frame where there are several, for a person."""
    frame = "" if source.frame is None else f", frame {source.frame}"
    return shown(source.path) + frame


def failure_words(failure: Failure) -> tuple[str, str]:
    """Return the reason, and the message without the path that it begins with."""
    reason = REASON_WORDS.get(failure.reason, shown(failure.reason))
    return reason, shown(failure.message.removeprefix(f"{failure.source.path}: "))


def attribute_words(name: str) -> str:
    """Return an attribute's name for a person: `out of scope` for `out_of_scope`."""
    return shown(name).replace("_", " ")


def is_out_of_scope(reading: Reading) -> bool:
    """Whether the bundle says that it was not made for the image."""
    attribute = reading.attributes.get("out_of_scope")
    return attribute is not None and attribute.label == "yes"


def region_of(reading: Reading) -> str:
    """Return the body region: as the bundle tells it, else as DICOM does; empty if unknown."""
    attribute = reading.attributes.get("region")
    said = reading.source.body_part if attribute is None else attribute.label
    return shown(said or "").strip().lower().replace("_", " ")
