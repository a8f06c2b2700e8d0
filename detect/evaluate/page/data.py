"""What was measured on, and what could not be read."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.evaluate.cases import MISSING
from detect.evaluate.page.failures import failures_as_errors
from detect.evaluate.page.parts import (
    Block,
    Facts,
    Listing,
    Metrics,
    Row,
    Section,
    Table,
    Text,
    Words,
    say,
)

__all__ = ["data_section"]

_MOST_LISTED = 200  # failures, and copies left out; metrics.json lists all
_COUNTS = (
    ("n", "Images"),
    ("n_read", "Images read"),
    ("n_failed", "Images failed"),
    ("n_fractured", "Fractured"),
    ("n_not_fractured", "Not fractured"),
    ("n_unknown", "Neither known to be fractured nor not: left out of the verdict's figures"),
    ("n_groups", "Groups (patients or nearest known groupings), drawn together by the bootstrap"),
    ("n_fractured_annotated_without_box", "Fractured, annotated, yet without a box"),
    ("n_records_without_truth", "Results of images that are not in the set, left out"),
)


def data_section(metrics: Metrics) -> Section:
    """Return counts, failures by reason, and figures with failures counted as wrong."""
    blocks: list[Block] = [Facts(tuple(_facts(metrics))), *_copies(metrics)]
    if metrics.at("data", "n_failed"):
        blocks += [_reasons(metrics), *failures_as_errors(metrics), _failures(metrics)]
    else:
        blocks.append(Text(say("No image failed, so all of them are in the figures.")))
    return Section("data", "Data and failures", tuple(blocks))


def _facts(metrics: Metrics) -> list[tuple[str, Words]]:
    data = metrics.content["data"]
    facts: list[tuple[str, Words]] = []
    for key, term in (("name", "Data set"), ("split", "Split"), ("licence", "Licence")):
        if data.get(key) is not None:
            facts.append((term, (metrics.text("data", key),)))
    facts += [(term, (metrics.count("data", key),)) for key, term in _COUNTS]
    for kind in data.get("left_out", {}):
        words = f"Left out: {printable(kind).replace('_', ' ')}"
        facts.append((words, (metrics.count("data", "left_out", kind),)))
    if data.get("grouped_by") is not None:
        facts.append(("Unit of the bootstrap", (metrics.text("data", "grouped_by"),)))
    return facts


def _copies(metrics: Metrics) -> list[Block]:
    """Return which images were left out since other splits hold them, too, if that was asked."""
    found = metrics.content["data"].get("without_copies")
    if found is None:
        return []
    at = ("data", "without_copies")
    if not found["compared_with"]:
        words = say("There is no other split, so no copy of its images could be looked for.")
        return [Text(words)]
    sizes = {other: metrics.count(*at, "compared_with", other) for other in found["compared_with"]}
    where = " and ".join(f"{other} ({{}} images)" for other in sizes)
    unread = "; {} of all these files cannot be read, and were not compared"
    unreadable = [metrics.count(*at, "n_unreadable")] if found["n_unreadable"] else []
    words = say(
        "Left out are {} images that are, exactly or nearly, in another split as well. "
        f"Compared with: {where}{unread if unreadable else ''}.",
        *(metrics.count(*at, "n"), *sizes.values(), *unreadable),
    )
    items: list[Words] = [
        say(
            "{}: copy in {}",
            metrics.text(*at, "images", number, "path"),
            metrics.text(*at, "images", number, "splits"),
        )
        for number in range(min(len(found["images"]), _MOST_LISTED))
    ]
    if len(found["images"]) > _MOST_LISTED:
        items.append(say(f"and {len(found['images']) - _MOST_LISTED} more; metrics.json lists all"))
    title = f"Images left out for a copy in another split ({found['n']})"
    return [Text(words), *([Listing(title, tuple(items))] if items else [])]


def _reasons(metrics: Metrics) -> Table:
    return Table(
        "Failures by reason",
        ("reason", "images"),
        tuple(
            Row(((printable(reason),), (metrics.count("data", "failures_by_reason", reason),)))
            for reason in metrics.at("data", "failures_by_reason")
        ),
        note=(
            "missing: the saved results hold nothing of these images."
            if MISSING in metrics.at("data", "failures_by_reason")
            else ""
        ),
    )


def _failures(metrics: Metrics) -> Listing:
    failures = metrics.at("data", "failures")
    items: list[Words] = [
        say(
            "{}: {}",
            metrics.text("data", "failures", number, "path"),
            metrics.text("data", "failures", number, "reason"),
        )
        for number in range(min(len(failures), _MOST_LISTED))
    ]
    if len(failures) > _MOST_LISTED:
        items.append(say(f"and {len(failures) - _MOST_LISTED} more; metrics.json lists all"))
    return Listing(f"Images that failed ({len(failures)})", tuple(items))
