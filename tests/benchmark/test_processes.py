"""What a process costs, seen from outside."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from detect.benchmark.processes import run_command
from detect.errors import BenchmarkError


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_time_processor_and_memory_are_those_of_the_command(tmp_path: Path) -> None:
    held = bytearray(b"x") * (200 << 20)  # of this process, which is none of the command's
    code = (
        "import time; m = bytearray(b'x') * (64 << 20); s = sum(range(5_000_000)); time.sleep(.3)"
    )
    usage = run_command(python(code), tmp_path, "test")
    assert len(held) == 200 << 20
    assert 64 << 20 < usage.peak_memory_bytes < 150 << 20
    assert usage.wall_seconds > 0.3
    assert 0.02 < usage.cpu_seconds < usage.wall_seconds
    assert usage.first_result_seconds is None


def test_the_first_result_is_seen_while_the_command_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import pathlib, time; p = pathlib.Path(__import__('sys').argv[1]); p.mkdir();"
        "(p / 'other.txt').write_text('x'); (p / 'a.jpg').touch(); time.sleep(.4);"
        "(p / 'a.jpg').write_text('x'); time.sleep(.4)"
    )
    usage = run_command([*python(code), str(out)], tmp_path, "test", first_result=(out, ".jpg"))
    assert usage.first_result_seconds is not None
    assert usage.first_result_seconds > 0.4  # an empty file is no result
    assert usage.wall_seconds - usage.first_result_seconds > 0.2


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "print('one'); print('error: two', flush=True); raise SystemExit(4)",
            "test: ended with code 4: two",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "test: ended by signal 9: it"),
    ],
)
def test_a_command_that_fails_is_told_with_its_last_words(
    tmp_path: Path, code: str, told: str
) -> None:
    with pytest.raises(BenchmarkError) as caught:
        run_command(python(code), tmp_path, "test")
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"test: cannot be run: .*No such file"):
        run_command([str(tmp_path / "none")], tmp_path, "test")


def test_an_interrupt_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    def interrupt(_: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupt)
    code = (
        "import pathlib, sys, time; p = pathlib.Path(sys.argv[1]);"
        "(p / 'begun').touch(); time.sleep(1); (p / 'ended').touch()"
    )
    with pytest.raises(KeyboardInterrupt):
        run_command([*python(code), str(tmp_path)], tmp_path, "test")
    time.sleep(1.5)
    assert not (tmp_path / "ended").exists()
