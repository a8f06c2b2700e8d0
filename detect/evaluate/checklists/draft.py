"""A reporting checklist as Markdown: what the evaluation knows, and what its authors must add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from detect.evaluate.checklists.known import Fact, Known
from detect.evaluate.checklists.method_facts import METHOD_FACTS
from detect.evaluate.checklists.model_facts import MODEL_FACTS
from detect.evaluate.checklists.result_facts import RESULT_FACTS
from detect.model.bundle import Bundle
from detect.write.atomic import replacing_text

__all__ = ["CHECKLISTS", "FACTS", "Checklist", "draft_checklist", "load_checklist"]
__all__ += ["write_checklists"]

CHECKLISTS = ("claim", "stard-ai")
FACTS: Mapping[str, Fact] = {**MODEL_FACTS, **METHOD_FACTS, **RESULT_FACTS}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(_Part):
    """One item; `known` names the facts that fill it, `open` what always is the authors'."""

    item: str
    section: str
    asks: str
    known: tuple[str, ...] = ()
    open: str | None = None


class Checklist(_Part):
    """A published list, its items asked in our words."""

    name: str
    file: str
    about: str
    citation: str
    doi: str
    verified: str
    n_items: int
    items: tuple[Item, ...]


def load_checklist(name: str) -> Checklist:
    """Return one of `CHECKLISTS`."""
    place = files("detect.evaluate.checklists") / f"{name.replace('-', '_')}.yaml"
    return Checklist.model_validate(yaml.safe_load(place.read_text("utf-8")))


def draft_checklist(checklist: Checklist, known: Known) -> str:
    """Return the draft: each item filled, filled in part, or open, in Markdown."""
    counts = {"filled": 0, "in part": 0, "open": 0}
    parts, section = [], None
    for item in checklist.items:
        if item.section != section:
            section = item.section
            parts.append(f"\n## {section}\n")
        state, text = _item(item, known)
        counts[state] += 1
        parts.append(text)
    return (
        f"# {checklist.name}: a draft\n\n"
        f"{checklist.about}. {checklist.citation} <https://doi.org/{checklist.doi}>\n\n"
        "The list is its authors'; what each item asks is told here in our own, shorter words. "
        f"{checklist.verified}\n\n"
        "Filled from `metrics.json`, from the manifest where a bundle was measured, and from how "
        "the program works; nothing else is claimed. **Filled** is a draft to check; **OPEN** is "
        "for the authors. "
        f"{len(checklist.items)} rows: {counts['filled']} filled, {counts['in part']} in part, "
        f"{counts['open']} open.\n{''.join(parts)}"
    )


def write_checklists(
    names: Sequence[str],
    metrics: Mapping[str, Any],
    bundle: Bundle | None,
    origin: str | None,
    out: Path,
) -> list[Path]:
    """Write the drafts into `out` and return their paths.

    Args:
        names: of `CHECKLISTS`.
        metrics: content of `metrics.json`.
        bundle: that the metrics are of; another one, or None, fills nothing.
        origin: where the dataset says that it comes from.
        out: a folder.

    Raises:
        OutputError: a file cannot be written.
    """
    measured = metrics.get("model", {}).get("sha256")
    manifest = None
    if bundle is not None and bundle.sha256 == measured:
        manifest = bundle.manifest.model_dump(mode="json")
    known = Known(metrics, manifest, origin)
    paths = []
    for name in dict.fromkeys(names):
        checklist = load_checklist(name)
        with replacing_text(out / checklist.file) as stream:
            stream.write(draft_checklist(checklist, known))
        paths.append(out / checklist.file)
    return paths


def _item(item: Item, known: Known) -> tuple[str, str]:
    """Return whether an item is filled, in part, or open, and its Markdown."""
    facts = [fact for fact in (FACTS[name](known) for name in item.known) if fact is not None]
    still_open = item.open
    if still_open is None and not facts:
        still_open = "neither `metrics.json` nor a manifest at hand tells this."
    state = "open" if not facts else "filled" if still_open is None else "in part"
    lines = [f"\n**{item.item}.** {item.asks}\n", *(f"- Filled: {fact}" for fact in facts)]
    if still_open is not None:
        lines.append(f"- **OPEN:** {still_open}")
    return state, "\n".join([*lines, "- Where in the manuscript:", ""])
