"""Text is wrapped, never cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detect.draw.text import Paragraph, Span, is_grey, text_strip, text_tag

WHITE = (255, 255, 255)


def _strip(text: str, width: int, size: int = 20, margin: int = 10) -> NDArray[np.uint8]:
    return text_strip([Paragraph((Span(text, WHITE),), size)], width, margin)


@given(st.text("abgMWj.,ßЖ (){}–%", max_size=120), st.integers(60, 800), st.integers(13, 30))
def test_ink_stays_within_the_margins(text: str, width: int, size: int) -> None:
    strip = _strip(text, width, size)
    assert strip.shape[1:] == (width, 3)
    # side bearings of a letter may reach a pixel or two beyond its advance
    assert not strip[:, :7].any()
    assert not strip[:, -7:].any()
    assert not strip[:8].any()
    assert not strip[-8:].any()


def test_wrapping_loses_no_ink() -> None:
    text = "operating point balanced bundle-name 1.0.0 " * 3
    wide, narrow = _strip(text, 4000), _strip(text, 200)
    assert len(narrow) > len(wide)
    total = int(wide.sum(dtype=np.int64))
    assert abs(int(narrow.sum(dtype=np.int64)) - total) < 0.02 * total


def test_a_word_wider_than_the_strip_is_continued_on_the_next_line() -> None:
    wide, narrow = _strip("n" * 100, 4000), _strip("n" * 100, 120)
    assert len(narrow) > 5 * (len(wide) - 20)
    total = int(wide.sum(dtype=np.int64))
    assert abs(int(narrow.sum(dtype=np.int64)) - total) < 0.02 * total


def test_no_break_spaces_hold_words_together() -> None:
    loose = _strip("xxx aaaa b", 120)
    held = _strip("xxx aaaa\N{NO-BREAK SPACE}b", 120)
    assert len(loose) == len(held), "both take two lines"
    ends = [
        np.nonzero(strip[len(strip) // 2 :].any(axis=(0, 2)))[0].max() for strip in (loose, held)
    ]
    assert ends[0] < 40 < ends[1], "the second line is 'b', or 'aaaa b'"


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_a_paragraph_without_words_takes_no_room(text: str) -> None:
    assert _strip(text, 100).shape == (20, 100, 3)


def test_line_ends_in_a_text_are_spaces() -> None:
    assert (_strip("a\nb", 300) == _strip("a b", 300)).all()


def test_letters_beyond_ascii_are_drawn_as_themselves() -> None:
    missing = _strip("中", 100)  # the font has it not: an empty box
    assert missing.any()
    for letter in "–üßéЖΩ≥":
        assert (_strip(letter, 100) != missing).any(), letter


def test_colours_are_blue_green_red() -> None:
    strip = text_strip([Paragraph((Span("MMM", (255, 0, 0)),), 30)], 200, 5)
    assert strip[:, :, 2].max() == 255
    assert not strip[:, :, :2].any()


@pytest.mark.parametrize("width", [20, 60, 1000])
def test_a_tag_is_as_wide_as_its_text_at_most(width: int) -> None:
    tag = text_tag("F12 suspicious region", 20, WHITE, width)
    assert tag.shape[1] <= min(width, 260)
    assert tag.any()


@pytest.mark.parametrize("text", ["FRACTURED", "jÅgßЖ", "–", "fracture-n", "0.1.0)"])
@pytest.mark.parametrize("bold", [False, True])
def test_a_word_is_set_as_pillow_sets_it(text: str, bold: bool) -> None:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", name), 21)
    for colour in ((255, 150, 20), (56, 172, 255), (255, 150, 20)):  # also when set before
        strip = text_strip([Paragraph((Span(text, colour),), 21, bold)], 250, 8, (9, 8, 7))
        plain = Image.new("RGB", (250, len(strip)), (9, 8, 7))
        ImageDraw.Draw(plain).text((8, 8), text, fill=colour, font=font)
        assert (strip == np.asarray(plain)[:, :, ::-1]).all()


def test_a_line_of_several_colours_is_set_as_pillow_sets_its_words() -> None:
    name = Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font = ImageFont.truetype(name, 21)
    spans = (
        Span("——", (255, 150, 20)),
        Span("jÅg und (16.6", (170,) * 3),
        Span("%)", (9, 200, 30)),
    )
    for _ in range(2):  # also when set before
        strip = text_strip([Paragraph(spans, 21)], 400, 7)
        plain = Image.new("RGB", (400, len(strip)))
        x = 7.0
        for span in spans:
            for word in span.text.split():
                ImageDraw.Draw(plain).text((round(x), 7), word, fill=span.colour, font=font)
                x += font.getlength(word) + font.getlength(" ")
        assert (strip == np.asarray(plain)[:, :, ::-1]).all()


def test_a_grey_strip_is_a_channel_of_the_same_in_colour() -> None:
    paragraphs = [
        Paragraph((Span("operating point: balanced", (170,) * 3), Span("0.1.0", (235,) * 3)), 17),
        Paragraph((Span("Research use only", (99,) * 3),), 14, bold=True),
    ]
    assert is_grey(paragraphs)
    grey = text_strip(paragraphs, 150, 6, (20, 20, 20), channels=1)
    assert (grey[:, :, None] == text_strip(paragraphs, 150, 6, (20, 20, 20))).all()


@pytest.mark.parametrize(("ink", "paper"), [((255, 255, 254), (0, 0, 0)), (WHITE, (0, 1, 0))])
def test_colour_does_not_go_into_one_channel(
    ink: tuple[int, int, int], paper: tuple[int, int, int]
) -> None:
    with pytest.raises(ValueError, match="grey"):
        text_strip([Paragraph((Span("a", ink),), 15)], 100, 5, paper, channels=1)
