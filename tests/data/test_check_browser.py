"""check.html in headless Chromium: what a person would see of it, on any screen, offline."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detect.data.check_page import CheckPage
from detect.data.check_report import FullReport

pytestmark = pytest.mark.slow

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_POLICY = "default-src 'none';"
# Measures the page, and leaves the figures in its title.
_PROBE = """<script>
const luminance = colour => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
    part /= 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
};
const contrast = element => {
  let behind = element;
  while (/rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor))
    behind = behind.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
  const [low, high] = pair.map(luminance).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
addEventListener("load", () => {
  document.body.tabIndex = -1;
  const reached = [...document.querySelectorAll("a, summary")].filter(one => {
    one.focus();
    return document.activeElement === one;
  });
  document.title = JSON.stringify({
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: [...document.images].map(one => one.complete && one.naturalWidth > 0),
    contrasts: [...document.querySelectorAll("h1, h2, p, dt, dd, a, .mark, figcaption, td, th")]
      .map(contrast),
    focusable: reached.length === document.querySelectorAll("a, summary").length,
    loaded: performance.getEntriesByType("resource").map(one => one.name),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
  });
});
</script>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    """Path of the browser."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium; install it (Debian: apt-get install chromium)")
    return found


@pytest.fixture
def page(checked: FullReport, tmp_path: Path) -> Path:
    CheckPage(checked, {"fracture"}).write(tmp_path / "check.html")
    return tmp_path / "check.html"


def _browse(chromium: str, page: Path, *options: str, width: int = 1280) -> str:
    profile = page.parent / "profile"
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={profile}", f"--window-size={width},1600", "--hide-scrollbars"),
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=240,
    )
    return done.stdout.decode()


def _measured(chromium: str, page: Path, *options: str, width: int = 1280) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    assert _POLICY in text
    text = text.replace(_POLICY, f"{_POLICY} script-src 'unsafe-inline';")
    probed = page.with_name("probed.html")
    probed.write_text(text.replace("</head>", f"{_PROBE}</head>"), encoding="utf-8")
    document = _browse(chromium, probed, "--dump-dom", *options, width=width)
    title = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert title
    figures: dict[str, Any] = json.loads(html.unescape(title[1]))
    return figures


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 600])
def test_it_is_seen_whole_and_read_easily(
    chromium: str, page: Path, width: int, dark: bool
) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    figures = _measured(chromium, page, scheme, width=width)
    assert figures["width"] == width
    assert figures["dark"] is dark
    assert figures["overflow"] <= 0  # nobody has to scroll sideways
    assert len(figures["images"]) == 6
    assert all(figures["images"])
    assert min(figures["contrasts"]) >= 4.5  # WCAG 2.2, 1.4.3
    assert figures["focusable"]
    assert [name for name in figures["loaded"] if not name.startswith("data:")] == []


def test_no_script_is_in_what_the_browser_made_of_it(chromium: str, page: Path) -> None:
    document = _browse(chromium, page, "--dump-dom")
    assert "<script" not in document
    assert "a/&lt;script&gt;alert(1)&lt;&amp;.png" in document


def test_a_screenshot_shows_the_pictures(chromium: str, page: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    _browse(chromium, page, f"--screenshot={shot}")
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == (1600, 1280, 3)
    outline = pixels[..., 0] - pixels[..., 2] > 90
    assert outline.sum() > 50  # of the box on the first thumbnail
    assert (pixels.max(axis=2) == 0).sum() > 1000  # what lies beside the thumbnails
