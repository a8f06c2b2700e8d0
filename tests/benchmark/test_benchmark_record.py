"""benchmark.json, the table and the plots, from numbers made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from detect.benchmark.plot import PLOT_NAMES, write_plots
from detect.benchmark.record import claim_record, write_record
from detect.benchmark.table import format_benchmark
from detect.errors import InputError


def rows(text: str) -> dict[str, str]:
    """Return the cells of a table by the words that begin each line."""
    found = {}
    for line in text.splitlines():
        head, _, rest = line.partition("  ")
        found[head] = " ".join(rest.split())
    return found


def test_a_record_is_as_its_schema_says(
    record: dict[str, Any], schema_errors: Callable[[Any], list[str]], tmp_path: Path
) -> None:
    write_record(record, tmp_path)
    read = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert schema_errors(read) == []
    ours = read["systems"][0]
    assert (ours["precision"], ours["setting"]["runtime"]) == ("bfloat16", "openvino-bf16")
    del read["machine"]["cores"]
    read["samples"][0]["measured"]["hours"] = 1
    assert len(schema_errors(read)) == 2


def test_an_earlier_record_is_not_dropped_unasked(record: dict[str, Any], tmp_path: Path) -> None:
    claim_record(tmp_path / "new", overwrite=False)
    write_record(record, tmp_path)
    with pytest.raises(InputError, match="holds a benchmark already"):
        claim_record(tmp_path, overwrite=False)
    claim_record(tmp_path, overwrite=True)
    with pytest.raises(InputError, match="is a file"):
        claim_record(tmp_path / "benchmark.json", overwrite=True)


def test_the_table_has_medians_with_spread_and_ratios(record: dict[str, Any]) -> None:
    text = format_benchmark(record)
    assert text.startswith("100 images, 2 rounds, A processor, 2 cores;")
    systems, ratios = (rows(text.split("\n\n")[number]) for number in (1, 2))
    assert systems["images per second, overlays and results"] == (
        "29.0 [28.0, 30.0] 10.0 [10.0, 10.0] 20.0 [20.0, 20.0]"
    )
    assert systems["images per second, forward pass alone"] == "33.0 [33.0, 33.0] - -"
    assert systems["peak memory, whole command, MiB"] == "300 [300, 300] 600 [600, 600] -"
    assert systems["one image: seconds of processor time"].startswith("1.50 [1.50, 1.50] 6.00")
    assert ratios["images per second, overlays and results"] == (
        "2.90 [2.80, 3.00] 1.45 [1.40, 1.50]"
    )
    assert ratios["one image: processor time"] == "0.250 [0.250, 0.250] -"
    found = rows(text)
    assert found["results only"] == "+7 % [+3, +10]"
    assert found["forward"] == "68.3 % [68.3, 68.3] 17.1 % [17.1, 17.1]"
    assert found["wait"] == "9.8 % [9.8, 9.8] -"
    assert "best of 1 settings: pytorch, batch 4, 2 threads" in text
    assert "left out, since they cannot be read: 1 files; x.png: ends early" in text


def test_plots_can_be_read_and_are_the_same_again(record: dict[str, Any], tmp_path: Path) -> None:
    write_plots(record, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in PLOT_NAMES}
    with Image.open(tmp_path / "benchmark.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    colours = {tuple(colour) for colour in np.unique(pixels.reshape(-1, 3), axis=0).tolist()}
    assert {(0, 114, 178), (0, 158, 115), (213, 94, 0), (168, 84, 138)} <= colours
    texts = {node.text for node in ElementTree.parse(tmp_path / "benchmark.svg").iter()}
    assert {"forward pass alone", "overlays and results", "forward 68.3 %"} <= texts
    write_plots(record, tmp_path)
    assert before == {name: (tmp_path / name).read_bytes() for name in PLOT_NAMES}
