"""What each kind of problem means for a person: what it is, why it matters, what to do.

The order is that of seriousness; the terminal, the page and the JSON file all follow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from detect.data.check_report import LEAKS, Problem, ProblemKind

__all__ = ["GUIDES", "Guide", "Severity", "by_seriousness", "severity_of"]

Severity = Literal["leak", "error", "caution"]


@dataclass(frozen=True, slots=True)
class Guide:
    """One kind of problem, explained without jargon; each text is a sentence."""

    title: str
    what: str
    why: str  # what it does to figures
    remedy: str


_NEW_SPLIT = "Make new splits with the command “data split”, which keeps such images together"

GUIDES: dict[ProblemKind, Guide] = {
    "group_leak": Guide(
        "One patient or group in several splits",
        "Images of the same patient (or of the nearest known grouping) lie in more than one of"
        " train, val and test.",
        "The model is measured on people whom it has seen, so every figure comes out too good.",
        f"{_NEW_SPLIT}, or let --fix keep each group in one split.",
    ),
    "duplicate_leak": Guide(
        "The same file in several splits",
        "Files that are equal byte for byte lie in more than one of train, val and test.",
        "The model is measured on pictures that it was trained on, so every figure comes out too"
        " good.",
        f"{_NEW_SPLIT}, or let --fix keep one split's copy.",
    ),
    "near_duplicate_leak": Guide(
        "Nearly the same picture in several splits",
        "Pictures that look alike, such as a resized, recompressed or brightened copy, lie in more"
        " than one of train, val and test.",
        "The model is measured on pictures that it has all but seen, so every figure comes out too"
        " good.",
        f"Compare each row; {_NEW_SPLIT[0].lower()}{_NEW_SPLIT[1:]}, or let --fix keep one"
        " split's copy.",
    ),
    "tied_groups": Guide(
        "Groups of different splits that share pictures",
        "Two groups under different names, in different splits, hold the same picture, so that"
        " their other images are probably of the same people, too.",
        "Removing the copies alone leaves the same people on both sides, and figures too good.",
        f"{_NEW_SPLIT}, or let --fix leave the groups' other images out.",
    ),
    "duplicate_label": Guide(
        "The same file with different labels",
        "Files that are equal byte for byte are labelled fractured in one place and not in"
        " another.",
        "One label must be wrong: it teaches a mistake, or counts a right answer as wrong.",
        "Have a reader decide which label holds; until then such images are best left out.",
    ),
    "near_duplicate_label": Guide(
        "Nearly the same picture with different labels",
        "Pictures that look alike are labelled fractured in one place and not in another.",
        "If it is one radiograph, one label is wrong; if it is two takes of one patient, the break"
        " may show on one alone.",
        "Have a reader compare each row, and correct the label that is wrong.",
    ),
    "label_box": Guide(
        "Label and boxes contradict each other",
        "The image is labelled not fractured but has a box of a fracture, or is labelled fractured"
        " and annotated without a box.",
        "Verdict and boxes are trained and measured against different truths.",
        "Have a reader look at each image, and correct its label or its boxes.",
    ),
    "unreadable": Guide(
        "Files that cannot be read",
        "The file is truncated, empty, damaged or no image.",
        "If such files mostly carry one label, leaving them out shifts the balance, and a program"
        " that reads half a picture learns that damage means that label.",
        "Copy or download the files again; until then they are left out.",
    ),
    "multi_frame": Guide(
        "Files with several frames",
        "The file holds more than one picture, and nothing says which of them label and boxes"
        " belong to.",
        "A label on the wrong frame teaches a mistake.",
        "Store each frame as an image of its own, with its own label and boxes.",
    ),
    "split_unfit": Guide(
        "A split that lacks what it is for",
        "train or val has no image with one of the labels, or none with a box.",
        "The model cannot learn, or its thresholds cannot be set, without both.",
        "Make new splits with the command “data split”, or add images.",
    ),
    "box_empty": Guide(
        "Boxes that are empty or outside the image",
        "A box has no area, or no part of it lies inside its image.",
        "Its fracture would be missing, so that a right answer counts as a false alarm.",
        "Draw the box again; until then only the image's label is used.",
    ),
    "box_class": Guide(
        "Boxes of an unknown class",
        "A box carries a class that is none of the dataset's.",
        "Nobody can tell whether it marks a fracture.",
        "Correct the class, or name it under “classes:” in a recipe (--config).",
    ),
    "box_outside": Guide(
        "Boxes that stick out of the image",
        "Part of a box lies outside its image.",
        "Overlap with a right answer comes out too small; often the boxes belong to a picture of"
        " another size or turn.",
        "Check whether the boxes were drawn on this very file; the part outside is cut off.",
    ),
    "box_whole": Guide(
        "Boxes that cover the whole image",
        "A box spans (nearly) its whole image.",
        "It says that there is a fracture but not where; a model trained on it points at"
        " everything.",
        "Draw the box around the fracture, or remove it and keep the label alone.",
    ),
    "attribute_label": Guide(
        "An attribute that gives the label away",
        "Images with an attribute, such as hardware or a view, are far more, or far less, often"
        " fractured than the others.",
        "A model can learn to spot the attribute instead of the fracture, and does worse where the"
        " two do not go together.",
        "Report figures with and without such images; collect images that break the link.",
    ),
    "size_label": Guide(
        "Image size gives the label away",
        "Images of one size are clearly more often fractured than those of another.",
        "A model can tell the machine or the clinic instead of the fracture.",
        "Report figures within one size as well; collect both labels in every size.",
    ),
    "burnt_in": Guide(
        "Marks that may be writing in the picture",
        "Something that looks like text or an arrow is part of the pixels.",
        "A name must not be passed on; an arrow at the fracture teaches the model to find arrows.",
        "Look at each image; leave out or paint over what names a person or points at the finding.",
    ),
    "unlabelled": Guide(
        "Images without label and boxes",
        "Nothing says whether the image shows a fracture.",
        "It is neither trained on nor measured, and whatever rule chose the labelled ones biases"
        " the figures.",
        "Label the images, or remove them.",
    ),
    "no_split": Guide(
        "Images in no split",
        "The image belongs to none of train, val and test.",
        "It is neither trained on nor measured.",
        "Make splits with the command “data split”.",
    ),
    "duplicate": Guide(
        "The same file more than once in one split",
        "Files that are equal byte for byte lie in the same split.",
        "A picture that counts twice makes intervals too narrow, and is seen more often in"
        " training.",
        "Remove the copies, unless they are meant.",
    ),
    "near_duplicate": Guide(
        "Nearly the same picture more than once in one split",
        "Pictures in the same split look alike.",
        "They are not independent, so that intervals come out too narrow.",
        "Compare each row; remove copies, and give takes of one patient the same group.",
    ),
}

_RANK = {kind: rank for rank, kind in enumerate(GUIDES)}
_CAUTION: frozenset[ProblemKind] = frozenset(
    {
        "box_whole",
        "attribute_label",
        "size_label",
        "burnt_in",
        "unlabelled",
        "no_split",
        "duplicate",
        "near_duplicate",
    }
)


def severity_of(kind: ProblemKind) -> Severity:
    """Return how serious a kind is: a leak, an error, or something to look at."""
    if kind in LEAKS:
        return "leak"
    return "caution" if kind in _CAUTION else "error"


def by_seriousness(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems, most serious kind first; those of one kind keep their order."""
    return tuple(sorted(problems, key=lambda problem: _RANK[problem.kind]))
