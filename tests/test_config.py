"""Configuration files: what is not understood is refused, and all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from detect.config import AugmentConfig, TrainConfig, load_config
from detect.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parent.parent


def _file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "train.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, TrainConfig)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_a_good_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        """
        epochs: 3
        classes: {fracture: fracture, bone anomaly: fracture}
        model: {image_size: 512}
        augment: {scale: [0.5, 2], mosaic: 1}
        optimiser: {name: SGD, learning_rate: 1.0e-2}
        losses: {one2many: [0.8, 0.4]}
        verdict: {pooling: attention}
        """,
    )
    recipe = load_config(path, TrainConfig)
    assert recipe.epochs == 3
    assert recipe.classes == {"fracture": "fracture", "bone anomaly": "fracture"}
    assert recipe.model.image_size == 512
    assert recipe.augment.scale == (0.5, 2.0)
    assert recipe.augment.mosaic == 1.0
    assert recipe.optimiser.name == "SGD"
    assert recipe.losses.one2many == (0.8, 0.4)
    assert recipe.losses.box == 7.5
    assert recipe.verdict.pooling == "attention"
    assert recipe.batch == TrainConfig().batch
    assert recipe.augment.focus == AugmentConfig().focus


def test_an_empty_file_is_the_default_recipe(tmp_path: Path) -> None:
    assert load_config(_file(tmp_path, "# nothing\n"), TrainConfig) == TrainConfig()


def test_a_recipe_survives_its_own_form(tmp_path: Path) -> None:
    """`prepared.json` and the manifest keep the recipe as plain types."""
    recipe = load_config(_file(tmp_path, "augment: {scale: [0.5, 2]}\n"), TrainConfig)
    assert TrainConfig.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize("path", sorted((REPOSITORY / "configs").glob("*.yaml")))
def test_every_shipped_recipe_loads(path: Path) -> None:
    load_config(path, TrainConfig)


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    message = _refusal(
        _file(
            tmp_path,
            """
            epochz: 3
            batch: 0
            model: {image_size: 100}
            augment: {flip: 0.5, scale: [1.3, 0.7], blur: 2, view_size: .inf}
            verdict: {pooling: mean}
            optimiser: {learning_rate: .nan}
            """,
        )
    )
    for name in (
        "epochz",
        "batch",
        "model.image_size",
        "augment.flip",
        "augment.scale",
        "augment.blur",
        "augment.view_size",
        "verdict.pooling",
        "optimiser.learning_rate",
    ):
        assert f"{name}: " in message


@pytest.mark.parametrize("scale", ["[0, 1]", "[-1, 1]", "[2, 1]", "[1]", "[1, .inf]", "1"])
def test_a_zoom_range_that_is_none_is_refused(tmp_path: Path, scale: str) -> None:
    assert "augment.scale" in _refusal(_file(tmp_path, f"augment: {{scale: {scale}}}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- list\n",
        "just words\n",
        "epochs: [3\n",
        b"\xff\xfe\x00epochs",
        "epochs: 2024-13-45\n",  # PyYAML answers with a bare ValueError
        "epochs: " + "[" * 1500,
        "!!python/object/apply:os.system ['true']\n",
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str | bytes) -> None:
    _refusal(_file(tmp_path, text))


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    assert "no such configuration file" in _refusal(tmp_path / "absent.yaml")


def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    _refusal(tmp_path)


def test_sections_cannot_be_changed_after_loading() -> None:
    recipe: BaseModel = TrainConfig()
    with pytest.raises(ValueError, match="frozen"):
        recipe.epochs = 1  # type: ignore[attr-defined]


def test_the_recipes_for_more_and_for_less_are_what_they_say() -> None:
    default, accurate, cpu = (
        load_config(REPOSITORY / "configs" / f"{name}.yaml", TrainConfig)
        for name in ("train", "train_accurate", "train_cpu")
    )
    assert cpu.model.image_size <= default.model.image_size < accurate.model.image_size
    seen = [one.epochs * one.augment.view_size**2 for one in (cpu, accurate)]
    assert 4 * seen[0] < seen[1]
