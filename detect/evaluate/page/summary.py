"""What was measured, and what came out, in plain words."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.evaluate.page.parts import Block, Metrics, Section, Text, Tile, Tiles, Words, say
from detect.evaluate.plots.subgroups import shown_point

__all__ = ["model_name", "set_name", "summary_section"]

_VERDICT = ("subsets", "all", "verdict")
_BOXES = ("subsets", "all", "boxes")
_REASONS = ("subsets", "all", "reasons")


def model_name(metrics: Metrics) -> str:
    """Return what was measured, as the page names it."""
    model = metrics.content.get("model")
    system = metrics.content.get("system")
    if model is None:
        return "the model"
    name = system["name"] if system else model["name"]
    version = "" if system and system["kind"] == "ultralytics" else f" {model['version']}"
    return printable(f"{name}{version}")


def set_name(metrics: Metrics) -> str:
    """Return what it was measured on, as the page names it."""
    data = metrics.content["data"]
    if "name" not in data:
        return "the given images"
    return printable(f"{data['name']}, split {data['split']}")


def summary_section(metrics: Metrics) -> Section:
    """Return the figures that are to be seen first, and the same in sentences."""
    level = round(100 * metrics.at("settings", "confidence_level"))
    sentences = [
        say(
            "{} was measured on {} radiographs of {}: {} fractured, {} not.",
            model_name(metrics),
            metrics.count("data", "n"),
            set_name(metrics),
            metrics.count("data", "n_fractured"),
            metrics.count("data", "n_not_fractured"),
        ),
        *_copies(metrics),
        *_ranking(metrics),
        *_verdicts(metrics),
        *_boxes(metrics),
        *_calibration(metrics),
        *_reasons(metrics),
        *_detectors(metrics),  # after all that says "it" of the first system
        *_comparisons(metrics),
        *_failures(metrics),
    ]
    blocks: list[Block] = [
        Text(sentences[0], "lead"),
        _tiles(metrics),
        *(Text(words) for words in sentences[1:]),
        Text(
            say(
                f"Behind each figure, in brackets, stands its {level} % interval: were the "
                f"measurement repeated on other such images, about {level} of 100 intervals would "
                "hold the true value. A wide interval says that the images are too few to tell."
            ),
            "note",
        ),
    ]
    if metrics.at("data", "n_groups") < metrics.at("data", "n"):
        words = say(
            "The {} images are of {} groups (patients or nearest known groupings), and images of "
            "one group resemble each other. AUROC, sensitivity and specificity have their usual "
            "intervals here, which take images as independent; trust the often wider ones by "
            "bootstrap of groups, which stand beside them below.",
            metrics.count("data", "n"),
            metrics.count("data", "n_groups"),
        )
        blocks.append(Text(words, "note"))
    if metrics.content["data"].get("caution") is not None:
        blocks.insert(1, Text((metrics.text("data", "caution"),), "caution"))
    if metrics.at("subsets", "all", "too_few"):
        why = metrics.text("subsets", "all", "too_few_reason")
        words = say("Read the figures with doubt: the images are {}.", why)
        blocks.insert(1, Text(words, "caution"))
    return Section("summary", "Summary", tuple(blocks))


def _tiles(metrics: Metrics) -> Tiles:
    tiles = [
        Tile("AUROC", metrics.number(*_VERDICT, "auroc"), "verdict: 1 perfect, 0.5 guessing"),
    ]
    point = shown_point(metrics.content)
    if point is not None:
        at = (*_VERDICT, "operating_points", point)
        hint = f"at “{printable(point)}”"
        tiles += [
            Tile("Sensitivity", metrics.number(*at, "sensitivity"), hint),
            Tile("Specificity", metrics.number(*at, "specificity"), hint),
        ]
    tiles += [
        Tile("ECE", metrics.number(*_VERDICT, "calibration", "ece_equal_width"), "0 is best"),
        Tile("mAP50", metrics.number(*_BOXES, "map50"), "boxes: 1 is best"),
    ]
    return Tiles(tuple(tiles))


def _detectors(metrics: Metrics) -> list[Words]:
    """Return, of each plain detector, which of its classes count as fractures, and why."""
    others = range(len(metrics.content.get("against") or []))
    paths: list[tuple[str | int, ...]] = [(), *(("against", number) for number in others)]
    words = []
    for path in paths:
        holder = metrics.at(*path)
        if holder.get("system", {}).get("kind") == "ultralytics":
            at = (*path, "system")
            words.append(
                say(
                    "{} is a plain detector: a box of {} counts as a fracture, since {}.",
                    *(metrics.text(*at, key) for key in ("name", "fractures", "fractures_by")),
                )
            )
    return words


def _copies(metrics: Metrics) -> list[Words]:
    if not (metrics.content["data"].get("without_copies") or {}).get("n"):
        return []
    number = metrics.count("data", "without_copies", "n")
    return [say("Left out are {} more, since they have a copy in another split.", number)]


def _ranking(metrics: Metrics) -> list[Words]:
    area = metrics.percent(*_VERDICT, "auroc")
    if area.undefined:
        return [say("How well it ranks images cannot be said: {}.", area.note)]
    return [
        say(
            "Shown one fractured and one other image, it finds the fractured one more suspicious "
            "in {} of cases (the area under the ROC curve; guessing would give 50 %).",
            area,
        )
    ]


def _verdicts(metrics: Metrics) -> list[Words]:
    point = shown_point(metrics.content)
    if point is None:
        return []
    at = (*_VERDICT, "operating_points", point)
    words = []
    if metrics.at(*_VERDICT, "n_fractured"):
        words.append(
            say(
                f"At the operating point “{printable(point)}”, it called {{}} of the {{}} "
                "fractured images that it read fractured: sensitivity {}. It missed {}.",
                metrics.count(*at, "true_positive"),
                metrics.count(*_VERDICT, "n_fractured"),
                metrics.percent(*at, "sensitivity"),
                metrics.count(*at, "false_negative"),
            )
        )
    if metrics.at(*_VERDICT, "n_not_fractured"):
        words.append(
            say(
                "Of the {} images without a fracture that it read, it gave a false alarm on {}: "
                "specificity {}.",
                metrics.count(*_VERDICT, "n_not_fractured"),
                metrics.count(*at, "false_positive"),
                metrics.percent(*at, "specificity"),
            )
        )
    return words


def _boxes(metrics: Metrics) -> list[Words]:
    rate = metrics.at("settings", "shown_fp_rate")
    points = metrics.at(*_BOXES, "froc", "iou", "all", "points")
    for number, point in enumerate(points):
        if point["false_positives_per_image"] == rate and metrics.at(*_BOXES, "n_truth_boxes"):
            path = (*_BOXES, "froc", "iou", "all", "points", number, "sensitivity")
            return [
                say(
                    "Of {} annotated fractures, its boxes find {}, at {} false boxes per image; a "
                    "box counts from IoU {} on.",
                    metrics.count(*_BOXES, "n_truth_boxes"),
                    metrics.percent(*path),
                    metrics.text("settings", "shown_fp_rate"),
                    metrics.text("settings", "froc_iou"),
                )
            ]
    return [say("Nothing can be said of its boxes: no fracture is annotated with one.")]


def _calibration(metrics: Metrics) -> list[Words]:
    error = metrics.percent(*_VERDICT, "calibration", "ece_equal_width")
    if error.undefined:
        return []
    return [
        say(
            "The probabilities it states differ from the share of fractured images by {} on "
            "average (expected calibration error, {} bins of equal width).",
            error,
            metrics.count(*_VERDICT, "calibration", "n_bins"),
        )
    ]


def _reasons(metrics: Metrics) -> list[Words]:
    touching = metrics.percent(*_REASONS, "touching")
    if touching.undefined:
        return []
    return [
        say(
            "Where it was right that an image is fractured, what it showed touched a true fracture "
            "in {} of images.",
            touching,
        )
    ]


def _comparisons(metrics: Metrics) -> list[Words]:
    return [
        say(
            "Against {} on the same images, its area under the ROC curve differs by {} (p {}).",
            metrics.text("comparisons", number, "second"),
            metrics.number("comparisons", number, "auroc"),
            metrics.p_value("comparisons", number, "auroc", "p_value"),
        )
        for number in range(len(metrics.content.get("comparisons") or []))
    ]


def _failures(metrics: Metrics) -> list[Words]:
    if not metrics.at("data", "n_failed"):
        return [say("Every image could be read.")]
    return [
        say(
            "{} of {} images could not be read; below, figures also count them as wrong.",
            metrics.count("data", "n_failed"),
            metrics.count("data", "n"),
        )
    ]
