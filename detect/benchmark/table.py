"""benchmark.json as a short table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detect.benchmark.request import OURS
from detect.evaluate.wording import aligned_table

__all__ = ["format_benchmark"]

_MIB = 1 << 20
_RATIO_WORDS = {
    ("images_per_second", "overlays"): "images per second, overlays and results",
    ("images_per_second", "results"): "images per second, results only",
    ("images_per_second", "command"): "images per second, whole command",
    ("first_result_seconds", "single"): "one image: time to its result",
    ("cpu_seconds", "single"): "one image: processor time",
    ("peak_memory_bytes", "command"): "peak memory, whole command",
}


def format_benchmark(record: Mapping[str, Any]) -> str:
    """Return plain text without a final newline.

    Each figure is the median over rounds, with the least and the greatest in brackets.

    Args:
        record: as `run_benchmark` returns it.
    """
    data, settings = record["data"], record["settings"]
    parts = [
        f"{data['images']} images, {settings['rounds']} rounds, "
        f"{record['machine']['processor']}, {record['machine']['cores']} cores; "
        "median [least, greatest]",
        "",
        aligned_table(_systems(record)),
    ]
    if record["ratios"]:
        parts += ["", aligned_table(_ratios(record))]
    parts += ["", aligned_table(_overheads(record)), "", aligned_table(_stages(record)), ""]
    return "\n".join([*parts, *_notes(record)])


def _systems(record: Mapping[str, Any]) -> list[list[str]]:
    found = {(one["system"], one["mode"]): one for one in record["summaries"]}

    def cell(system: str, mode: str, figure: str, scale: float = 1.0) -> str:
        return spread((found.get((system, mode)) or {}).get(figure), scale)

    modes = [mode for mode in ("overlays", "results", "command") if mode in record["modes"]]
    names = [system["name"] for system in record["systems"]]
    rows = [["", *names]]
    for mode in modes:
        cells = [cell(name, mode, "images_per_second") for name in names]
        rows.append([_RATIO_WORDS["images_per_second", mode], *cells])
    forward = [cell(name, "forward", "images_per_second") for name in names]
    rows.append(["images per second, forward pass alone", *forward])
    rows.append(
        [
            "peak memory, whole command, MiB",
            *(cell(name, "command", "peak_memory_bytes", _MIB) for name in names),
        ]
    )
    for figure, words in (
        ("first_result_seconds", "one image: seconds to its result"),
        ("wall_seconds", "one image: seconds to the command's end"),
        ("cpu_seconds", "one image: seconds of processor time"),
    ):
        rows.append([words, *(cell(name, "single", figure) for name in names)])
    return [rows[0], *(row for row in rows[1:] if set(row[1:]) != {"-"})]


def _ratios(record: Mapping[str, Any]) -> list[list[str]]:
    compared = {one["peer"] for one in record["ratios"]}
    peers = [system["name"] for system in record["systems"] if system["name"] in compared]
    found = {(one["figure"], one["mode"], one["peer"]): one for one in record["ratios"]}
    rows = [["ours, divided by the peer's in the same round", *peers]]
    for figure, mode in dict.fromkeys((one["figure"], one["mode"]) for one in record["ratios"]):
        cells = [spread((found.get((figure, mode, peer)) or {}).get("ratio")) for peer in peers]
        rows.append([_RATIO_WORDS[figure, mode], *cells])
    return rows


def _overheads(record: Mapping[str, Any]) -> list[list[str]]:
    rows = [["beyond the forward pass alone", "time per image"]]
    for one in record["overheads"]:
        words = "overlays and results" if one["mode"] == "overlays" else "results only"
        rows.append([words, spread(one["overhead"], 0.01, "+.0f", " %")])
    return rows


def _stages(record: Mapping[str, Any]) -> list[list[str]]:
    rows = [["stage", "share of time", "of which its thread ran"]]
    for name, one in record["stages"].items():
        ran = spread(one.get("cpu_share"), 0.01, ".1f", " %")
        rows.append([name, spread(one["share"], 0.01, ".1f", " %"), ran])
    return rows


def _notes(record: Mapping[str, Any]) -> list[str]:
    lines = []
    for system in record["systems"]:
        if system["name"] != OURS:
            setting = system["setting"]
            threads = setting["threads"] or "its own number of"
            torch = f", {threads} threads" if setting["form"] == "pytorch" else ""
            lines.append(
                f"{system['name']}: {system['about']}, {system['precision']}; best of "
                f"{len(system['tried'])} settings: {setting['form']}, batch {setting['batch']}"
                f"{torch}"
            )
    lines += _left_out(record["data"])
    load = record["load_average"]["before"]
    return [*lines, f"load of the machine before: {load:.1f}"]


def _left_out(data: Mapping[str, Any]) -> Sequence[str]:
    lines = []
    if data["not_plain"]:
        count = len(data["not_plain"])
        lines.append(f"left out, since ultralytics reads them otherwise or not: {count} files")
    if data["unreadable"]:
        count = len(data["unreadable"])
        lines.append(f"left out, since they cannot be read: {count} files; {data['unreadable'][0]}")
    return lines


def spread(
    summary: Mapping[str, Any] | None, scale: float = 1.0, form: str = "", unit: str = ""
) -> str:
    """Return "12.3 [11.9, 12.8]", three significant digits unless told otherwise; "-" for none."""
    if summary is None:
        return "-"

    def text(value: float) -> str:
        value /= scale
        return format(value, form or (".0f" if abs(value) >= 100 else "#.3g"))

    median, low, high = (text(summary[name]) for name in ("median", "min", "max"))
    return f"{median}{unit} [{low}, {high}]"
