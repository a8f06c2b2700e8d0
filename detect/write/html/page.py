"""The page around the rows: rendered by jinja2, with styles, script and policy inside it."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from detect import __version__
from detect.draw.banner import RESEARCH_USE_ONLY
from detect.write.counts import RunCounts
from detect.write.html.pictures import FILES_NAME, VIEW_SIDE
from detect.write.wording import CERTAINTY_MEANING, shown

__all__ = ["page_around"]

_SCRIPTS = (
    "dom.js",
    "rows.js",
    "filters.js",
    "overlay.js",
    "zoom.js",
    "viewer.js",
    "print.js",
    "main.js",
)
_DATA = "<!-- data -->"


def page_around(
    counts: RunCounts, *, created: datetime, without_picture: int, embedded: bool
) -> tuple[bytes, bytes]:
    """Return the page's HTML before and after its data.

    A Content Security Policy in it lets nothing be loaded but pictures that are inside the page
    or lie in its own place, and no script run but its own.

    Args:
        counts: of the run.
        created: when the run began, with time zone.
        without_picture: readings whose image is gone.
        embedded: whether pictures are inside the page.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("detect.write.html", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def source(name: str) -> str:
        return loader.get_source(environment, name)[0]

    style = source("report.css")
    script = "(() => {\n" + "".join(map(source, _SCRIPTS)) + "})();\n"
    page = environment.get_template("report.html.j2").render(
        counts=counts,
        models=[(shown(m.name), shown(m.version), shown(m.sha256)) for m in counts.models],
        points=counts.operating_points(),
        certainty=CERTAINTY_MEANING,
        created=created,
        without_picture=without_picture,
        embedded=embedded,
        files_name=FILES_NAME,
        view_side=VIEW_SIDE,
        warning=RESEARCH_USE_ONLY,
        version=__version__,
        style=style,
        style_hash=_digest(style),
        script=script,
        script_hash=_digest(script),
    )
    before, after = page.split(_DATA)
    return before.encode(), after.encode()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
