"""Which files are read, under which names, and in which order."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from detect.errors import InputError
from detect.inputs import Inputs, collect_inputs


def names(inputs: Inputs) -> list[str]:
    return [file.name for file in inputs.files]


def test_a_folder_gives_all_pictures_below_it_by_name(radiographs: Path) -> None:
    inputs = collect_inputs([str(radiographs)])
    assert names(inputs) == ["a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png"]
    assert inputs.skipped == ("README.md",)
    for file in inputs.files:
        assert file.path.samefile(radiographs / file.name)


def test_content_or_suffix_makes_a_file_in_a_folder_a_picture(radiographs: Path) -> None:
    (radiographs / "a.png").rename(radiographs / "IM000001")
    (radiographs / "scan.txt").write_bytes((radiographs / "b.jpg").read_bytes())
    (radiographs / "text.jpg").write_text("not a picture", encoding="utf-8")
    (radiographs / "notes").write_text("nor this", encoding="utf-8")
    inputs = collect_inputs([str(radiographs)])
    assert {"IM000001", "scan.txt", "text.jpg"} <= set(names(inputs))
    assert inputs.skipped == ("README.md", "notes")


def test_a_file_named_by_the_user_is_read_whatever_it_is(radiographs: Path) -> None:
    inputs = collect_inputs([str(radiographs / "README.md")])
    assert names(inputs) == ["README.md"]
    assert inputs.skipped == ()


def test_hidden_files_and_folders_are_left_alone(radiographs: Path) -> None:
    (radiographs / ".thumbnails").mkdir()
    for hidden in (".thumbnails/a.png", "._b.jpg"):
        shutil.copy(radiographs / "a.png", radiographs / hidden)
    assert len(names(collect_inputs([str(radiographs)]))) == 4


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("hand/*", ["c.tif", "left/d e ü.png"]),
        ("**/*.[pt]*", ["a.png", "hand/c.tif", "hand/left/d e ü.png"]),
        ("hand/left/?*", ["d e ü.png"]),
    ],
)
def test_patterns(radiographs: Path, pattern: str, expected: list[str]) -> None:
    assert names(collect_inputs([str(radiographs / pattern)])) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(radiographs: Path) -> None:
    (radiographs / "a.png").rename(radiographs / "[b].png")
    assert names(collect_inputs([str(radiographs / "[b].png")])) == ["[b].png"]


def test_same_names_below_several_folders_do_not_collide(radiographs: Path) -> None:
    twin = radiographs.parent / "twin"
    shutil.copytree(radiographs, twin)
    inputs = collect_inputs([str(twin), str(radiographs)])
    assert len(set(names(inputs))) == 8
    assert names(inputs)[0] == "radiographs/a.png"
    assert inputs == collect_inputs([str(radiographs), str(twin)])
    assert len(inputs.skipped) == 2


@pytest.mark.parametrize("given", [[".", "hand"], ["hand", "."], ["hand/../hand/left", ".", "."]])
def test_a_file_reached_by_two_ways_is_read_once(
    radiographs: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.chdir(radiographs)
    (radiographs.parent / "link").symlink_to(radiographs)
    ways = [*given, str(radiographs), "../link"]
    inputs = collect_inputs(ways)
    assert names(inputs) == ["a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png"]
    assert inputs == collect_inputs(ways[::-1])


def test_the_order_of_nested_folders_changes_no_name(radiographs: Path) -> None:
    deeper = [str(radiographs / "hand"), str(radiographs / "hand" / "left")]
    inputs = collect_inputs(deeper)
    assert names(inputs) == ["c.tif", "left/d e ü.png"]
    assert inputs == collect_inputs(deeper[::-1])


def test_links_keep_the_names_that_they_have_in_the_folder(radiographs: Path) -> None:
    linked = radiographs.parent / "some" / "linked"
    linked.mkdir(parents=True)
    for name in ("one.png", "two.png"):
        (linked / name).symlink_to(radiographs / "a.png")
    inputs = collect_inputs([str(linked), str(radiographs / "hand")])
    assert names(inputs)[-2:] == ["some/linked/one.png", "some/linked/two.png"]
    assert not any(".." in Path(name).parts for name in names(inputs))


def test_loops_of_links_end(radiographs: Path) -> None:
    (radiographs / "hand" / "up").symlink_to(radiographs)
    (radiographs / "self").symlink_to("self")
    inputs = collect_inputs([str(radiographs)])
    assert len(inputs.files) == 4
    assert inputs.skipped == ("README.md", "self")


def test_a_broken_link_comes_up_rather_than_vanish(radiographs: Path) -> None:
    (radiographs / "gone.png").symlink_to("nowhere")
    assert "gone.png" in names(collect_inputs([str(radiographs)]))
    assert names(collect_inputs([str(radiographs / "gone.png")])) == ["gone.png"]


def test_a_pipe_is_passed_over_without_waiting_for_its_writer(radiographs: Path) -> None:
    os.mkfifo(radiographs / "pipe")
    found: list[Inputs] = []
    thread = threading.Thread(
        target=lambda: found.append(collect_inputs([str(radiographs)])), daemon=True
    )
    thread.start()
    thread.join(20)
    assert found
    assert found[0].skipped == ("README.md", "pipe")


def test_names_that_are_no_text_stay_apart(radiographs: Path) -> None:
    for number in (b"\xfe", b"\xff"):
        os.link(radiographs / "a.png", os.fsencode(radiographs) + b"/x" + number + b".png")
    inputs = collect_inputs([str(radiographs)])
    assert len(set(names(inputs))) == 6
    assert all(file.path.is_file() for file in inputs.files)


def test_results_below_the_folder_that_is_read_are_not_read(radiographs: Path) -> None:
    out = radiographs / "results"
    (out / "images").mkdir(parents=True)
    shutil.copy(radiographs / "a.png", out / "images" / "a.png.jpg")
    assert len(collect_inputs([str(radiographs)], out).files) == 4
    assert len(collect_inputs([str(radiographs)]).files) == 5


def test_the_results_of_another_run_are_passed_over_as_one(radiographs: Path) -> None:
    other = radiographs / "hand" / "results"
    (other / "images" / "deep").mkdir(parents=True)
    for name in ("images/a.png.jpg", "images/deep/b.jpg", "a.png"):
        shutil.copy(radiographs / "a.png", other / name)
    for name in ("run.yaml", "results.csv"):
        (other / name).write_text("", encoding="utf-8")
    assert len(collect_inputs([str(radiographs)]).files) == 7  # so far it is any folder
    (other / "results.jsonl").write_text("", encoding="utf-8")
    inputs = collect_inputs([str(radiographs)])
    assert names(inputs) == ["a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png"]
    assert inputs.skipped == ("README.md", "hand/results/run.yaml")
    with pytest.raises(InputError, match="1 other files were passed over"):
        collect_inputs([str(other)])


def test_what_was_given_is_the_same_from_another_working_folder(
    radiographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (radiographs.parent / "link").symlink_to(radiographs)
    monkeypatch.chdir(radiographs)
    here = collect_inputs([".", "hand/*", "a.png", "hand/../a.png"]).given
    monkeypatch.chdir(radiographs.parent)
    assert collect_inputs(["link/hand/*", "link/a.png", "radiographs"]).given == here
    assert here == (str(radiographs), str(radiographs / "a.png"), str(radiographs / "hand" / "*"))


@pytest.mark.parametrize(
    ("given", "out"), [(".", "."), ("hand", "hand"), ("images", "."), ("images/c.tif", ".")]
)
def test_results_among_what_is_read_are_refused(
    radiographs: Path, monkeypatch: pytest.MonkeyPatch, given: str, out: str
) -> None:
    monkeypatch.chdir(radiographs)
    shutil.copytree("hand", "images")
    with pytest.raises(InputError, match=r"--out .*choose another folder"):
        collect_inputs([given], Path(out))


def test_what_is_not_there_is_named(radiographs: Path) -> None:
    missing = str(radiographs / "missing.png")
    with pytest.raises(InputError, match=r"missing\.png: no such file or folder"):
        collect_inputs([str(radiographs), missing])
    with pytest.raises(InputError, match="no file matches"):
        collect_inputs([str(radiographs / "*.bmp")])
    with pytest.raises(InputError, match="no such file or folder"):
        collect_inputs(["n" * 300])


def test_nothing_to_read_says_what_was_passed_over(tmp_path: Path) -> None:
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    with pytest.raises(InputError, match="2 other files were passed over"):
        collect_inputs([str(tmp_path)])


def test_a_folder_that_cannot_be_listed_is_not_left_out_in_silence(
    radiographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir  # as root, no permission can be taken away for good

    def guarded(path: str) -> object:
        if str(path).endswith("left"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(InputError, match=r"hand/left: cannot be listed \(Permission denied\)"):
        collect_inputs([str(radiographs)])
