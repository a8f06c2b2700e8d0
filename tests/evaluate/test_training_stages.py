"""All trainings of a bundle, in their order, whatever its manifest leaves out."""

from __future__ import annotations

from typing import Any

from detect.evaluate.checklists.known import Known
from detect.evaluate.checklists.model_facts import MODEL_FACTS
from detect.evaluate.stages import stages_of, started_from


def _after(name: str, training: dict[str, Any]) -> dict[str, Any]:
    earlier = {"name": name, "version": "1", "sha256": "a" * 64, "training": training}
    return {"init": "model.pt", "continues": earlier}


FIRST = {
    "init": "yolo26n.pt",
    "recipe": {"epochs": 32},
    "seconds": {"fine-tune": 7200},
    "data": [{"name": "old", "licence": None, "origin": "clinic"}],
    "checks": [{"kind": "group_leak", "line": "p1 is in train and test", "leak": True}],
}


def test_stages_stand_in_the_order_of_time() -> None:
    third = _after("second", _after("first|", FIRST))

    assert [stage.bundle for stage in stages_of(third)] == ["first\\| 1", "second 1", None]
    assert stages_of(third)[0].training == FIRST
    assert started_from(third) == (
        "the bundle second 1, itself from the bundle first\\| 1, itself from `yolo26n.pt`"
    )


def test_a_training_of_its_own_has_one_stage() -> None:
    assert [(stage.bundle, stage.sha256) for stage in stages_of(FIRST)] == [(None, None)]
    assert started_from(FIRST) == "`yolo26n.pt`"
    assert started_from({}) is None
    assert started_from(_after("first", {})) == (
        "the bundle first 1, itself from weights of which nothing is said"
    )


def test_checklists_tell_of_earlier_trainings() -> None:
    optimiser = {"name": "AdamW", "learning_rate": 0.001}
    recipe = {
        **{"epochs": 16, "batch": 4, "fracture_repeat": 1, "seed": 0},
        **{"augment": {"view_size": 64}, "optimiser": optimiser},
    }
    training = _after("first", FIRST) | {
        "recipe": recipe,
        "seconds": {"fine-tune": 3600},
        "precision": "float32",
        "device": "cpu",
        "data": [{"name": "new", "licence": "CC0", "origin": "town"}],
    }
    known = Known({}, {"training": training}, None)

    told = {name: fact(known) or "" for name, fact in MODEL_FACTS.items() if name in ASKED}

    assert "the bundle first 1, itself from `yolo26n.pt`." in told["start"]
    assert "1.0 hours. Before it, as first 1: 32 epochs, 2.0 hours." in told["training"]
    assert "old (licence not stated; origin clinic); new (licence CC0" in told["training_data"]
    assert "p1 is in train and test" in told["leaks"]


ASKED = ("start", "training", "training_data", "leaks")
