"""The first system beside the others, on the same images."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.evaluate.headline import figure_name, headline_paths
from detect.evaluate.page.parts import (
    UNDEFINED,
    Block,
    Figure,
    Metrics,
    Plot,
    Row,
    Section,
    Table,
    Text,
    Words,
    say,
)

__all__ = ["comparison_section"]

Path = tuple[str | int, ...]
_AMONG = {"fractured": "sensitivity", "not_fractured": "specificity", "all": "accuracy"}


def comparison_section(metrics: Metrics) -> Section | None:
    """Return each comparison, and what seeds of one recipe have in common; None without any."""
    comparisons = metrics.content.get("comparisons") or []
    if not comparisons:
        return None
    blocks: list[Block] = [
        Text(
            say(
                "Differences are the first system minus the other one, over the images that both "
                "read. p is how often so large a difference would come up by chance if both were "
                "alike; many are tested, so one small p alone proves little."
            )
        ),
        _systems(metrics),
        _key_figures(metrics),
    ]
    for number in range(len(comparisons)):
        blocks += [_differences(metrics, number), _verdicts(metrics, number)]
        if metrics.at("comparisons", number, "with_failures_as_errors") is not None:
            blocks += [_boxes_wrong(metrics, number), _verdicts(metrics, number, wrong=True)]
    blocks += [
        Plot("compare_roc", "ROC curves of all systems."),
        Plot("compare_froc", "FROC curves of all systems."),
        Plot(
            "compare_differences",
            "Differences with their intervals; where one holds 0, chance alone may explain it.",
            wide=True,
        ),
    ]
    blocks += [_seeds(metrics, number) for number in range(len(metrics.content.get("summary", [])))]
    return Section("comparison", "Comparison", tuple(blocks))


def _systems(metrics: Metrics) -> Table:
    paths: list[Path] = [(), *(("against", n) for n in range(len(metrics.at("against"))))]
    rows = [
        Row(
            (
                (metrics.text(*at, "system", "name"),),
                (metrics.text(*at, "system", "kind"),),
                (metrics.text(*at, "system", "verdict"),),
                _computed_in(metrics, at),
                (metrics.text(*at, "model", "sha256"),),
                (metrics.count(*at, "data", "n_failed"),),
            )
        )
        for at in paths
    ]
    header = (
        "system",
        "kind",
        "where its probability comes from",
        "computed in",
        "sha256",
        "images failed",
    )
    return Table("What is compared", header, tuple(rows))


def _computed_in(metrics: Metrics, at: Path) -> Words:
    """Return the precision of a system, which a plain detector does not state."""
    if "precision" not in metrics.at(*at, "system"):
        return (UNDEFINED,)
    return (metrics.text(*at, "system", "precision"),)


def _key_figures(metrics: Metrics) -> Table:
    systems: list[Path] = [(), *(("against", n) for n in range(len(metrics.at("against"))))]
    paths = [headline_paths(metrics.at(*at)) for at in systems]
    rows = []
    for key in dict.fromkeys(key for own in paths for key in own):
        cells: list[Words] = [
            (metrics.number(*at, *own[key]),) if key in own else ("no such operating point",)
            for at, own in zip(systems, paths, strict=True)
        ]
        rows.append(Row(((printable(figure_name(key, metrics.at("settings"))),), *cells)))
    names = [printable(metrics.at(*at, "system", "name")) for at in systems]
    return Table(
        "Key figures of each system",
        ("figure", *names),
        tuple(rows),
        note="Each over the images that it read; sensitivity and specificity at its own threshold.",
    )


def _differences(metrics: Metrics, number: int) -> Table:
    at, other = ("comparisons", number), ("against", number)
    verdict, boxes = ("subsets", "all", "verdict"), ("subsets", "all", "boxes")
    entries: list[tuple[str, Path, Path]] = [
        ("AUROC, DeLong", (*verdict, "auroc"), ("auroc",)),
        ("AUROC, bootstrap", (*verdict, "auroc_bootstrap"), ("auroc_bootstrap",)),
        ("average precision", (*verdict, "average_precision"), ("average_precision",)),
        ("Brier score (smaller is better)", (*verdict, "calibration", "brier"), ("brier",)),
        ("mAP50", (*boxes, "map50"), ("boxes", "map50")),
    ]
    for place, point in enumerate(metrics.at(*at, "boxes", "froc")):
        rate = f"{point['false_positives_per_image']:g}"
        entries.append(
            (
                f"fractures found at {rate} false boxes per image",
                (*boxes, "froc", "iou", "all", "points", place, "sensitivity"),
                ("boxes", "froc", place, "sensitivity"),
            )
        )
    rows = [
        Row(
            (
                (words,),
                (metrics.number(*path),),
                (metrics.number(*other, *path),),
                (metrics.number(*at, *difference),),
                (metrics.p_value(*at, *difference, "p_value"),),
            )
        )
        for words, path, difference in entries
    ]
    first, second = (printable(metrics.at(*at, which)) for which in ("first", "second"))
    return Table(
        f"{first} against {second}: figures",
        ("figure", first, second, "difference", "p"),
        tuple(rows),
        note=f"Differences over {metrics.at(*at, 'n')} images that both read.",
    )


def _boxes_wrong(metrics: Metrics, number: int) -> Table:
    at: Path = ("comparisons", number)
    inside = (*at, "with_failures_as_errors", "boxes")
    entries: list[tuple[str, Path]] = [("mAP50", (*inside, "map50"))]
    for place, point in enumerate(metrics.at(*inside, "froc")):
        words = f"fractures found at {point['false_positives_per_image']:g} false boxes per image"
        entries.append((words, (*inside, "froc", place, "sensitivity")))
    first, second = (printable(metrics.at(*at, which)) for which in ("first", "second"))
    return Table(
        f"{first} against {second}: boxes with failures counted as wrong",
        ("figure", "difference", "p"),
        tuple(
            Row(((words,), (metrics.number(*path),), (metrics.p_value(*path, "p_value"),)))
            for words, path in entries
        ),
        note="Over all images; fractures on an image that a system failed on are missed by it.",
    )


def _verdicts(metrics: Metrics, number: int, *, wrong: bool = False) -> Table:
    at: Path = ("comparisons", number)
    first, second = (printable(metrics.at(*at, which)) for which in ("first", "second"))
    title, note = "verdicts on the same images", ""
    if wrong:
        at = (*at, "with_failures_as_errors")
        title = "verdicts with failures counted as wrong"
        note = " Over all images; a failure of one alone counts against it."
    rows = []
    for point in metrics.at(*at, "verdicts"):
        for group, rate in _AMONG.items():
            path = (*at, "verdicts", point, group)
            figures: list[Figure] = [
                metrics.count(*path, "n"),
                metrics.number(*path, "difference"),
                metrics.p_value(*path, "difference", "p_value"),
                metrics.count(*path, "first_right_only"),
                metrics.count(*path, "second_right_only"),
                metrics.p_value(*path, "p_value"),
            ]
            cells: list[Words] = [(figure,) for figure in figures]
            rows.append(Row(((f"{printable(point)}: {rate}",), *cells)))
    return Table(
        f"{first} against {second}: {title}",
        (
            "operating point",
            "images",
            "difference",
            "p, bootstrap",
            f"{first} alone right",
            f"{second} alone right",
            "p, McNemar",
        ),
        tuple(rows),
        note="Each at its own threshold of that name. McNemar's exact test takes images as "
        f"independent; difference and bootstrap draw the images of a group together.{note}",
    )


def _seeds(metrics: Metrics, number: int) -> Table:
    at = ("summary", number)
    rows = [
        Row(
            (
                (printable(figure_name(name, metrics.at("settings"))),),
                *((metrics.number(*at, "figures", name, key),) for key in ("mean", "low", "high")),
                (metrics.count(*at, "figures", name, "n"),),
            )
        )
        for name in metrics.at(*at, "figures")
    ]
    systems = ", ".join(map(printable, metrics.at(*at, "systems")))
    return Table(
        f"Seeds of {printable(metrics.at(*at, 'recipe'))}",
        ("figure", "mean", "lowest", "highest", "seeds"),
        tuple(rows),
        note=f"Of {systems}. The range tells how much training anew changes a figure; it is no "
        "confidence interval.",
    )
