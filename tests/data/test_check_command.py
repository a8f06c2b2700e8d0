"""`data check` as a process of its own: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from jsonschema import Draft202012Validator

import cli
from detect.data.canonical import write_dataset
from detect.data.check_json import check_schema
from detect.data.load import load_dataset
from detect.data.phantom.writer import write_phantoms

CLI = Path(__file__).resolve().parents[2] / "cli.py"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `data check …` in an empty folder."""
    (tmp_path / "here").mkdir()

    def start(*arguments: object) -> Ended:
        done = subprocess.run(
            [sys.executable, CLI, "data", "check", *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path / "here",
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    return start


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """Run `data check …` in this process: quicker, for what ends before the work begins."""

    def start(*arguments: object) -> Ended:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["cli.py", "data", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return start


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "phantoms"
    write_phantoms(folder, 12, seed=5)
    return folder


@pytest.fixture
def phantoms(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered, tmp_path / "phantoms"))


@pytest.fixture
def leaking(phantoms: Path) -> Path:
    """The phantoms, one of them in train and, under another name and group, in test."""
    dataset = load_dataset(phantoms)
    first = next(sample for sample in dataset.samples if sample.split == "train")
    copy = first.image.with_name("copy.png")
    shutil.copy(first.image, copy)
    again = replace(first, image=copy, split="test", group="another")
    write_dataset(replace(dataset, samples=(*dataset.samples, again)), phantoms)
    return phantoms


def _json(path: Path) -> dict[str, object]:
    plain = json.loads(path.read_bytes())
    Draft202012Validator(check_schema()).validate(plain)
    return dict(plain)


def test_a_sound_dataset_ends_with_0(run: Run, phantoms: Path, tmp_path: Path) -> None:
    ended = run(phantoms, "--workers", 2)
    assert ended.code == 0, ended.err
    assert "phantoms: 12 images checked. No split leaks." in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100
    out = tmp_path / "here/results/check-phantoms"
    assert sorted(path.name for path in out.iterdir()) == ["check.html", "check.json"]
    assert (_json(out / "check.json")["checked"], _json(out / "check.json")["leaks"]) == (12, False)


def test_a_leak_ends_with_3_and_is_named(run: Run, leaking: Path, tmp_path: Path) -> None:
    ended = run(leaking, "--out", tmp_path / "out")
    assert ended.code == 3, ended.err
    assert "2 splits leak: train, test." in " ".join(ended.out.split())
    plain = _json(tmp_path / "out/check.json")
    assert plain["leaking_splits"] == ["train", "test"]
    leaks = [p for p in plain["problems"] if p["kind"] == "duplicate_leak"]  # type: ignore[attr-defined]
    (one,) = leaks[0]["sets"]
    assert "images/copy.png" in one
    assert run(leaking, "--quiet", "--out", tmp_path / "quiet")[:2] == (3, "")


def test_a_mended_dataset_leaks_no_more(run: Run, leaking: Path, tmp_path: Path) -> None:
    fixed = tmp_path / "fixed"
    ended = run(leaking, "--fix", fixed)
    assert ended.code == 0, ended.err
    lines = (fixed / "left_out.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    printed = " ".join(ended.out.split())
    assert all(" ".join(line.split()) in printed for line in lines)
    assert "Checked again, 12 images: No split leaks." in printed
    again = load_dataset(fixed)
    assert again.name == "fixed"
    before = load_dataset(leaking)
    assert {sample.image for sample in again.samples} < {sample.image for sample in before.samples}
    assert run(fixed, "--out", tmp_path / "out").code == 0
    # what was given stays as it was
    assert len(before.samples) == 13


def test_what_copies_tie_can_be_kept_and_is_told(run: Run, leaking: Path, tmp_path: Path) -> None:
    dataset = load_dataset(leaking)
    copied = next(s for s in dataset.samples if s.split == "train")
    other = next(s for s in dataset.samples if s.split == "train" and s.group != copied.group)
    joined = replace(other, group=copied.group)
    samples = tuple(joined if sample == other else sample for sample in dataset.samples)
    write_dataset(replace(dataset, samples=samples), leaking)
    fixed = tmp_path / "fixed"
    ended = run(leaking, "--fix", fixed, "--leave-out", "copies")
    assert ended.code == 0, ended.err
    (line,) = (fixed / "left_out.txt").read_text(encoding="utf-8").splitlines()
    assert line.endswith("same file as images/copy.png in test; left out of train")
    cleaned = load_dataset(fixed)
    assert len(cleaned.samples) == 12
    assert joined.image in {sample.image for sample in cleaned.samples}
    tied = f"1 image of train in groups {copied.group}, which share pictures with groups another"
    assert any(note.startswith(tied) for note in cleaned.notes)
    printed = " ".join(ended.out.split())
    assert f"Tied, and no copies themselves: {tied}" in printed
    assert "Checked again, 12 images: No split leaks." in printed


def test_a_dataset_of_which_nothing_is_left_is_not_written(run: Run, tmp_path: Path) -> None:
    for name in ("fractured/a.png", "not fractured/b.png"):
        (tmp_path / "broken/train" / name).parent.mkdir(parents=True)
        (tmp_path / "broken/train" / name).write_bytes(b"")
    ended = run(tmp_path / "broken", "--fix", tmp_path / "fixed")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "no image is fit for use; see results/check-broken/check.html" in ended.err
    assert not (tmp_path / "fixed").exists()
    assert (tmp_path / "here/results/check-broken/check.html").is_file()


def test_a_name_that_no_table_holds_leaves_nothing_behind(
    run: Run, phantoms: Path, tmp_path: Path
) -> None:
    for number, label in enumerate(("fractured", "not fractured")):
        image = os.fsencode(tmp_path / "odd/train" / label / "caf") + b"\xe9.png"
        Path(os.fsdecode(image)).parent.mkdir(parents=True)
        shutil.copy(sorted((phantoms / "images").iterdir())[number], os.fsdecode(image))
    assert run(tmp_path / "odd", "--quiet").code == 0
    ended = run(tmp_path / "odd", "--fix", tmp_path / "fixed", "--overwrite")
    assert (ended.code, ended.out) == (1, "")
    assert "cannot be written as UTF-8; rename it" in ended.err
    assert not list((tmp_path / "fixed").iterdir())


def test_datasets_are_checked_as_one(run: Run, phantoms: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(phantoms, tmp_path / "other"))
    ended = run(phantoms, other, "--out", tmp_path / "out")
    assert ended.code in (0, 3)
    plain = _json(tmp_path / "out/check.json")
    assert plain["checked"] == 24
    kinds = {p["kind"] for p in plain["problems"]}  # type: ignore[attr-defined]
    assert "duplicate" in kinds


def test_nothing_is_overwritten_unless_told(run: Run, phantoms: Path, tmp_path: Path) -> None:
    fixed = tmp_path / "fixed"
    assert run(phantoms, "--fix", fixed, "--quiet").code == 0
    results = tmp_path / "here/results/check-phantoms/check.json"
    before = results.stat().st_mtime_ns
    for arguments, word in (
        ((phantoms,), "--out"),
        ((phantoms, "--out", tmp_path / "new", "--fix", fixed), "--fix"),
    ):
        ended = run(*arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
        assert ended.err.startswith(f"error: {word} ")
        assert "--overwrite" in ended.err
    assert results.stat().st_mtime_ns == before
    assert run(phantoms, "--fix", fixed, "--overwrite", "--quiet").code == 0
    assert results.stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["DATA", "--form", "voodoo"], "--form voodoo: no such form"),
        (["DATA", "--config", "none.yaml"], "none.yaml: no such configuration file"),
        (["DATA", "--fix", "DATA"], "is the folder that is checked"),
        (["DATA/dataset.yaml", "--fix", "DATA"], "is the folder that is checked"),
        (["DATA", "--fix", "DATA/images"], "lies in the folder that is checked"),
        (["DATA", "--fix", "DATA/new/clean"], "lies in the folder that is checked"),
        (["DATA", "--fix", "DATA/table.csv"], "is a file; name a folder"),
        (["DATA", "--out", "DATA/table.csv"], "is a file; name a folder"),
        (["DATA", "--out", "DATA/images"], "choose a folder outside the dataset"),
    ],
)
def test_mistakes_are_one_line_and_cost_no_time(
    call: Run, phantoms: Path, arguments: list[str], says: str
) -> None:
    ended = call(*(argument.replace("DATA", str(phantoms)) for argument in arguments))
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith("error: ")
    assert says in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--leave-out", "copies"], "give --fix FOLDER, too"),
        (["--fix", "new", "--leave-out", "all"], "choose from groups, copies"),
    ],
)
def test_what_to_leave_out_is_told_rightly_or_refused(
    call: Run, phantoms: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    ended = call(phantoms, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert says in " ".join(ended.err.replace("│", " ").split())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--out", "--fix"])
def test_a_result_in_a_link_to_itself_is_one_line(
    call: Run, phantoms: Path, tmp_path: Path, option: str
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    ended = call(phantoms, "--quiet", option, loop)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert str(loop) in ended.err


def test_a_list_of_odd_names_has_a_line_for_each(run: Run, leaking: Path, tmp_path: Path) -> None:
    dataset = load_dataset(leaking)
    odd = leaking / "images" / "odd\nname.png"
    odd.write_bytes(b"no image")
    more = replace(dataset.samples[0], image=odd, group=None, boxes=None)
    write_dataset(replace(dataset, samples=(*dataset.samples, more)), leaking)
    assert run(leaking, "--fix", tmp_path / "fixed").code == 0
    lines = (tmp_path / "fixed/left_out.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 14 - len(load_dataset(tmp_path / "fixed").samples)
    assert any(line.endswith("odd\\nname.png: unsupported; left out") for line in lines), lines


def test_a_recipe_says_which_boxes_are_fractures(run: Run, phantoms: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("classes: {fracture: null}\n")
    assert run(phantoms, "--config", recipe, "--quiet").code == 0
    plain = _json(tmp_path / "here/results/check-phantoms/check.json")
    lines = [p["line"] for p in plain["problems"] if p["kind"] == "split_unfit"]  # type: ignore[attr-defined]
    assert "train: no image has a box" in lines


def test_what_is_missing_to_check_is_named(
    monkeypatch: pytest.MonkeyPatch, call: Run, phantoms: Path
) -> None:
    monkeypatch.setattr("detect.extras.find_spec", lambda name: None if name == "jinja2" else name)
    ended = call(phantoms)
    assert ended.code == 1
    assert ended.err.startswith("error: jinja2: not installed; run: ")
