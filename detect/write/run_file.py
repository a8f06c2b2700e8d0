"""run.yaml: how a run was made, and by which its folder is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from detect.write.atomic import replacing_text
from detect.write.json_lines import RESULTS_NAME

__all__ = ["RUN_NAME", "holds_run", "write_run"]

RUN_NAME = "run.yaml"


def holds_run(folder: Path) -> bool:
    """Whether `folder` holds the results of a run, finished or not."""
    return (folder / RUN_NAME).is_file() and (folder / RESULTS_NAME).is_file()


def write_run(path: Path, values: Mapping[str, object]) -> None:
    """Write what a run consisted of (command, versions, bundle hash, counts) as YAML.

    Args:
        path: of the file; missing folders are made.
        values: plain YAML types only (mappings, lists, texts, numbers, None), kept in order.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing_text(path) as file:
        yaml.safe_dump(dict(values), file, sort_keys=False, allow_unicode=True)
