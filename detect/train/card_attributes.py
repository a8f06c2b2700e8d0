"""What a model card says of attributes of the whole image: body regions, and what is in scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.evaluate.wording import Footnotes, markdown_table
from detect.train.card_intervals import as_independent
from detect.train.scope import MOST_FALSE_ALARMS

__all__ = ["attribute_section"]

_SCOPE = "out_of_scope"
_REGIONS = """\
Accuracy and AUROC are over images that were told to be in scope, since of others no region is
told; accuracy of all is over every image whose region is known, with "no region told" (out of
scope, or not read) counted as wrong.
{intervals}"""
_PHOTOGRAPHS = "photograph"  # the kind of strangers that is not made up
_TEXT = """\
## Attributes of the whole image

Told from the means of the frozen trunk's feature maps. Regions by logistic regression, fitted on
train, its penalty chosen on val; several may hold. Out of scope by the distance to the training
images, beyond which the verdict is never definite and a warning stands. Distance and threshold
come from the images of train alone; how fast the probability grows beyond the threshold, from
these and from strangers: pictures that are no radiographs, made up but for crops of two
photographs.

{tables}{strangers}
What is not called out of scope may be so all the same: besides the images of train only such
strangers were there to learn from, and no radiograph of anything else. Heavy noise, a white
surround or a strange turn can make a radiograph of a limb a stranger.

"""


def attribute_section(training: Mapping[str, Any], splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the section in Markdown; empty where the bundle tells no attributes.

    Args:
        training: of the manifest.
        splits: "val" and "test" → content of `metrics.json`; before 1.4 it had no attributes,
            before 1.5 no figures over all images and no counts by fracture.
    """
    measured = {name: found["attributes"] for name, found in splits.items() if _told(found)}
    if "attributes" not in training or not measured:
        return ""
    fitted = training["attributes"]
    tables = f"{_regions(measured)}{_scope(measured, fitted)}"
    return _TEXT.format(tables=tables, strangers=_strangers(fitted))


def _regions(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table and what its figures are over; empty where no region was told."""
    notes, rows = Footnotes(), []
    for split, found in measured.items():
        for name, region in found["regions"].items():
            cells = [notes.cell(region[key]) for key in ("accuracy", "auroc")]
            if "accuracy_of_all" in region:
                cells += [str(region["n_of_all"]), notes.cell(region["accuracy_of_all"])]
            else:
                cells += ["not recorded"] * 2
            rows.append([split, name, str(region["n"]), str(region["n_yes"]), *cells])
    if not rows:
        return ""
    head = ["split", "attribute", "images told in scope", "that show it", "accuracy", "AUROC"]
    text = _REGIONS.format(intervals=as_independent("accuracy by Wilson, AUROC by DeLong"))
    table = markdown_table([*head, "all images", "accuracy of all"], rows)
    return f"{table}{notes.text()}\n{text}\n"


def _scope(measured: Mapping[str, Mapping[str, Any]], fitted: Mapping[str, Any]) -> str:
    """Return a table of false alarms, since all images of the data are in scope."""
    notes, rows = Footnotes(), []
    # bundles that do not record it were fitted with the same
    designed = fitted.get("scope", {}).get("most_false_alarms", MOST_FALSE_ALARMS)
    for split, found in measured.items():
        scope = found[_SCOPE]
        rows.append(
            [
                *(split, str(scope["n"]), str(scope["n_yes"])),
                *(
                    str(scope.get(key, "not recorded"))
                    for key in ("n_yes_fractured", "n_yes_not_fractured")
                ),
                notes.cell(scope["share"]),
                f"{designed:.3f}",
            ]
        )
    head = ["split", "images", "taken to be out of scope", "of them fractured", "not fractured"]
    table = markdown_table([*head, "share", "share by design"], rows)
    return (
        f"{table}{notes.text()}\n"
        "All images of the data are in scope, so each is a false alarm. By design: the share of "
        "images of\ntrain beyond the threshold, unseen by the fit in a cross-validation that keeps "
        "groups together.\n"
        f"{as_independent('share by Wilson')}"
    )


def _told(metrics: Mapping[str, Any]) -> bool:
    return metrics.get("attributes") is not None


def _strangers(fitted: Mapping[str, Any]) -> str:
    """Say how many strangers were told apart, and what could not be fitted."""
    lines = [f"Not fitted: {name} ({why}).\n" for name, why in fitted["not_fitted"].items()]
    shares = dict(fitted.get("scope", {}).get("made_up", {}))
    crops = shares.pop(_PHOTOGRAPHS, None)
    if shares:
        told = ", ".join(f"{kind} {share:.0%}" for kind, share in shares.items())
        lines.append(
            "Of made-up pictures that are no radiographs, others of the kinds that the fit used,\n"
            f"called so: {told}.\n"
        )
    if crops is not None:
        lines.append(
            f"Of crops of two photographs that come with scikit-learn, called so: {crops:.0%}. The "
            "fit used other crops\nof the same two, so these are neither made up nor unseen.\n"
        )
    return "\n" + "".join(lines) if lines else ""
