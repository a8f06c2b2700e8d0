"""What the choices that annotators made for a whole image say: fractured, or something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detect.data.sources.cells import label_words
from detect.data.sources.label_studio_regions import Choice
from detect.data.sources.labels import folder_label, says_fracture

__all__ = ["Answer", "Verdicts"]

_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the choices of one annotation say."""

    fractured: bool | None  # None: nothing, or both
    asked: bool  # a control that asks for a fracture was answered, be it with "unsure"
    contradictory: bool
    attributes: Mapping[str, str]  # control → choice, of the controls that ask for something else


class Verdicts:
    """Reads choices, knowing which controls of the project ask for a fracture."""

    def __init__(self, choices: Iterable[Choice], given: Mapping[str, str]) -> None:
        """Learn the controls: one of which any choice means fractured or not asks for that.

        Args:
            choices: all of the project.
            given: word → yes, no or unknown (`ImportOptions.values`).

        Raises:
            InputError: a meaning is none of the three.
        """
        self._given = label_words(given)
        self._controls = frozenset(
            choice.control
            for choice in choices
            if any(self._meaning(choice.control, value) is not None for value in choice.values)
        )

    def read(self, choices: Iterable[Choice]) -> Answer:
        """Return what the choices of one annotation say."""
        meanings = set()
        attributes = {}
        asked = False
        for choice in choices:
            if choice.control in self._controls:
                asked = True
                meanings |= {self._meaning(choice.control, value) for value in choice.values}
            elif choice.values:
                attributes[choice.control] = ", ".join(choice.values)
        labels = meanings - {None}
        return Answer(
            fractured=labels.pop() if len(labels) == 1 else None,
            asked=asked,
            contradictory=len(labels) > 1,
            attributes=attributes,
        )

    def _meaning(self, control: str, value: str) -> bool | None:
        word = value.casefold()
        if word in self._given:
            return self._given[word]
        label = folder_label(value)
        return _YES_NO.get(word) if label is None and says_fracture(control) else label
