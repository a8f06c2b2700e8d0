"""run.yaml: how a run was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from detect.write.atomic import replacing_text

__all__ = ["write_run"]


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
