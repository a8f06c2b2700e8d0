"""How to get the same figures again."""

from __future__ import annotations

from detect.evaluate.page.parts import Block, Facts, Metrics, Section, Text, Words, say

__all__ = ["reproduce_section"]


def reproduce_section(metrics: Metrics) -> Section:
    """Return command, versions and hashes, as far as they are known."""
    content = metrics.content
    facts: list[tuple[str, Words]] = []
    if content.get("command"):
        facts.append(("Command", (metrics.text("command"),)))
    if content.get("version"):
        facts.append(("Fracture Locator", (metrics.text("version"),)))
    if content.get("model"):
        facts += [
            ("Model", (metrics.text("model", "name"), " ", metrics.text("model", "version"))),
            ("SHA-256 of the model", (metrics.text("model", "sha256"),)),
        ]
    if content.get("system", {}).get("precision"):
        computed = say(
            "{} ({})", *(metrics.text("system", key) for key in ("precision", "runtime"))
        )
        facts.append(("Computed in", computed))
    facts += [
        (f"Version of {name}", (metrics.text("environment", name),))
        for name in content.get("environment", {})
    ]
    facts += [
        ("SHA-256 of truth and images", (metrics.text("data", "sha256"),)),
        ("Schema of metrics.json", (metrics.text("schema_version"),)),
    ]
    blocks: list[Block] = [
        Facts(tuple(facts)),
        Text(
            say(
                "Every figure on this page stands in metrics.json beside it, under the path that "
                "its tooltip shows and that its element carries as data-metric (a JSON Pointer, "
                "RFC 6901). Equal truth, images and model, computed in the "
                "same precision, give equal figures."
            ),
            "note",
        ),
    ]
    return Section("reproduce", "How to reproduce", tuple(blocks))
