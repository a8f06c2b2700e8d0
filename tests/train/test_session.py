"""The run folder: claimed, resumed, and never at the cost of anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from detect.config import TrainConfig
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import InputError, OutputError, TrainingError
from detect.record import Box
from detect.train.session import (
    Stopwatch,
    TrainRequest,
    drop_stages,
    read_stage,
    start_run,
    write_stage,
)
from detect.train.session import claim_run as claim


@pytest.fixture
def request_(tmp_path: Path) -> TrainRequest:
    return TrainRequest(
        data=(tmp_path / "data",),
        recipe=TrainConfig(),
        init="yolo26n.pt",
        out=tmp_path / "weights" / "mine",
        run=tmp_path / "runs" / "mine",
    )


SAMPLE = Sample(
    Path("/set/a.png"), "train", "p1", True, (LabelledBox(Box(1, 2, 3, 4), "fracture"),)
)
DATASET = Dataset("set", Path("/set"), ("fracture",), (SAMPLE,))


def claim_run(request: TrainRequest, dataset: Dataset = DATASET) -> None:
    claim(request, [dataset])


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
    assert prepared.exists()  # until the new start is known to be sound
    start_run(replace(request_, overwrite=True), [DATASET])
    assert not prepared.exists()


def test_a_run_that_was_refused_early_may_be_started_otherwise(request_: TrainRequest) -> None:
    claim_run(request_)

    other = replace(request_, init="other.pt")
    claim_run(other)
    start_run(other, [DATASET])

    claim_run(replace(other, resume=True))


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


def test_a_run_from_before_a_key_of_the_recipe_was_there_is_resumed(
    request_: TrainRequest,
) -> None:
    claim_run(request_)
    file = request_.run / "run.json"
    plain = json.loads(file.read_text(encoding="utf-8"))
    del plain["recipe"]["losses"]
    file.write_text(json.dumps(plain), encoding="utf-8")

    claim_run(replace(request_, resume=True))

    plain["recipe"]["seed"] = "none"
    file.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(InputError, match="--resume: recipe not as in"):
        claim_run(replace(request_, resume=True))


@pytest.mark.parametrize(
    "changed",
    [
        replace(SAMPLE, image=Path("/set/b.png")),
        replace(SAMPLE, split="test"),
        replace(SAMPLE, group="p2"),
        replace(SAMPLE, fractured=None),
        replace(SAMPLE, boxes=None),
        replace(SAMPLE, boxes=()),
        replace(SAMPLE, boxes=(LabelledBox(Box(1, 2, 3, 5), "fracture"),)),
        replace(SAMPLE, boxes=(LabelledBox(Box(1, 2, 3, 4), "metal"),)),
    ],
)
def test_a_run_is_not_resumed_on_data_that_changed(request_: TrainRequest, changed: Sample) -> None:
    claim_run(request_)

    with pytest.raises(InputError, match="splits, groups, labels or boxes of the data are not as"):
        claim_run(replace(request_, resume=True), replace(DATASET, samples=(changed,)))
    # where the data lies is told by its path
    moved = replace(
        DATASET, root=Path("/new"), samples=(replace(SAMPLE, image=Path("/new/a.png")),)
    )
    claim_run(replace(request_, resume=True), moved)


def test_a_run_of_a_version_that_noted_no_samples_is_not_resumed(request_: TrainRequest) -> None:
    claim_run(request_)
    noted = read_stage(request_.run / "run.json") or {}
    del noted["samples"]
    write_stage(request_.run / "run.json", noted)

    with pytest.raises(InputError, match="boxes of the data"):
        claim_run(replace(request_, resume=True))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_damaged_notes_are_named(request_: TrainRequest, content: bytes) -> None:
    claim_run(request_)
    (request_.run / "run.json").write_bytes(content)
    (request_.run / "settled.json").write_bytes(content)

    with pytest.raises(TrainingError, match=r"run\.json: .*--overwrite") as caught:
        claim_run(replace(request_, resume=True))
    assert "\n" not in str(caught.value)
    with pytest.raises(TrainingError, match=r"settled\.json: .*delete it, and --resume") as caught:
        read_stage(request_.run / "settled.json")
    assert "\n" not in str(caught.value)
    claim_run(replace(request_, overwrite=True))


def test_a_note_without_what_its_stage_finds_is_damaged(tmp_path: Path) -> None:
    write_stage(tmp_path / "verdict.json", {"verdict_head": {}})

    assert read_stage(tmp_path / "verdict.json", "verdict_head")
    with pytest.raises(TrainingError, match="delete it"):
        read_stage(tmp_path / "verdict.json", "verdict_head", "detection_heads")


@pytest.mark.parametrize("content", ["{", "[]", '{"prepare": "long"}'])
def test_damaged_seconds_are_warned_of_and_counted_anew(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "seconds.json").write_text(content, encoding="utf-8")

    clock = Stopwatch(tmp_path / "seconds.json")

    assert clock.spent == {}
    (record,) = caplog.records
    assert "not counted" in record.getMessage()
    with clock("prepare"):
        pass
    assert (read_stage(tmp_path / "seconds.json") or {}).keys() == {"prepare"}


@pytest.mark.parametrize(
    ("out", "run"), [("a", "a"), ("a", "a/run"), ("run/weights/a", "run"), ("a", "a/../a")]
)
def test_run_and_bundle_must_not_hold_one_another(
    request_: TrainRequest, tmp_path: Path, out: str, run: str
) -> None:
    with pytest.raises(InputError, match="holds the other"):
        claim_run(replace(request_, out=tmp_path / out, run=tmp_path / run))

    assert not list(tmp_path.iterdir())


def test_a_bundle_does_not_replace_the_data(request_: TrainRequest) -> None:
    data = request_.out / "images"
    data.mkdir(parents=True)
    (request_.out / "manifest.yaml").touch()

    with pytest.raises(InputError, match="the new bundle replaces; move it"):
        claim_run(replace(request_, data=(data,), overwrite=True))


def test_starting_drops_all_of_the_old_run_but_settings_in_use(request_: TrainRequest) -> None:
    claim_run(request_)
    _prepare(request_)
    settings = request_.run / "ultralytics" / "settings.json"
    settings.parent.mkdir()
    settings.touch()
    (request_.run / "seconds.json").touch()
    outside = request_.run.parent / "elsewhere"
    outside.mkdir()
    (outside / "kept").touch()
    (request_.run / "evaluation").symlink_to(outside)

    start_run(request_, [DATASET])

    assert {path.name for path in request_.run.iterdir()} == {"run.json", "ultralytics"}
    assert settings.exists()
    assert (outside / "kept").exists()


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
