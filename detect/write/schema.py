"""The JSON Schema of a line of results.jsonl."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["reading_schema"]


def reading_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `Reading.to_json` and `Failure.to_json`."""
    text = files("detect").joinpath("reading.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
