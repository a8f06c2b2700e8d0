"""Exports of annotation tools that several test files write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Picture = Callable[..., Path]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, picture: Picture) -> Make:
    """Write pictures of 400 × 200 and an export: `make(tasks, *names)`."""

    def write(tasks: object, *names: str) -> Path:
        for seed, name in enumerate(names):
            picture(tmp_path / "set" / name, 400, 200, seed)
        (tmp_path / "set").mkdir(exist_ok=True)
        file = tmp_path / "set" / "project-1-at-2024-05-01-10-00-0a1b2c3d.json"
        file.write_text(json.dumps(tasks), encoding="utf-8")
        return tmp_path / "set"

    return write
