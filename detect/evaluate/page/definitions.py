"""What every figure means, and where its definition comes from."""

from __future__ import annotations

from detect.evaluate.page.parts import Facts, Metrics, Section, Text, Words, say

__all__ = ["definitions_section"]

_DEFINITIONS = (
    (
        "Operating point, threshold",
        "From this probability on, an image is called fractured. Chosen on other images than "
        "these, unless the split is val.",
    ),
    (
        "Sensitivity, specificity",
        "Share of fractured images called fractured; share of the others called not fractured. "
        "Intervals: Wilson, JASA 1927, which takes images as independent; where patients have "
        "several, it is too narrow, and those by group (bootstrap) stand beside it.",
    ),
    (
        "PPV, NPV",
        "Share of the images called fractured that are; share of those called not fractured that "
        "are not. They hold at one share of fractured images only; at another one, by Bayes' rule "
        "(Mercaldo, Lau & Zhou, Statistics in Medicine 2007).",
    ),
    (
        "Accuracy, F1, Youden's J, Cohen's κ",
        "Share of images called rightly; 2TP / (2TP + FP + FN); sensitivity + specificity − 1 "
        "(Youden, Cancer 1950); agreement with the truth beyond chance (Cohen, Educational and "
        "Psychological Measurement 1960). Intervals: accuracy by Wilson, the others by bootstrap.",
    ),
    (
        "AUROC",
        "Area under the ROC curve: the chance that a fractured image gets a higher probability "
        "than another one, ties counting half (Hanley & McNeil, Radiology 1982). Intervals: "
        "DeLong, DeLong & Clarke-Pearson, Biometrics 1988, which takes images as independent; and "
        "the bootstrap, which does not.",
    ),
    (
        "Bootstrap",
        "Groups (patients) are drawn with replacement, all images of a group together, with and "
        "without a fractured image apart; the interval holds the middle of what the draws give "
        "(Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). Of fewer "
        "than four groups of a kind no interval is given: it would only be their worst and best.",
    ),
    (
        "Average precision of the verdict",
        "Step-wise area under its precision–recall curve, not interpolated (scikit-learn).",
    ),
    (
        "ECE",
        "Expected calibration error: over bins of the probability, the mean distance of stated "
        "probability and share fractured, weighted by images (Naeini, Cooper & Hauskrecht, AAAI "
        "2015, on the probability of a fracture). Its interval by bootstrap leans upwards, since "
        "the noise of drawing counts as error; below the value it says little.",
    ),
    (
        "Brier score, intercept, slope",
        "Mean squared difference of probability and outcome (Brier, Monthly Weather Review 1950); "
        "logistic recalibration (Cox, Biometrika 1958; Van Calster et al., BMC Medicine 2019). "
        "Intervals: bootstrap.",
    ),
    (
        "IoU",
        "Intersection over union: the area that two boxes share, divided by the area that they "
        "cover together.",
    ),
    (
        "mAP50, mAP75, mAP50-95, AR",
        "COCO's average precision and recall of boxes at IoU 0.5, 0.75 and 0.5 to 0.95, one class, "
        "101-point interpolation (Lin et al., ECCV 2014; https://cocodataset.org/#detection-eval),"
        " over all images, those without a fracture included. Intervals: bootstrap, every image "
        "being matched once.",
    ),
    (
        "FROC",
        "Free-response ROC: share of annotated fractures found against false boxes per image "
        "(Bunch et al., SPIE 1977; Chakraborty, Observer Performance Methods for Diagnostic "
        "Imaging, 2017). False boxes are counted over all images, or over those without a "
        "fracture alone, divided by their number; both are in use. A second box on a fracture "
        "already found is false. Intervals: of fractures found, bootstrap, the threshold being "
        "chosen anew in every draw; of images with one found, Wilson at the threshold shown, which "
        "takes images as independent.",
    ),
    (
        "Size of a fracture",
        "The area of its box as a share of the image's: that is what a reader has to find it by. "
        "Intervals: Wilson, which takes fractures as independent; those of one patient are not.",
    ),
    (
        "Right for the right reason",
        "Of the fractured images called so that have annotated boxes, the share on which a shown "
        "region overlaps one, or has its centre in one.",
    ),
    (
        "Too few",
        "Fewer fractured images, or fewer others, than the least of which the U.S. National Center "
        "for Health Statistics publishes a proportion (Parker et al., Vital and Health Statistics "
        "2(175), 2017).",
    ),
)
_COMPARING = (
    (
        "Paired tests",
        "AUROC: DeLong's test of correlated curves (Biometrics 1988). Verdicts: McNemar's exact "
        "test (Psychometrika 1947). Other figures: bootstrap of the difference, both systems on "
        "the same draw.",
    ),
)
_FAILING = (
    (
        "Failures counted as wrong",
        "A failed image that is fractured counts as missed, with all its fractures, and one "
        "without a fracture as a false alarm; false boxes are divided by the images read alone. In "
        "McNemar's test, the system that failed is wrong.",
    ),
)
_SETTINGS = (
    ("specificity", "Specificity at which sensitivity is read off"),
    ("ece_bins", "Bins of the calibration error"),
    ("fp_rates", "False boxes per image"),
    ("froc_iou", "IoU from which on a box has found a fracture, in FROC"),
    ("shown_fp_rate", "False boxes per image at which sizes are told"),
    ("prevalence", "Share of fractured images for which PPV and NPV are given besides"),
    ("n_resamples", "Resamples of each bootstrap"),
    ("seed", "Seed of each bootstrap"),
    ("confidence_level", "Level of every interval"),
    ("least_of_a_kind", "Least number of fractured images, and of others, to conclude from"),
)


def definitions_section(metrics: Metrics) -> Section:
    """Return the settings, and the definition of every figure with its source."""
    settings: list[tuple[str, Words]] = [
        (words, (metrics.text("settings", key),)) for key, words in _SETTINGS
    ]
    definitions = _DEFINITIONS + (_COMPARING if metrics.content.get("comparisons") else ())
    systems = [metrics.content, *metrics.content.get("against", ())]
    if any(system["data"]["n_failed"] for system in systems):
        definitions += _FAILING
    return Section(
        "definitions",
        "Settings and definitions",
        (
            Facts(tuple(settings)),
            Text(say("What each figure means:")),
            Facts(tuple((term, (words,)) for term, words in definitions)),
        ),
    )
