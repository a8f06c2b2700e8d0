"""Ultralytics kept to one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_a_folder_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ultralytics").touch()  # a file where the folder should be
    script = """
import sys
from pathlib import Path
from detect.errors import OutputError
from detect.isolation import isolate_ultralytics
try:
    isolate_ultralytics(Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.count("\n") == 1
    assert str(tmp_path / "ultralytics") in done.stdout
