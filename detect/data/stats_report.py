"""The counts and pictures of a dataset, written into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from detect.data.plots import PLOTS
from detect.write.atomic import naming_output, replacing_bytes

__all__ = ["STATS_NAME", "write_stats"]

STATS_NAME = "stats.json"


def write_stats(stats: Mapping[str, Any], plots: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write `stats.json` and the pictures into `out`; return their paths.

    A picture of an earlier run that this one does not have is removed. Each file is written
    beside and then renamed.

    Args:
        stats: as `dataset_stats` returns them.
        plots: as `draw_plots` returns them.
        out: the folder; made where missing.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    text = json.dumps(stats, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A path of undecodable bytes holds lone surrogates; escaped, they are still JSON.
    files = {STATS_NAME: text.encode("utf-8", "backslashreplace"), **plots}
    for name in PLOTS:
        if name not in files:
            with naming_output(out / name):
                (out / name).unlink(missing_ok=True)
    for name, content in files.items():
        with replacing_bytes(out / name) as file:
            file.write(content)
    return [out / name for name in files]
