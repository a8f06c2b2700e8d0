"""What a model card says of attributes of the whole image: body regions, and what is in scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.wording import Footnotes, markdown_table

__all__ = ["attribute_section"]

_SCOPE = "out_of_scope"
_TEXT = """\
## Attributes of the whole image

Told from the means of the frozen trunk's feature maps. Regions by logistic regression, fitted on
train, its penalty chosen on val; several may hold. Out of scope by the distance to the training
images, beyond which the verdict is never definite and a warning stands.

{tables}{made_up}
What is not called out of scope may be so all the same: nothing but the training images was there
to learn from. Heavy noise, a white surround or a strange turn can make a radiograph of a limb a
stranger.

"""


def attribute_section(training: Mapping[str, Any], splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the section in Markdown; empty where the bundle tells no attributes.

    Args:
        training: of the manifest.
        splits: "val" and "test" → content of `metrics.json`; before 1.4 it had no attributes.
    """
    measured = {name: found["attributes"] for name, found in splits.items() if _told(found)}
    if "attributes" not in training or not measured:
        return ""
    notes, rows = Footnotes(), []
    for split, found in measured.items():
        for name, region in found["regions"].items():
            cells = [notes.cell(region[key]) for key in ("accuracy", "auroc")]
            rows.append([split, name, str(region["n"]), str(region["n_yes"]), *cells])
    tables = ""
    if rows:
        head = ["split", "attribute", "images", "that show it", "accuracy", "AUROC"]
        tables = f"{markdown_table(head, rows)}\n"
    rows = [
        [split, str(scope["n"]), str(scope["n_yes"]), notes.cell(scope["share"])]
        for split, scope in ((split, found[_SCOPE]) for split, found in measured.items())
    ]
    head = ["split", "images", "taken to be out of scope", "share"]
    tables += markdown_table(head, rows) + notes.text()
    return _TEXT.format(tables=tables, made_up=_made_up(training["attributes"]))


def _told(metrics: Mapping[str, Any]) -> bool:
    return metrics.get("attributes") is not None


def _made_up(fitted: Mapping[str, Any]) -> str:
    """Say how many made-up pictures were told apart, and what could not be fitted."""
    lines = [f"Not fitted: {name} ({why}).\n" for name, why in fitted["not_fitted"].items()]
    shares = fitted.get("scope", {}).get("made_up", {})
    if shares:
        told = ", ".join(f"{kind} {share:.0%}" for kind, share in shares.items())
        lines.append(f"Of made-up pictures that are no radiographs, called so: {told}.\n")
    return "\n" + "".join(lines) if lines else ""
