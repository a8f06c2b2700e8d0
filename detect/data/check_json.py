"""A full check as JSON for programs: `check.json`, described by `check.schema.json`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from detect import __version__
from detect.data.check_guide import by_seriousness, severity_of
from detect.data.check_report import FullReport
from detect.data.check_text import path_in
from detect.data.check_verdict import verdict_of
from detect.data.sample import SPLITS
from detect.write.atomic import replacing_bytes

__all__ = ["SCHEMA_VERSION", "check_schema", "check_to_json", "write_check_json"]

SCHEMA_VERSION = "1.0"


def check_to_json(report: FullReport) -> dict[str, Any]:
    """Return a report as plain JSON types, as `check_schema` describes them.

    Images are named by their path relative to the dataset's root, with forward slashes; those
    elsewhere by their absolute path. The same report gives the same object.
    """
    dataset, verdict = report.dataset, verdict_of(report)
    samples = dataset.samples
    return {
        "schema_version": SCHEMA_VERSION,
        "program": {"name": "Fracture Locator", "version": __version__},
        "dataset": {
            "name": dataset.name,
            "root": str(dataset.root),
            "classes": list(dataset.classes),
            "licence": dataset.licence,
            "origin": dataset.origin,
            "notes": list(dataset.notes),
            "images": len(samples),
            "splits": {
                split or "none": sum(sample.split == split for sample in samples)
                for split in (*SPLITS, None)
            },
        },
        "checked": report.quick.checked,
        "leaks": bool(report.leaks),
        "leaking_splits": list(verdict.leaking_splits),
        "severity": verdict.severity,
        "verdict": verdict.text,
        "problems": [
            {
                "kind": problem.kind,
                "severity": severity_of(problem.kind),
                "line": problem.line,
                "images": [path_in(dataset, image) for image in problem.images],
                "sets": [[path_in(dataset, image) for image in one] for one in problem.sets],
            }
            for problem in by_seriousness(report.problems)
        ],
        "balances": [
            {
                "name": balance.name,
                "title": balance.title,
                "header": list(balance.header),
                "rows": [list(row) for row in balance.rows],
            }
            for balance in report.balances
        ],
    }


def write_check_json(report: FullReport, path: Path) -> None:
    """Write `check_to_json(report)`, indented, in UTF-8.

    Bytes of a file name that are no text are JSON escapes of lone surrogates, as `os.fsdecode`
    gives them.

    Raises:
        OutputError: the file cannot be written.
    """
    plain = check_to_json(report)
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing_bytes(path) as file:
        # `\udce9` of backslashreplace is JSON's own spelling of a lone surrogate
        file.write(text.encode("utf-8", "backslashreplace"))


def check_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of check.json."""
    text = files("detect.data").joinpath("check.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
