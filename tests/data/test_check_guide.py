"""Every kind of problem is explained, and ranked by what it does to figures."""

from __future__ import annotations

from typing import get_args

import pytest

from detect.data.check_guide import GUIDES, by_seriousness, severity_of
from detect.data.check_report import LEAKS, Problem, ProblemKind


def test_every_kind_has_an_explanation_in_whole_sentences() -> None:
    assert set(GUIDES) == set(get_args(ProblemKind))
    assert len({guide.title for guide in GUIDES.values()}) == len(GUIDES)
    for guide in GUIDES.values():
        for sentence in (guide.what, guide.why, guide.remedy):
            assert sentence.endswith(".")
            assert "  " not in sentence


def test_leaks_come_before_errors_before_cautions() -> None:
    order = [severity_of(kind) for kind in GUIDES]
    assert order == sorted(order, key=["leak", "error", "caution"].index)
    assert {kind for kind in GUIDES if severity_of(kind) == "leak"} == LEAKS


@pytest.mark.parametrize("kinds", [("burnt_in", "group_leak", "unreadable", "group_leak")])
def test_problems_of_one_kind_keep_their_order(kinds: tuple[ProblemKind, ...]) -> None:
    problems = [Problem(kind, (), str(place)) for place, kind in enumerate(kinds)]
    assert [problem.line for problem in by_seriousness(problems)] == ["1", "3", "2", "0"]
