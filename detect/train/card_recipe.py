"""What a model card says of how the weights came about: start, stages, time, energy, commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.data.check_report import count
from detect.evaluate.stages import Stage, stages_of, started_from

__all__ = ["rebuild_text", "recipe_lines"]

_WATTS = 10  # a processor core at work, roughly: rated power of common ones by their cores


def recipe_lines(training: Mapping[str, Any]) -> str:
    """Return items of a Markdown list, each with its final newline.

    Args:
        training: of the manifest.
    """
    stages = stages_of(training)
    size = training["recipe"]["model"]["image_size"]
    lines = [
        f"Start: {started_from(training)}; network input {size}×{size} pixels, grey, letterboxed."
    ]
    if len(stages) == 1:
        lines.append(f"Fine-tuned {_effort(training)}")
    else:
        for number, stage in enumerate(stages, start=1):
            lines.append(f"Stage {number}, which gave {_given(stage)}: {_effort(stage.training)}")
        lines.append(f"All stages: {_together(stages)}.")
    whole = "The whole recipe is in `manifest.yaml` under `training.recipe`"
    if len(stages) > 1:
        whole += "; of earlier stages, under\n  `training.continues`"
    lines += [f"Energy: {_energy(stages)}.", f"{whole}."]
    return "".join(f"- {line}\n" for line in lines)


def rebuild_text(training: Mapping[str, Any]) -> str:
    """Return how to make the bundle again: the command of each stage in a block of code."""
    stages = stages_of(training)
    commands = [
        stage.training.get("command", f"# of {stage.bundle} no command is recorded")
        for stage in stages
    ]
    if "exported" in training:  # graph, thresholds and figures were made anew since
        commands.append(training["exported"]["command"])
    order = ""
    if len(stages) > 1:
        order = " in this order, `--init` being the `model.pt` that the command before has made"
    block = "\n".join(f"    {command}" for command in commands)
    return f"Rebuild it{order}:\n\n{block}\n"


def _given(stage: Stage) -> str:
    if stage.bundle is None:
        return "this bundle"
    return f"{stage.bundle} (sha256 of its manifest\n  `{stage.sha256}`)"


def _is_told(training: Mapping[str, Any]) -> bool:
    return training.keys() >= {"recipe", "seconds", "precision", "device"}


def _effort(training: Mapping[str, Any]) -> str:
    """Return what one stage took, with a full stop."""
    if not _is_told(training):
        return "nothing more is recorded."
    recipe = training["recipe"]
    view, share = recipe["augment"]["view_size"], recipe.get("init_share", 0)
    averaged = f"; of the\n  weights kept, {share:g} is the start's" if share else ""
    return (
        f"{count(recipe['epochs'], 'epoch')} on {view}×{view} random views in batches of "
        f"{recipe['batch']}, seed {recipe['seed']},\n  {training['precision']} arithmetic, device "
        f"{training['device']}{averaged}; {_minutes([training])}."
    )


def _together(stages: tuple[Stage, ...]) -> str:
    told = [stage.training for stage in stages if _is_told(stage.training)]
    epochs = sum(training["recipe"]["epochs"] for training in told)
    missing = "".join(
        f"; of stage {number} nothing is recorded"
        for number, stage in enumerate(stages, start=1)
        if not _is_told(stage.training)
    )
    return f"{count(epochs, 'epoch')}; {_minutes(told)}{missing}"


def _minutes(trainings: list[Mapping[str, Any]]) -> str:
    seconds = [training["seconds"] for training in trainings]
    tuning = round(sum(spent["fine-tune"] for spent in seconds) / 60)
    whole = round(sum(sum(spent.values()) for spent in seconds) / 60)
    return f"{tuning} minutes of fine-tuning,\n  {whole} minutes in all"


def _energy(stages: tuple[Stage, ...]) -> str:
    """Return an estimate of what the training took, or why there is none."""
    core_hours, cores, untold = 0.0, dict[int, None](), []  # cores: an ordered set
    for number, stage in enumerate(stages, start=1):
        why = _not_estimated(stage.training)
        if why is not None:
            untold.append(why if len(stages) == 1 else f"stage {number}: {why}")
            continue
        cores[stage.training["cores"]] = None
        seconds = sum(stage.training["seconds"].values())
        core_hours += stage.training["cores"] * seconds / 3600
    if not cores:
        return f"not estimated ({'; '.join(untold)})"
    missing = f";\n  not estimated: {'; '.join(untold)}" if untold else ""
    of_how_many = ", then ".join(count(number, "core") for number in cores)
    return (
        f"about {core_hours * _WATTS / 1000:.2g} kWh, an estimate: {core_hours:.1f} core-hours "
        f"({of_how_many}) at an assumed {_WATTS} watts\n  a core; memory, cooling and "
        f"earlier trials are not in it{missing}"
    )


def _not_estimated(training: Mapping[str, Any]) -> str | None:
    """Return why the energy of one stage is not known; None where it can be told."""
    if not _is_told(training):
        return "nothing is recorded"
    if training["device"] != "cpu":
        return f"device {training['device']}"
    return None if training.get("cores") else "the number of cores was not recorded"
