"""What choices were measured against one another: a table from a file into a model card.

The file is YAML, such as `configs/ablations/fracture-n.yaml`:

    about: What was measured on, and how.
    rows:
      - what: 640 pixels, as shipped
        figures: {mAP50: 0.505, AUROC: 0.936}
        seeds: 1
        time: 36 s
    network: fracture-n 0.1.0    # optional: what was measured,
    bundle_sha256: 230f363f…     # and the sha256 of its model.pt, whole
    not_tried:                   # optional: choices of which nothing is known
      - 1024 pixels
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from detect.config import load_config
from detect.evaluate.wording import markdown_table, one_line

__all__ = ["Ablation", "AblationTable", "ablation_text", "load_ablations"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Ablation(_Part):
    """One choice and what came of it."""

    what: str = Field(min_length=1)
    figures: dict[str, float] = Field(min_length=1)  # name → value
    seeds: int = Field(ge=1)  # trainings, of which the figures are the mean
    time: str = Field(min_length=1)  # with its unit, and what took it


class AblationTable(_Part):
    """Choices that were measured alike."""

    about: str = Field(min_length=1)
    rows: tuple[Ablation, ...] = Field(min_length=1)
    network: str | None = Field(None, min_length=1)  # what it is called that was measured
    # of its model.pt, since that of a manifest changes with its card
    bundle_sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    not_tried: tuple[Annotated[str, Field(min_length=1)], ...] = ()


def load_ablations(path: Path) -> dict[str, Any]:
    """Read and check a file of ablations; return it as plain types, for the manifest.

    Raises:
        ConfigError: the file is missing, is no YAML mapping, or has mistakes (all are named).
    """
    return load_config(path, AblationTable).model_dump(mode="json")


def ablation_text(plain: dict[str, Any], checkpoint: str | None) -> str:
    """Return a paragraph and a table in Markdown: one column for each figure that a row names.

    Before them it says so where they are of another network than the bundle's, and after them
    what was not tried.

    Args:
        plain: as `load_ablations` returns it.
        checkpoint: sha256 of the bundle's model.pt; None where it has none.
    """
    table = AblationTable.model_validate(plain)
    names = list(dict.fromkeys(name for row in table.rows for name in row.figures))
    rows = [
        [
            row.what,
            *(f"{row.figures[name]:.3f}" if name in row.figures else "" for name in names),
            str(row.seeds),
            row.time,
        ]
        for row in table.rows
    ]
    text = f"{one_line(table.about)}\n\n{markdown_table(['what', *names, 'seeds', 'time'], rows)}"
    if table.not_tried:
        text += f"\nNot tried: {'; '.join(map(one_line, table.not_tried))}.\n"
    return _of_another(table, checkpoint) + text


def _of_another(table: AblationTable, checkpoint: str | None) -> str:
    """Say that the table is of another network, where it is."""
    if table.bundle_sha256 in (None, checkpoint):
        return ""
    name = "" if table.network is None else f" ({one_line(table.network)})"
    if checkpoint is None:
        return (
            f"**Perhaps of other weights**: this bundle has no model.pt by which to tell whether "
            f"it is the network{name} that was measured.\n\n"
        )
    return f"**Of an earlier network**{name}, not of these weights.\n\n"
