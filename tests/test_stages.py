"""Marks on stages: who hears of them, and what they change (nothing)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import Call

from detect.stages import Stage, listening, stage, stage_of_each


class Heard:
    """Keeps when stages begin and end."""

    def __init__(self) -> None:
        self.events: list[str] = []

    @contextmanager
    def __call__(self, name: Stage) -> Iterator[None]:
        self.events.append(f"+{name}")
        yield
        self.events.append(f"-{name}")


def test_a_listener_hears_of_a_stage_until_it_stops_listening() -> None:
    heard = Heard()
    with stage("load"):
        pass
    with listening(heard), stage("draw"):
        heard.events.append("work")
    with stage("encode"):
        pass
    assert heard.events == ["+draw", "work", "-draw"]


def test_bringing_forth_an_item_is_the_stage_and_using_it_is_not() -> None:
    heard = Heard()

    def items() -> Iterator[int]:
        for number in range(2):
            heard.events.append(f"make {number}")
            yield number

    with listening(heard):
        for number in stage_of_each("decode", items()):
            heard.events.append(f"use {number}")
    assert heard.events == [
        *("+decode", "make 0", "-decode", "use 0"),
        *("+decode", "make 1", "-decode", "use 1"),
        *("+decode", "-decode"),
    ]


def test_one_listens_at_a_time_and_an_error_ends_it() -> None:
    with pytest.raises(KeyError), listening(Heard()):
        with pytest.raises(RuntimeError, match="listens already"), listening(Heard()):
            pass
        raise KeyError
    with listening(Heard()):
        pass


def test_detect_marks_every_stage_of_every_image(
    radiographs: Path, tmp_path: Path, call: Call
) -> None:
    heard = Heard()
    with listening(heard):
        assert call("detect", radiographs, "--out", tmp_path / "out", "--workers", 1).code == 0
    begun = Counter(event[1:] for event in heard.events if event[0] == "+")
    once = {name: begun[name] for name in ("prepare", "forward", "draw", "encode")}
    assert once == dict.fromkeys(once, 4)
    assert begun["post-process"] == 8  # the network's output, and the record
    assert begun["decode"] == 8  # each image, and that there is no other in its file
    assert begun["write"] == 5  # each image, and the tables
    assert begun["load"] == 2  # bundle, and graph
    assert Counter(event[1:] for event in heard.events if event[0] == "-") == begun
