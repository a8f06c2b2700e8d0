"""Weights between those before and those after a further training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from detect.errors import InputError, TrainingError
from detect.train.averaged import averaged_with
from detect.train.initial import require_initial_weights
from detect.train.pack import save_checkpoint

MakeNetwork = Callable[..., Any]


@pytest.fixture(scope="module")
def init(make_network: MakeNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("init") / "model.pt"
    save_checkpoint(make_network(seed=1), {0: "fracture"}, path)
    return path


def test_every_weight_lies_at_the_share_between(make_network: MakeNetwork, init: Path) -> None:
    from detect.train.finetune import load_network

    before, trained = load_network(init).state_dict(), make_network(seed=2)
    after = {name: value.clone() for name, value in trained.state_dict().items()}

    found = averaged_with(trained, init, 0.25).state_dict()

    moved = 0
    for name, value in after.items():
        if value.is_floating_point():
            torch.testing.assert_close(found[name], 0.25 * before[name] + 0.75 * value)
            moved += not torch.equal(found[name], value)
    assert moved > 100


def test_networks_of_another_form_have_no_average(make_network: MakeNetwork, init: Path) -> None:
    other = make_network(pooling="attention")

    with pytest.raises(TrainingError, match="of another form"):
        averaged_with(other, init, 0.5)


def test_weights_that_are_gone_are_to_be_put_back_and_never_deleted(
    make_network: MakeNetwork, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="put it back") as caught:
        averaged_with(make_network(), tmp_path / "gone.pt", 0.5)

    assert "delete" not in str(caught.value)


def test_a_plain_detector_is_refused_before_anything_is_trained(init: Path, tmp_path: Path) -> None:
    from ultralytics import YOLO

    plain = tmp_path / "plain.pt"
    YOLO("yolo26n.yaml").save(str(plain))

    require_initial_weights(str(init), own=True)
    require_initial_weights(str(plain))
    with pytest.raises(InputError, match="init_share of the recipe wants a bundle"):
        require_initial_weights(str(plain), own=True)
