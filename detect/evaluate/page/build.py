"""`report.html`: one file that opens offline, from metrics, plots and pictures."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from detect import __version__
from detect.draw.banner import RESEARCH_USE_ONLY
from detect.evaluate.page.boxes import boxes_section, reasons_section
from detect.evaluate.page.comparison import comparison_section
from detect.evaluate.page.data import data_section
from detect.evaluate.page.definitions import definitions_section
from detect.evaluate.page.inline_svg import inline_svg
from detect.evaluate.page.parts import Block, Gallery, Metrics, Plot, Section, Text, say
from detect.evaluate.page.reproduce import reproduce_section
from detect.evaluate.page.subgroups import subgroups_section
from detect.evaluate.page.summary import model_name, set_name, summary_section
from detect.evaluate.page.verdict import calibration_section, verdict_section

__all__ = ["render_page"]

_TEMPLATES = "templates"
_PAGE, _SCRIPT = "report.html.j2", "sort.js"


@dataclass(frozen=True, slots=True)
class _Page:
    """All that the template is given."""

    title: str
    subtitle: str
    warning: str
    sections: tuple[Section, ...]
    plots: Mapping[str, str]  # name to <svg>
    script: str  # empty: nothing on the page can be sorted
    script_hash: str  # for the page's policy
    version: str


def render_page(
    metrics: Mapping[str, Any], figures: Mapping[str, bytes], galleries: Sequence[Gallery] = ()
) -> str:
    """Return the page as HTML; the same input gives the same text.

    Nothing is loaded from elsewhere, which a Content Security Policy in the page enforces, and
    all names from the data are escaped. Without scripts the page is whole; the one it has only
    sorts pictures.

    Args:
        metrics: as `report.evaluate_records` returns them, or with what `run` adds.
        figures: of `draw_figures` for these metrics; plots that it lacks are left out.
        galleries: the worst mistakes; empty ones say so.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("detect.evaluate", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    plots = {
        name.removesuffix(".svg"): inline_svg(content, name.removesuffix(".svg"))
        for name, content in figures.items()
        if name.endswith(".svg")
    }
    script = ""
    if any(gallery.pictures for gallery in galleries):
        script, _, _ = PackageLoader("detect.evaluate", _TEMPLATES).get_source(environment, _SCRIPT)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    held = Metrics(metrics)
    page = _Page(
        title=f"Evaluation of {model_name(held)}",
        subtitle=f"on {set_name(held)}",
        warning=RESEARCH_USE_ONLY,
        sections=tuple(_drawn(section, plots) for section in _sections(held, galleries)),
        plots=plots,
        script=script,
        script_hash=digest,
        version=__version__,
    )
    return environment.get_template(_PAGE).render(page=page)


def _sections(metrics: Metrics, galleries: Sequence[Gallery]) -> Iterator[Section]:
    yield summary_section(metrics)
    yield data_section(metrics)
    yield verdict_section(metrics)
    yield calibration_section(metrics)
    yield boxes_section(metrics)
    yield reasons_section(metrics)
    yield subgroups_section(metrics)
    comparison = comparison_section(metrics)
    if comparison is not None:
        yield comparison
    if galleries:
        yield _gallery_section(galleries)
    yield definitions_section(metrics)
    yield reproduce_section(metrics)


def _gallery_section(galleries: Sequence[Gallery]) -> Section:
    intro = Text(
        say(
            "Left, what the model shows: definite boxes solid orange, suspicious ones dashed blue; "
            "where it shows none, its best box below both thresholds dotted grey. Right, the "
            "truth: annotated fractures in magenta. Pictures are made small; judge no fracture by "
            "them."
        )
    )
    return Section("gallery", "Where it fails", (intro, *galleries))


def _drawn(section: Section, plots: Mapping[str, str]) -> Section:
    """Leave out plots that have nothing to show."""

    def kept(block: Block) -> bool:
        return not isinstance(block, Plot) or block.name in plots

    return replace(section, blocks=tuple(filter(kept, section.blocks)))
