"""The words above and below the radiograph; they never cover its pixels."""

from __future__ import annotations

from collections.abc import Sequence

from detect.draw.style import BOX_STYLES, HEADLINE_COLOURS, MUTED, PLAIN, WARNING, Scale
from detect.draw.text import Paragraph, Span
from detect.record import Finding, Reading

__all__ = ["RESEARCH_USE_ONLY", "banner_paragraphs", "footer_paragraphs", "percent"]

RESEARCH_USE_ONLY = "Research use only – not for diagnosis"

_HEADLINES = {"fractured": "FRACTURED", "not_fractured": "NOT FRACTURED"}
_NAMED_AT_MOST = 12  # findings named in the footer before the rest are counted


def percent(probability: float) -> str:
    """Return a probability in per cent that never reads as certain when it is not."""
    if 0 < probability < 0.001:
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    if 0.999 < probability < 1:
        return ">\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%"
    return f"{probability:.1%}".replace("%", "\N{NO-BREAK SPACE}%")


def banner_paragraphs(reading: Reading, scale: Scale) -> list[Paragraph]:
    """Return verdict, probability, operating point, bundle and warnings."""
    verdict, model = reading.verdict, reading.model
    headline = _HEADLINES[verdict.label]
    if verdict.certainty == "doubtful":
        headline += " (doubtful)"
    probability = f"fracture probability {percent(verdict.probability)}"
    threshold = percent(verdict.threshold)
    detail = (
        f"operating point: {verdict.operating_point} (fractured from {threshold})"
        f" · {model.name} {model.version}"
    )
    small = scale.label
    return [
        Paragraph(
            (
                Span(headline, HEADLINE_COLOURS[verdict.label]),
                Span("\N{NO-BREAK SPACE}", PLAIN),
                Span(probability.replace(" ", "\N{NO-BREAK SPACE}"), PLAIN),
            ),
            round(1.2 * scale.text),
            bold=True,
        ),
        Paragraph((Span(detail, MUTED),), small),
        *(Paragraph((Span(f"Warning: {w}", WARNING),), small) for w in reading.warnings),
    ]


def footer_paragraphs(
    findings: Sequence[Finding], unlabelled: Sequence[str], scale: Scale
) -> list[Paragraph]:
    """Return the legend of the line styles in use, what has no label, and the intended use.

    Args:
        findings: all that are drawn.
        unlabelled: texts of the labels for which the picture had no room.
        scale: sizes.
    """
    legend = []
    for certainty, style in BOX_STYLES.items():
        if any(finding.certainty == certainty for finding in findings):
            held = f"{style.sample} {style.words}".replace(" ", "\N{NO-BREAK SPACE}")
            legend.append(Span(held + "\N{NO-BREAK SPACE}" * 3, style.colour))
    if any(finding.origin == "detector" for finding in findings):
        legend.append(Span("number beside a box: detector score, not a probability", MUTED))
    missing = ""
    if unlabelled:
        missing = "no room for the labels " + ", ".join(unlabelled[:_NAMED_AT_MOST])
        if len(unlabelled) > _NAMED_AT_MOST:
            missing += f" and {len(unlabelled) - _NAMED_AT_MOST} more"
    return [
        Paragraph(tuple(legend), scale.label),
        Paragraph((Span(missing, MUTED),), scale.label),
        Paragraph((Span(RESEARCH_USE_ONLY, PLAIN),), scale.label),
    ]
