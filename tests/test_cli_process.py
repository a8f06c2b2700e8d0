"""The command line as a process of its own: kills, full disks, narrow terminals, what it loads."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from detect.benchmark.processes import run_command

REPOSITORY = Path(__file__).resolve().parent.parent
CLI = str(REPOSITORY / "cli.py")
MANY = 60


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, CLI, *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err
    return process.returncode, out or "", err


def loaded_by(code: str, *arguments: object) -> set[str]:
    """Run Python code in a process of its own; return the top modules that it ends with."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        timeout=300,
    )
    return set(done.stdout.splitlines()[-1].split())


def timeless(out: Path) -> list[dict[str, Any]]:
    """Return results.jsonl without the times."""
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def count_lines(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes().count(b"\n")
    return 0


def wait_for_lines(process: subprocess.Popen[str], out: Path, least: int) -> None:
    deadline = time.monotonic() + 200
    while count_lines(out / "results.jsonl") < least:
        assert process.poll() is None, "ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, phantom_pixels: tuple[np.ndarray, ...]) -> Path:
    """A folder of many small pictures, every tenth of them broken."""
    folder = tmp_path_factory.mktemp("many")
    for number, pixels in enumerate(phantom_pixels):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    for number in range(len(phantom_pixels), MANY):
        target = folder / f"{number:03}.png"
        if number % 10 == 9:
            target.write_bytes((folder / "000.png").read_bytes()[:2000])
        else:
            target.hardlink_to(folder / f"{number % len(phantom_pixels):03}.png")
    return folder


@pytest.fixture(scope="module")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an uninterrupted run over `many`."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert end(start("detect", many, "--out", out, "--quiet"))[0] == 3
    return out


def assert_same_run(out: Path, whole: Path) -> None:
    assert timeless(out) == timeless(whole)
    for table in ("results.csv", "findings.csv"):
        assert (out / table).read_bytes() == (whole / table).read_bytes()
    pictures = {path.name for path in (whole / "images").iterdir()}
    assert len(pictures) == MANY - MANY // 10
    for name in pictures:
        assert (out / "images" / name).read_bytes() == (whole / "images" / name).read_bytes()
    about = yaml.safe_load((out / "run.yaml").read_text(encoding="utf-8"))
    assert about["status"] == "done"
    assert about["counts"]["failures"] == MANY // 10


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(
    many: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for least in (5, 30):  # killed twice
        process = start("detect", many, "--out", out, "--resume", "--workers", "2")
        wait_for_lines(process, out, least)
        process.send_signal(signal.SIGKILL)
        assert end(process)[0] == -signal.SIGKILL
        assert count_lines(out / "results.jsonl") < MANY
    code, printed, _ = end(start("detect", many, "--out", out, "--resume"))
    assert code == 3
    assert f"{MANY - MANY // 10} read" in printed
    assert_same_run(out, whole)


def test_ctrl_c_leaves_all_results_so_far_in_good_order(
    many: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start("detect", many, "--out", out, "--workers", "2")
    wait_for_lines(process, out, 5)
    process.send_signal(signal.SIGINT)
    code, _, err = end(process)
    assert (code, err) == (130, "interrupted; go on with --resume\n")
    finished = timeless(out)
    assert 5 <= len(finished) < MANY
    assert finished == timeless(whole)[: len(finished)]
    assert count_lines(out / "results.csv") == len(finished) + 1
    about = yaml.safe_load((out / "run.yaml").read_text(encoding="utf-8"))
    assert about["status"] == "interrupted"
    assert about["counts"]["read"] + about["counts"]["failures"] == len(finished)
    assert not list(out.rglob("*.part"))
    assert end(start("detect", many, "--out", out, "--resume", "--quiet"))[:2] == (3, "")
    assert_same_run(out, whole)


@pytest.mark.parametrize(("limit", "options"), [(1000, []), (1500, ["--no-images"])])
def test_a_full_disk_is_one_line(
    radiographs: Path, tmp_path: Path, limit: int, options: list[str]
) -> None:
    def lessen() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    out = tmp_path / "out"
    code, printed, err = end(
        start("detect", radiographs, "--out", out, *options, preexec_fn=lessen)
    )
    assert (code, printed) == (1, "")
    assert err.startswith(f"error: cannot write {out}")
    assert err.count("\n") == 1
    assert not list(out.rglob("*.part"))
    assert end(start("detect", radiographs, "--out", out, "--resume", *options))[0] == 0
    assert len(timeless(out)) == 4


@pytest.mark.parametrize("arguments", [["--help"], ["detect", "a.png", "--out", "out"]])
def test_a_full_disk_behind_stdout_is_one_line(radiographs: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        code, _, err = end(start(*arguments, cwd=radiographs, stdout=full))
    assert (code, err) == (1, "error: output: No space left on device\n")


def test_a_reader_that_turns_away_is_no_drama(radiographs: Path) -> None:
    process = start("detect", "a.png", "--out", "out", cwd=radiographs)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert end(process)[2] == ""
    assert (radiographs / "out" / "results.csv").is_file()


def test_names_beyond_the_terminal_are_printed_all_the_same(radiographs: Path) -> None:
    os.link(radiographs / "a.png", os.fsencode(radiographs) + b"/caf\xe9.png")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    code, printed, err = end(start("detect", ".", "--out", "o", cwd=radiographs, env=environment))
    assert (code, err) == (0, "")
    assert "caf\\udce9.png: " in printed
    assert "hand/left/d e \\xfc.png: " in printed
    assert end(start("detect", ".", "--out", "o", "--resume", cwd=radiographs))[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect", "NAME"],
        ["detect", "a.png", "--out", "NAME"],
        ["detect", "a.png", "--weights", "NAME"],
        ["report", "NAME", "--format", "csv", "--out", "out"],
        ["report", "a.png", "--format", "csv", "--out", "NAME"],
    ],
)
def test_names_that_no_system_takes_are_one_line(radiographs: Path, arguments: list[str]) -> None:
    name = "n" * 300
    given = [name if argument == "NAME" else argument for argument in arguments]
    code, _, err = end(start(*given, cwd=radiographs))
    assert code == 1
    assert err.startswith("error: ")
    assert name in err
    assert err.count("\n") == 1


def test_help_answers_at_once() -> None:
    end(start("--help"))  # once for the compiled modules
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, printed, err = end(start("--help"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (code, err) == (0, "")
    assert "detect" in printed
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 0.5


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    heavy = {"cv2", "numpy", "openvino", "supervision", "pydicom", "pydantic", "torch", "yaml"}
    assert not loaded_by("import cli") & (heavy | {"ultralytics", "sklearn", "matplotlib"})


def test_detect_loads_neither_torch_nor_ultralytics(radiographs: Path, tmp_path: Path) -> None:
    code = "import cli\ntry: cli.main()\nexcept SystemExit as ended: assert not ended.code"
    loaded = loaded_by(code, "detect", radiographs, "--out", tmp_path / "out", "--heatmap")
    assert {"cv2", "openvino"} <= loaded
    assert not loaded & {"torch", "torchvision", "ultralytics", "sklearn", "onnxruntime"}
    # any of these costs one image as much as its network does
    assert not loaded & {"supervision", "matplotlib", "scipy", "pandas", "requests", "pydicom"}
    assert len(timeless(tmp_path / "out")) == 4


def peak_of_detect(folder: Path, count: int, *options: str) -> float:
    """Read `count` copies of `folder`/0.png; return the greatest resident memory, MiB."""
    for number in range(1, count):
        (folder / f"{number}.png").hardlink_to(folder / "0.png")
    report = folder.with_name(f"{folder.name}-report")
    report.mkdir()
    command = [sys.executable, CLI, "detect", str(folder), "--out", str(folder / "out"), *options]
    # by a small process in between: the peak of a child counts that of its parent at its start
    used = run_command([*command, "--workers", "2", "--quiet"], report, "detect")
    assert len(timeless(folder / "out")) == count
    shutil.rmtree(folder)
    return used.peak_memory_bytes / 2**20


@pytest.mark.slow
def test_memory_does_not_grow_with_the_size_of_all_pictures(
    tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]
) -> None:
    large = np.kron(phantom_pixels[0] >> 8, np.ones((10, 10), np.uint16)).astype(np.uint8)
    peaks = []
    for count in (20, 200):  # 2 MB of pixels each
        folder = tmp_path / str(count)
        folder.mkdir()
        Image.fromarray(large).save(folder / "0.png")
        peaks.append(peak_of_detect(folder, count))
    assert peaks[1] < peaks[0] + 60  # MiB; all pictures together have 390


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures(
    tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]
) -> None:
    peaks = []
    for count in (100, 2000):
        folder = tmp_path / str(count)
        folder.mkdir()
        Image.fromarray((phantom_pixels[0] >> 8).astype(np.uint8)).save(folder / "0.png")
        peaks.append(peak_of_detect(folder, count, "--no-images"))
    # a tenth would be 13 KiB for each picture: its pixels, or its evidence map
    assert peaks[1] < 1.1 * peaks[0]
