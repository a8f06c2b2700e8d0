"""A check on the terminal: order, width, and names that would play tricks on it."""

from __future__ import annotations

from dataclasses import replace

from detect.data.check_report import Balance, FullReport, Problem
from detect.data.check_table import check_lines, fix_lines


def test_problems_stand_most_serious_first_and_the_verdict_last(checked: FullReport) -> None:
    lines = list(check_lines(checked))
    marks = [line.split()[:2] for line in lines if line[:1] in "Lec" and "_" in line[:30]]
    assert marks == [
        ["LEAK", "near_duplicate_leak"],
        ["error", "split_unfit"],
        ["error", "box_outside"],
        ["caution", "no_split"],
    ]
    end = " ".join(lines[-3:])
    assert "6 images checked. 3 splits leak: train, val, test." in end
    assert "--fix" in end


def test_balances_are_aligned_with_shares_as_percent(checked: FullReport) -> None:
    lines = list(check_lines(checked))
    assert lines[:5] == [
        "Images by <split>",
        "  split     images  share fractured  odds",
        "  train          2            50.0%  1.25",
        "  val            1             0.0%     -",
        "  test <b>       2                -  17.5",
    ]


def test_no_line_is_wider_than_a_hundred_columns_or_holds_a_control(checked: FullReport) -> None:
    name = "n" * 250
    wide = Balance("wide", "Wide", ("value", *"abcdefgh"), ((name,) * 9, ("", *range(8))))
    long = Problem("label_box", checked.problems[0].images, f"1 image: contradicts: {name}\x1b[2J")
    lines = list(
        check_lines(
            replace(checked, balances=(*checked.balances, wide), problems=(*checked.problems, long))
        )
    )
    assert max(map(len, lines)) <= 100
    assert all(line.isprintable() for line in lines)
    assert r"caf\udce9\x1b[31m\n.png" in "".join(line.strip() for line in lines)
    assert sum(line.count("n" * 20) for line in lines)


def test_small_shares_keep_two_digits_and_what_never_varies_is_left_out(
    checked: FullReport,
) -> None:
    rows = (("a", 0.00416), ("b", 0.0))
    some = Balance("some", "Some", ("value", "share"), rows)
    one = Balance("one", "One", ("value", "share"), rows[:1])
    lines = list(check_lines(replace(checked, balances=(some, one))))
    assert lines[:5] == ["Some", "  value  share", "  a      0.42%", "  b       0.0%", ""]
    assert not [line for line in lines if line == "One"]


def test_a_dataset_without_faults_is_told_so(checked: FullReport) -> None:
    clean = replace(checked, problems=(), balances=())
    assert list(check_lines(clean)) == [
        "<b>set</b> & co: 6 images checked. No split leaks. Nothing else was found."
    ]
    samples = tuple(replace(sample, split=None) for sample in clean.dataset.samples)
    unsplit = replace(clean, dataset=replace(clean.dataset, samples=samples))
    assert "No image is in a split yet." in " ".join(check_lines(unsplit))


def test_what_was_left_out_is_listed_and_the_rest_judged_anew(checked: FullReport) -> None:
    lines = list(fix_lines(["a/x\n.png: left out, since " + "it leaks " * 20], checked))
    assert lines[1] == "Left out or changed:"
    assert lines[2].startswith(r"  a/x\n.png: left out")
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "Checked again, 6 images: 3 splits leak: train, val, test."
    # what is still wrong is told as well, cautions aside
    kinds = [line.split()[1] for line in lines if line.startswith(("LEAK", "error", "caution"))]
    assert kinds == ["near_duplicate_leak", "unreadable", "split_unfit", "box_outside"]
    whole = replace(checked, problems=())
    assert list(fix_lines([], whole))[1:] == [
        "Nothing was left out or changed.",
        "Checked again, 6 images: No split leaks.",
    ]
