"""report.html in headless Chromium: what a person sees of it, on any screen, offline."""

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

from detect.data.load import load_dataset
from detect.data.phantom.writer import write_phantoms
from detect.data.sample import LabelledBox, Sample
from detect.evaluate.figures import draw_figures
from detect.evaluate.gallery import build_galleries
from detect.evaluate.page.build import render_page
from detect.record import Box, Finding, ModelInfo, Reading, Source, Verdict

pytestmark = pytest.mark.slow

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_HASH = re.compile(r"script-src 'sha256-[^']+'")
# Measures the page, sorts its pictures, and leaves what it found in the title.
_PROBE = """<script>
addEventListener("error", event => { document.body.dataset.error = event.message; });
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
  const own = element.namespaceURI.endsWith("svg") ? "fill" : "color";
  const pair = [getComputedStyle(element)[own], getComputedStyle(behind).backgroundColor];
  const [low, high] = pair.map(luminance).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const names = () => [...document.querySelectorAll("#false-alarms-list > li")]
  .map(item => item.dataset.name);
addEventListener("load", () => {
  const form = document.querySelector('[data-list="false-alarms-list"]');
  const orders = {unsorted: names()};
  if (form) {
    const select = form.querySelector("select"), box = form.querySelector("input");
    for (const option of select.options) {
      select.value = option.value;
      select.dispatchEvent(new Event("change"));
      orders[option.value] = names();
    }
    box.click();
    orders.reversed = names();
  }
  document.body.tabIndex = -1;
  const controls = [...document.querySelectorAll("a, summary, select, input, .scroll")];
  const reached = controls.filter(one => { one.focus(); return document.activeElement === one; });
  const plots = [...document.querySelectorAll(".plot svg")].map(one => one.getBoundingClientRect());
  document.title = JSON.stringify({
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: [...document.images].map(one => one.complete && one.naturalWidth > 0),
    plots: plots.map(one => [one.width, one.height]),
    contrasts: [...document.querySelectorAll(
      "h1, h2, h3, p, dt, dd, a, li, summary, caption, th, td, figcaption, .hint, .side, svg text")]
      .filter(one => one.textContent.trim())
      .map(contrast),
    focusable: reached.length === controls.length,
    hidden: [...document.querySelectorAll(".sort")].filter(one => one.hidden).length,
    loaded: performance.getEntriesByType("resource").map(one => one.name),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    orders,
    error: document.body.dataset.error || null,
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


def _alarm(sample: Sample, probability: float) -> tuple[Sample, Reading]:
    finding = Finding("F1", "fracture", "definite", 0.4, Box(40, 50, 80, 90))
    reading = Reading(
        Source(f"images/{sample.image.name}", "0" * 64, 128, 160),
        Verdict("fractured", "definite", probability, "balanced", 0.5),
        (finding,),
        ModelInfo("model", "1", "0" * 64),
    )
    boxes: tuple[LabelledBox, ...] = ()
    region = ("leg", "arm", "hand", "arm")[int(sample.image.stem[-1]) % 4]
    return Sample(sample.image, "test", None, False, boxes, {"region": region}), reading


@pytest.fixture(scope="module")
def page(page_metrics: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    table = write_phantoms(folder / "set", 4, split="test", size=(160, 128))
    samples = load_dataset(table.parent).split("test")
    pairs = [
        _alarm(sample, probability)
        for sample, probability in zip(samples, (0.7, 0.9, 0.6, 0.8), strict=True)
    ]
    galleries = build_galleries(
        [sample for sample, _ in pairs], [reading for _, reading in pairs], folder / "set", most=4
    )
    path = folder / "report.html"
    path.write_text(
        render_page(page_metrics, draw_figures(page_metrics), galleries),
        encoding="utf-8",
        errors="backslashreplace",
    )
    return path


def _browse(chromium: str, page: Path, *options: str, width: int = 1280) -> tuple[str, str]:
    """Return what the browser prints, and what it complains of."""
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={page.parent / 'profile'}", "--enable-logging=stderr"),
            *(f"--window-size={width},1600", "--hide-scrollbars", *options, page.as_uri()),
        ],
        capture_output=True,
        check=True,
        timeout=240,
    )
    console = [line for line in done.stderr.decode().splitlines() if ":CONSOLE" in line]
    return done.stdout.decode(), "\n".join(console)


def _measured(chromium: str, page: Path, *options: str, width: int = 1280) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    assert _HASH.search(text)
    probed = page.with_name("probed.html")
    probed.write_text(
        _HASH.sub("script-src 'unsafe-inline'", text).replace("</head>", f"{_PROBE}</head>"),
        encoding="utf-8",
    )
    document, console = _browse(chromium, probed, "--dump-dom", *options, width=width)
    assert console == ""
    title = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert title
    figures: dict[str, Any] = json.loads(html.unescape(title[1]))
    return figures


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 520])
def test_it_is_seen_whole_and_read_easily(
    chromium: str, page: Path, width: int, dark: bool
) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    found = _measured(chromium, page, scheme, width=width)
    assert found["error"] is None
    assert (found["width"], found["dark"]) == (width, dark)
    assert found["overflow"] <= 0  # nobody has to scroll sideways
    assert len(found["images"]) == 8
    assert all(found["images"])
    assert len(found["plots"]) == 12
    assert all(100 < side < width for size in found["plots"] for side in size[:1])
    assert all(size[1] > 100 for size in found["plots"])
    assert len(found["contrasts"]) > 800
    assert min(found["contrasts"]) >= 4.5  # WCAG 2.2, 1.4.3
    assert found["focusable"]
    assert found["hidden"] == 0
    assert [name for name in found["loaded"] if not name.startswith("data:")] == []


def test_pictures_are_sorted(chromium: str, page: Path) -> None:
    orders = _measured(chromium, page)["orders"]
    number = {key: [name[-5] for name in names] for key, names in orders.items()}
    assert number["unsorted"] == number["worst"] == ["2", "4", "1", "3"]
    assert number["probability"] == ["3", "1", "4", "2"]
    assert number["name"] == ["1", "2", "3", "4"]
    assert number["region"] == ["1", "3", "2", "4"]  # arm, arm, hand, leg; of equals the worst
    assert number["reversed"] == ["4", "2", "1", "3"]  # by region still


def test_its_own_policy_lets_its_script_run_and_nothing_complains(
    chromium: str, page: Path
) -> None:
    document, console = _browse(chromium, page, "--dump-dom")
    assert console == ""
    (form,) = re.findall(r'<div class="sort"[^>]*>', document)
    assert "hidden" not in form
    refused = page.with_name("refused.html")
    text = page.read_text(encoding="utf-8")
    refused.write_text(text.replace("</head>", "<script>alert(1)</script></head>"), "utf-8")
    _, console = _browse(chromium, refused, "--dump-dom")
    assert "Content Security Policy" in console  # so complaints would be seen


def test_without_scripts_everything_but_sorting_is_there(chromium: str, page: Path) -> None:
    quiet = page.with_name("quiet.html")
    text = page.read_text(encoding="utf-8")
    quiet.write_text(_HASH.sub("script-src 'none'", text), encoding="utf-8")
    document, _ = _browse(chromium, quiet, "--dump-dom")
    (form,) = re.findall(r'<div class="sort"[^>]*>', document)
    assert "hidden" in form
    assert document.count("<img ") == 8


def test_it_is_printed(chromium: str, page: Path) -> None:
    printed = page.with_name("report.pdf")
    _browse(chromium, page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", content)) < 60


def test_a_screenshot_shows_plots_in_their_colours(chromium: str, page: Path) -> None:
    shot = page.with_name("shot.png")
    _browse(chromium, page, f"--screenshot={shot}", "--window-size=1280,6000")
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == (6000, 1280, 3)
    for colour in ((0, 114, 178), (213, 94, 0), (0, 158, 115)):
        assert (np.abs(pixels - colour).max(axis=2) < 12).sum() > 200
