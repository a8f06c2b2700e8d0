"""Matplotlib's SVG as a part of an HTML page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from detect.evaluate.plots.style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    TOO_FEW,
)

__all__ = ["inline_svg"]

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# The page's style sheet says what these are, by day and by night.
_VARIABLES = {
    INK: "var(--text)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--card)",
    TOO_FEW: "var(--faint)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GREEN: "var(--green)",
    PURPLE: "var(--purple)",
}
_COLOUR = re.compile("|".join(_VARIABLES))


def inline_svg(content: bytes, name: str) -> str:
    """Return an `<svg>` element that several of which may stand in one page.

    Ids are made unique by `name`, colours follow the page's, what only files need is left out,
    and the size is left to the page. For those who do not see it, the figure around it must say
    what it shows: the element is hidden from screen readers.

    Args:
        content: an SVG file that matplotlib wrote.
        name: of letters, digits and `_`, unique in the page.
    """
    root = ElementTree.fromstring(content)
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata":
            root.remove(child)
    for side in ("width", "height", "version"):
        root.attrib.pop(side, None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            element.set("href" if key == f"{{{_XLINK}}}href" else key, _own(key, value, f"{name}-"))
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _own(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return prefix + value
    if value.startswith("#"):
        value = f"#{prefix}{value[1:]}"
    value = value.replace("url(#", f"url(#{prefix}")
    return _COLOUR.sub(lambda found: _VARIABLES[found[0]], value)
