"""`data fetch` as a user runs it: what it prints, Ctrl-C, a full disk, a bare install."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cli

REPOSITORY = Path(__file__).resolve().parents[3]
Zipped = Callable[[dict[str, bytes]], bytes]
FILES = {"FracAtlas/dataset.csv": b"image_id\n", "FracAtlas/a.bin": os.urandom(300_000)}


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cli.py", "data", "fetch", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def start(server: Any, out: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "cli.py", "data", "fetch", "fracatlas", "--out", str(out)]
    return subprocess.Popen(
        [*command, "--url", f"{server.url}/v2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        **options,
    )


def test_the_next_commands_are_printed(
    call: Any,
    server: Any,
    publish: Any,
    zipped: Zipped,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish({"FracAtlas.zip": zipped(FILES)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRACTURE_LOCATOR_FIGSHARE", f"{server.url}/v2")
    folder = Path("datasets", "published", "fracatlas")
    code, out, err = call("FracAtlas")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "FracAtlas, version 7: 1 of 1 files fetched, 0 were there; all as published (MD5)."
    )
    assert lines[1].startswith("Licence CC BY 4.0; cite Abedeen et al., Sci Data 10, 521 (2023)")
    assert lines[2:] == [
        f"Next: python cli.py data import {folder}/FracAtlas --out datasets/fracatlas",
        "then: python cli.py data check datasets/fracatlas",
    ]
    assert (folder / "FracAtlas" / "dataset.csv").is_file()
    assert call("fracatlas", "--quiet") == (0, "", "")


def test_the_list_names_licences_and_ways_to_what_cannot_be_fetched(call: Any) -> None:
    code, out, err = call("--list")
    assert (code, err) == (0, "")
    assert "fracatlas: FracAtlas, about 338 MB, CC BY 4.0" in out
    assert "doi 10.1038/s41597-022-01328-z" in out
    assert "Stanford AIMI asks for an account and a research use agreement" in out
    assert "python cli.py data import FOLDER --form mura --out datasets/NAME" in out
    assert max(map(len, out.splitlines())) <= 100


def test_forms_in_the_list_can_be_imported() -> None:
    from detect.data.fetch.catalogue import ELSEWHERE
    from detect.data.forms import FORMS

    assert {other.form for other in ELSEWHERE} <= {None, *(form.name for form in FORMS)}


def test_mistakes_are_one_line(call: Any, tmp_path: Path) -> None:
    code, out, err = call("mura", "--out", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("error: mura: cannot be fetched, since Stanford AIMI asks for")
    assert err.count("\n") == 1
    assert call()[0] == 2


def test_ctrl_c_keeps_what_has_come(
    server: Any, publish: Any, zipped: Zipped, tmp_path: Path
) -> None:
    resources = publish({"FracAtlas.zip": zipped(FILES)})
    archive = resources["FracAtlas.zip"]
    archive.breaks, archive.stall = [100_000], threading.Event()
    out = tmp_path / "out"
    process = start(server, out)
    part = out / ".FracAtlas.zip.part"
    deadline = time.monotonic() + 60
    while not part.is_file() or part.stat().st_size < 1:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed, err = process.communicate(timeout=60)
    archive.stall.set()
    assert (process.returncode, printed) == (130, "")
    assert "what has come is kept; run the same command again to go on\ninterrupted" in err
    assert "Traceback" not in err
    kept = part.stat().st_size
    process = start(server, out)
    assert process.communicate(timeout=60)[1].count("Traceback") == 0
    assert process.returncode == 0
    assert server.ranges("/files/1") == [None, f"bytes={kept}-"]
    assert (out / "FracAtlas" / "a.bin").read_bytes() == FILES["FracAtlas/a.bin"]


def test_a_full_disk_is_one_line_and_what_fits_is_kept(
    server: Any, publish: Any, zipped: Zipped, tmp_path: Path
) -> None:
    def lessen() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    publish({"FracAtlas.zip": zipped(FILES)})
    out = tmp_path / "out"
    process = start(server, out, preexec_fn=lessen)
    printed, err = process.communicate(timeout=60)
    assert (process.returncode, printed) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"error: cannot write {out / 'FracAtlas.zip'}: File too large; ")
    assert (out / ".FracAtlas.zip.part").stat().st_size == 50_000
    process = start(server, out)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert server.ranges("/files/1")[-1] == "bytes=50000-"
