"""report.html in headless Chromium: what a person sees of it, with keys, filters and on paper."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from pypdf import PdfReader
from report_records import finding, picture, reading

from detect.draw.heatmap import encode_heatmap
from detect.record import Failure, Reading, Source
from detect.write.context import FormatOptions, WriteContext
from detect.write.formats import write_formats
from detect.write.originals import Originals

pytestmark = pytest.mark.slow

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, driven."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium; install it (Debian: apt-get install chromium)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opens(browser: Browser) -> Iterator[Opens]:
    """Open a page; at the end, nothing was complained of, and nothing asked of a network."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)

        def asked(url: str) -> None:
            if not url.startswith(("file:", "data:")):
                complaints.append(url)

        page.on("request", lambda request: asked(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _write(
    folder: Path, records: Sequence[Reading | Failure], *, embed: bool = False, heat: bool = True
) -> Path:
    context = WriteContext(
        folder=folder / "out",
        created=datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC),
        originals=Originals(lambda name: folder / "images" / name),
        heatmaps=folder / "heatmaps" if heat else None,
        options=FormatOptions(embed=embed),
    )
    assert write_formats(records, context, ["html"]) == ()
    return folder / "out/report.html"


def _records(folder: Path) -> list[Reading | Failure]:
    images = folder / "images"
    evidence = np.zeros((12, 16), np.float32)
    evidence[3:5, 4:6] = 1  # on the bright square
    encode_heatmap(evidence, folder / "heatmaps/hand/b c#1%.png.png")
    return [
        reading(picture(images, "a.png"), 0.1, region="foot"),
        reading(
            picture(images, "hand/b c#1%.png"),
            0.9,
            finding(1, "definite", 40.25, 30.5, 60, 50),
            finding(2, "suspicious", 100, 80, 130.5, 110),
            region="hand",
            warnings=("the image is small",),
        ),
        reading(
            picture(images, "</script><b>ü.png", (1200, 2000)),
            0.4,
            finding(1, "suspicious", 500, 900, 700, 1300),
            doubtful=True,
            region="hand",
        ),
        reading(picture(images, "d.png"), 0.2, doubtful=True),
        Failure(Source("e<i>.png", None), "empty", "e<i>.png: file is empty; copy it again"),
    ]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The page of five records."""
    return _write(tmp_path, _records(tmp_path))


def _listed(page: Page) -> list[str]:
    # not as shown: what is out of sight is not laid out yet
    return page.locator(".rows .path").all_text_contents()


def _until(page: Page, expression: str) -> None:
    """Wait until an expression holds, from outside: polling within the page asks for eval there,
    which the page's own policy forbids."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


ORDER = ["hand/b c#1%.png", "</script><b>ü.png", "d.png", "a.png"]


def test_the_most_suspicious_is_first_and_failures_are_apart(opens: Opens, report: Path) -> None:
    page = opens(report)
    assert _listed(page) == ORDER
    assert page.locator(".tile dd").all_inner_texts() == ["2", "2", "2", "1"]
    assert page.locator(".rows .thumb img").evaluate_all(
        "images => Promise.all(images.map(one => one.decode().then(() => one.naturalWidth)))"
    ) == [160, 106, 160, 160]
    assert page.locator("#failures-body td").all_inner_texts() == [
        "e<i>.png",
        "empty file",
        "file is empty; copy it again",
    ]
    first = page.locator(".row").first
    assert re.sub(r"\s", " ", first.get_attribute("aria-label") or "") == (
        "hand/b c#1%.png: fractured, 90.0 %, 2 places marked, 1 warning"
    )


def test_filters_narrow_the_list(opens: Opens, report: Path) -> None:
    page = opens(report)
    page.locator("[name=verdict][value=not_fractured]").check(force=True)
    assert _listed(page) == ["d.png", "a.png"]
    page.get_by_label("Certainty").select_option("doubtful")
    assert _listed(page) == ["d.png"]
    assert page.locator("#count").inner_text() == "1 of 4 images"
    page.locator("[name=verdict][value=fractured]").check(force=True)
    assert _listed(page) == ["</script><b>ü.png"]
    page.get_by_label("Region").select_option("foot")
    assert _listed(page) == []
    page.get_by_role("button", name="Show all").click()
    assert _listed(page) == ORDER
    assert page.get_by_label("Region").locator("option").all_inner_texts() == [
        *("any", "foot (1)", "hand (2)", "not known (1)"),
    ]
    page.get_by_label("Region").select_option("not known (1)")
    assert _listed(page) == ["d.png"]
    page.get_by_label("Region").select_option("")
    page.get_by_label("with warnings").check()
    assert _listed(page) == ["hand/b c#1%.png"]
    page.get_by_label("with warnings").uncheck()
    page.keyboard.press("/")
    page.keyboard.type("U PNG")  # ü is found by u, and case does not matter
    assert _listed(page) == ["</script><b>ü.png"]


def _edges(locator: Locator) -> list[float]:
    box = locator.bounding_box()
    assert box is not None
    return [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]]


def _expected(page: Page, reading_size: tuple[int, int], box: Sequence[float]) -> list[float]:
    """Where a box lies on the screen, from where its picture lies."""
    left, top, right, bottom = _edges(page.locator("#view"))
    scale = (right - left) / reading_size[0]
    assert (bottom - top) / reading_size[1] == pytest.approx(scale, rel=1e-3)
    return [(left, top)[index % 2] + value * scale for index, value in enumerate(box)]


def _shown_box(page: Page, name: str) -> list[float]:
    matrix = "rect => { const m = rect.getScreenCTM(), b = rect.getBBox(); return [b.x * m.a + m.e,"
    edges: list[float] = page.locator(f'#boxes g.box[data-finding="{name}"] .line').evaluate(
        f"{matrix} b.y * m.d + m.f, (b.x + b.width) * m.a + m.e, (b.y + b.height) * m.d + m.f]; }}"
    )
    return edges


@pytest.mark.parametrize("embed", [False, True])
def test_boxes_lie_where_the_record_says_at_any_zoom(
    opens: Opens, tmp_path: Path, embed: bool
) -> None:
    page = opens(_write(tmp_path, _records(tmp_path), embed=embed))
    page.locator(".row").first.click()
    assert page.locator("#view").evaluate("image => image.decode().then(() => image.naturalWidth)")
    for zoomed in (False, True):
        for name, box in (("F1", (40.25, 30.5, 60, 50)), ("F2", (100, 80, 130.5, 110))):
            assert _shown_box(page, name) == pytest.approx(_expected(page, (160, 120), box), abs=1)
        if not zoomed:
            page.keyboard.press("+")
            page.keyboard.press("+")
            assert page.locator("#zoom-level").inner_text() == "2.3×"
    styles = "line => getComputedStyle(line).strokeDasharray"
    assert page.locator(".box.definite .line").evaluate(styles) == "none"
    assert page.locator(".box.suspicious .line").evaluate(styles) == "9px, 5px"
    page.keyboard.press("0")
    page.keyboard.press("j")
    box = (500, 900, 700, 1300)  # of 1200 x 2000 pixels; its picture has fewer
    assert _shown_box(page, "F1") == pytest.approx(_expected(page, (1200, 2000), box), abs=1)
    page.locator(".finding").click()
    x1, y1, x2, y2 = _shown_box(page, "F1")
    stage = _edges(page.locator("#stage"))
    assert [(x1 + x2) / 2, (y1 + y2) / 2] == pytest.approx(
        [(stage[0] + stage[2]) / 2, (stage[1] + stage[3]) / 2], abs=2
    )
    assert (y2 - y1) / (stage[3] - stage[1]) == pytest.approx(0.5, abs=0.02)


def test_the_heat_map_lies_over_the_picture(opens: Opens, report: Path) -> None:
    page = opens(report)
    page.locator(".row").first.click()
    page.keyboard.press("b")
    assert not page.locator("#boxes").is_visible()
    page.locator("#view").evaluate("image => image.decode()")

    def seen() -> np.ndarray[Any, Any]:
        with Image.open(BytesIO(page.locator("#view").screenshot())) as shot:
            return np.asarray(shot.convert("RGB").resize((160, 120))).astype(int)

    without = seen()
    assert np.ptp(without, axis=2).max() <= 2  # grey
    page.keyboard.press("h")
    page.locator("#heat").evaluate("image => image.decode()")
    with_heat = seen()
    assert page.locator("#toggle-heat").get_attribute("aria-pressed") == "true"
    assert np.ptp(with_heat[38:42, 48:52], axis=2).min() > 20  # on the bright square
    assert np.abs(with_heat[90:, 100:140] - without[90:, 100:140]).max() <= 3
    page.keyboard.press("h")
    assert np.abs(seen() - without).max() <= 3
    page.keyboard.press("j")
    page.keyboard.press("h")
    assert "--heatmap" in page.locator("#toast").inner_text()
    assert page.locator("#toggle-heat").get_attribute("aria-pressed") == "false"


def test_the_keys_do_what_they_say(opens: Opens, report: Path) -> None:
    page = opens(report)
    focused = "() => document.activeElement.querySelector('.path')?.textContent"
    for key, name in (("j", ORDER[0]), ("ArrowDown", ORDER[1]), ("k", ORDER[0]), ("k", ORDER[0])):
        page.keyboard.press(key)
        assert page.evaluate(focused) == name
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    assert viewer.get_attribute("aria-labelledby") == "viewer-title"
    title = page.locator("#viewer-title")
    assert title.inner_text() == ORDER[0]
    assert page.locator("#previous").is_disabled()
    for key, name in (("ArrowRight", 1), ("j", 2), ("ArrowLeft", 1), ("ArrowDown", 2), ("j", 3)):
        page.keyboard.press(key)
        assert title.inner_text() == ORDER[name]
    page.keyboard.press("j")
    assert title.inner_text() == ORDER[3]
    assert page.locator("#viewer-place").inner_text() == "4 of 4"
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    assert viewer.is_visible()
    for _ in range(20):  # focus stays in the dialog
        page.keyboard.press("Tab")
        assert page.evaluate(
            "[document.body, ...document.querySelectorAll('#viewer, #viewer *')]"
            ".includes(document.activeElement)"
        )
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    _until(page, f"({focused})() === '{ORDER[3]}'")  # where the viewer was left
    page.keyboard.press("/")
    page.keyboard.type("jkbh?")  # no keys while typing
    assert page.locator("#search").input_value() == "jkbh?"


def test_a_page_without_pictures_is_usable(opens: Opens, tmp_path: Path) -> None:
    records = [replace_hash(record) for record in _records(tmp_path)]
    page = opens(_write(tmp_path, records, heat=False))
    assert "4 of 4 images are without a picture" in page.locator(".notice").inner_text()
    page.locator(".row").first.click()
    assert page.locator("#stage-note").is_visible()
    assert "hash differs" in page.locator("#panel").inner_text()
    assert page.locator("#boxes g.box").count() == 2


def replace_hash(record: Reading | Failure) -> Reading | Failure:
    """Return a record of an image that has changed since."""
    return replace(record, source=replace(record.source, sha256="0" * 64))


def test_it_works_from_a_server_too(browser: Browser, report: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=report.parent)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_port}/report.html")
        page.locator(".row").first.click()
        assert page.locator("#view").evaluate("image => image.decode().then(() => 1)") == 1
        page.close()
        server.shutdown()
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []


def test_its_policy_forbids_the_network(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(report.as_uri())
    page.evaluate("new Image().src = 'http://127.0.0.1:9/x.png'")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
    page.evaluate(
        "document.head.append(Object.assign("
        "document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    refused = [one for one in complaints if "Content Security Policy" in one]
    for what in ("Loading the image", "Connecting to", "inline script"):
        assert any(what in one for one in refused), (what, complaints)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 820, 390])
def test_it_is_seen_whole_and_read_easily(
    opens: Opens, report: Path, width: int, scheme: str
) -> None:
    page = opens(report, viewport={"width": width, "height": 850}, color_scheme=scheme)
    contrasts = """root => {
      const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
          part /= 255;
          return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      };
      return [...root.querySelectorAll("*")].filter(one => one.checkVisibility() && !one.disabled &&
        !one.closest(".canvas") && !one.closest(".gone") &&
        [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(one => {
          let behind = one;
          while (/rgba\\(0, 0, 0, 0\\)/.test(getComputedStyle(behind).backgroundColor))
            behind = behind.parentElement;
          const pair = [getComputedStyle(one).color, getComputedStyle(behind).backgroundColor];
          const [low, high] = pair.map(light).sort((a, b) => a - b);
          return [(high + 0.05) / (low + 0.05), one.outerHTML.slice(0, 80)];
        });
    }"""
    for opened in (False, True):
        if opened:
            page.locator(".row").first.click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        root = "#viewer" if opened else "body"
        page.wait_for_timeout(300)  # colours that fade in
        found = page.locator(root).evaluate(contrasts)
        assert len(found) > (20 if opened else 40)
        assert [one for one in found if one[0] < 4.5] == []  # WCAG 2.2, 1.4.3
    wide = page.locator("#viewer").evaluate("one => one.scrollWidth - one.clientWidth")
    assert wide <= 0


def test_it_is_printed_with_the_fractured_large(opens: Opens, report: Path, tmp_path: Path) -> None:
    page = opens(report)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    _until(page, "window.printed")
    assert page.locator(".sheet h3").all_inner_texts() == ORDER[:2]
    assert page.locator(".sheet img").evaluate_all(
        "images => images.every(one => one.complete && one.naturalWidth > 0)"
    )
    page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
    texts = [
        normalize("NFKC", sheet.extract_text())
        for sheet in PdfReader(tmp_path / "printed.pdf").pages
    ]
    assert len(texts) == 2
    assert all(name in texts[0] for name in ("hand/b c#1%.png", "d.png", "a.png", "e<i>.png"))
    assert "Research use only" in texts[0]
    assert "Search" not in texts[0]
    assert "F1 0.90, definite" in texts[1]
    assert "F2 0.80, suspicious" in texts[1]
    assert page.locator(".sheet").count() == 0  # gone again after printing


def test_thousands_load_and_scroll(opens: Opens, tmp_path: Path) -> None:
    source = picture(tmp_path / "images", "x.png")
    records = [
        reading(replace(source, path=f"{number // 100:02d}/{number:04d}.png"), number / 2000)
        for number in range(2000)
    ]
    context = WriteContext(
        folder=tmp_path / "out",
        created=datetime(2026, 3, 14, tzinfo=UTC),
        originals=Originals(lambda _: tmp_path / "images/x.png"),
    )
    write_formats(records, context, ["html"])
    page = opens(tmp_path / "out/report.html")
    page.locator(".row").first.wait_for()
    assert page.locator("#count").inner_text() == "2,000 images"
    assert page.locator(".row").count() < 500  # the others wait until they come into sight
    loaded = "() => performance.getEntriesByType('resource').length"
    assert page.evaluate(loaded) < 500
    for _ in range(200):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(50)
        if page.locator("#more").is_hidden():
            break
    assert page.locator(".row").count() == 2000
    last = page.locator(".row").last
    last.scroll_into_view_if_needed()
    assert last.locator("img").evaluate("one => one.decode().then(() => one.naturalWidth)") == 160
    page.locator("#search").fill("0042.png")
    assert _listed(page) == ["00/0042.png"]
    page.locator("#search").fill("")
    page.locator(".row").first.click()
    for _ in range(150):  # beyond what the list has made
        page.keyboard.press("j")
    page.keyboard.press("Escape")
    _until(page, "document.activeElement.dataset.index === '150'")
