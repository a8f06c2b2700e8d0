"""The run folder: claimed, resumed, and never at the cost of anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detect.config import TrainConfig
from detect.errors import InputError, OutputError
from detect.train.session import (
    Stopwatch,
    TrainRequest,
    claim_run,
    drop_stages,
    read_stage,
    write_stage,
)


@pytest.fixture
def request_(tmp_path: Path) -> TrainRequest:
    return TrainRequest(
        data=(tmp_path / "data",),
        recipe=TrainConfig(),
        init="yolo26n.pt",
        out=tmp_path / "weights" / "mine",
        run=tmp_path / "runs" / "mine",
    )


def _prepare(request: TrainRequest) -> Path:
    """Let the run come past its first stage."""
    prepared = request.run / "data" / "prepared.json"
    prepared.parent.mkdir()
    prepared.write_text("{}", encoding="utf-8")
    return prepared


def test_a_run_is_not_started_twice_but_resumed_or_dropped(request_: TrainRequest) -> None:
    claim_run(request_)
    prepared = _prepare(request_)

    with pytest.raises(InputError, match="holds a run already"):
        claim_run(request_)
    claim_run(replace(request_, resume=True))
    assert prepared.exists()
    claim_run(replace(request_, overwrite=True))
    assert not prepared.exists()


def test_a_run_that_was_refused_early_may_be_started_otherwise(request_: TrainRequest) -> None:
    claim_run(request_)

    claim_run(replace(request_, init="other.pt"))

    claim_run(replace(request_, init="other.pt", resume=True))


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_left_alone(request_: TrainRequest, overwrite: bool) -> None:
    precious = request_.run / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("five years", encoding="utf-8")

    with pytest.raises(InputError, match="not the folder of a run"):
        claim_run(replace(request_, overwrite=overwrite))

    assert precious.read_text(encoding="utf-8") == "five years"


@pytest.mark.parametrize("option", ["overwrite", "resume"])
def test_out_that_is_no_bundle_is_left_alone(request_: TrainRequest, option: str) -> None:
    claim_run(request_)
    (request_.out / "photos").mkdir(parents=True)

    with pytest.raises(InputError, match="is no bundle"):
        claim_run(replace(request_, **{option: True}))


def test_a_bundle_is_replaced_only_on_demand(request_: TrainRequest) -> None:
    request_.out.mkdir(parents=True)
    (request_.out / "manifest.yaml").touch()

    with pytest.raises(InputError, match="--overwrite"):
        claim_run(request_)

    claim_run(replace(request_, overwrite=True))
    assert (request_.out / "manifest.yaml").exists()  # until the new one is finished


@pytest.mark.parametrize("out", [".", "..", "weights/.."])
def test_out_needs_a_name(request_: TrainRequest, out: str) -> None:
    with pytest.raises(InputError, match="no name of its own"):
        claim_run(replace(request_, out=Path(out), overwrite=True))


@pytest.mark.parametrize("where", ["init", "data"])
def test_what_a_run_starts_from_must_not_lie_in_it(request_: TrainRequest, where: str) -> None:
    claim_run(request_)
    inside = request_.run / "fine-tune" / "last.pt"
    inside.parent.mkdir()
    inside.touch()
    value = {"init": str(inside)} if where == "init" else {"data": (inside.parent,)}

    with pytest.raises(InputError, match="move it"):
        claim_run(replace(request_, overwrite=True, **value))  # type: ignore[arg-type]

    assert inside.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data", (Path("elsewhere"),)),
        ("init", "other.pt"),
        ("recipe", TrainConfig(seed=1)),
        ("recipe", TrainConfig(epochs=3)),
    ],
)
def test_only_the_same_request_is_resumed(request_: TrainRequest, name: str, value: object) -> None:
    claim_run(request_)

    with pytest.raises(InputError, match=f"--resume: {name} not as in"):
        claim_run(replace(request_, resume=True, **{name: value}))  # type: ignore[arg-type]


def test_there_must_be_something_to_resume(request_: TrainRequest) -> None:
    with pytest.raises(InputError, match="start without --resume"):
        claim_run(replace(request_, resume=True))


def test_a_file_in_the_place_of_the_runs_folder_is_told(request_: TrainRequest) -> None:
    request_.run.parent.touch()

    with pytest.raises(OutputError, match="cannot be made"):
        claim_run(request_)


def test_a_stage_is_done_when_its_file_is_there(tmp_path: Path) -> None:
    note = tmp_path / "settled.json"

    assert read_stage(note) is None
    assert write_stage(note, {"a": [1, 2.5]}) == read_stage(note) == {"a": [1, 2.5]}
    drop_stages(note, tmp_path / "never-there.json")
    assert read_stage(note) is None


def test_seconds_add_up_over_resumptions_and_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("detect.train.session.time.monotonic", lambda: now)
    first = Stopwatch(tmp_path / "seconds.json")
    with pytest.raises(KeyError), first("fine-tune"):
        now = 40.0
        raise KeyError
    second = Stopwatch(tmp_path / "seconds.json")
    with second("fine-tune"):
        now = 45.0
    with second("evaluate"):
        now = 47.0

    assert second.spent == {"fine-tune": 45.0, "evaluate": 2.0}
    assert read_stage(tmp_path / "seconds.json") == second.spent
