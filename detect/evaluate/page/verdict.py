"""The verdict's figures: ranking, operating points, calibration."""

from __future__ import annotations

from collections.abc import Sequence

from detect.data.check_text import printable
from detect.evaluate.clustered import CLUSTERED_RATES
from detect.evaluate.page.parts import Block, Metrics, Plot, Row, Section, Table, Text, say

__all__ = ["COUNTS", "RATES", "calibration_section", "verdict_section"]

_WHOLE = ("subsets", "all")
_VERDICT = (*_WHOLE, "verdict")
RATES = (
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("ppv", "PPV"),
    ("npv", "NPV"),
    ("accuracy", "accuracy"),
    ("f1", "F1"),
    ("youden", "Youden's J"),
    ("kappa", "Cohen's κ"),
)
COUNTS = (
    ("true_positive", "true positives"),
    ("false_negative", "false negatives"),
    ("false_positive", "false positives"),
    ("true_negative", "true negatives"),
)
_BY_CHANCE = "mean and range of draws, images as independent; an error above it is none of chance"
_CALIBRATION = (
    ("ece_equal_width", "ECE, bins of equal width", "0 is best"),
    ("ece_equal_width_of_perfect", "of perfect calibration, by chance", _BY_CHANCE),
    ("ece_equal_mass", "ECE, bins of equal count", "0 is best"),
    ("ece_equal_mass_of_perfect", "of perfect calibration, by chance", _BY_CHANCE),
    ("brier", "Brier score", "0 is best"),
    ("intercept", "intercept", "0 is best; above 0, probabilities are too low"),
    ("slope", "slope", "1 is best; below 1, probabilities are too extreme"),
)


def verdict_section(metrics: Metrics) -> Section:
    """Return ranking, operating points with all their rates, and the curves."""
    names = list(metrics.at(*_VERDICT, "operating_points"))
    points = [(*_VERDICT, "operating_points", name) for name in names]
    heads = tuple(printable(name) for name in names)
    blocks: list[Block] = [_ranking(metrics)]
    if names:
        rows = [
            Row(
                (
                    ("threshold on the probability",),
                    *((metrics.number(*at, "threshold"),) for at in points),
                )
            ),
            *(
                Row(((words,), *((metrics.count(*at, key),) for at in points)))
                for key, words in COUNTS
            ),
            *(row for rate in RATES for row in _rate_rows(metrics, names, *rate)),
        ]
        if metrics.at("settings", "prevalence") is not None:
            share = metrics.text("settings", "prevalence").text
            rows += [
                Row(
                    (
                        (f"{key.upper()} where a share of {share} is fractured",),
                        *((metrics.number(*at, "at_prevalence", key),) for at in points),
                    )
                )
                for key in ("ppv", "npv")
            ]
        blocks.append(
            Table(
                "Operating points",
                ("", *heads),
                tuple(rows),
                note="An operating point is a threshold chosen beforehand: from this probability "
                "on, an image is called fractured. PPV and NPV hold at this set's share of "
                f"fractured images only.{_intervals(metrics)}",
            )
        )
    blocks += [
        Plot(
            "roc",
            "ROC curve: sensitivity against false alarms at every threshold, with the "
            "operating points and their intervals. The nearer to the upper left, the better.",
        ),
        Plot(
            "verdict_precision_recall",
            "Precision and recall at every threshold. The dashed line is what guessing would give.",
        ),
        Plot(
            "confusion",
            "Confusion matrices: what was said of fractured and of other images, in "
            "counts and in shares of the truth's row.",
            wide=True,
        ),
        Plot(
            "probabilities",
            "How often each probability was said, of fractured images above and "
            "of others below; lines mark the operating points.",
        ),
    ]
    return Section("verdict", "Verdict: fractured or not", tuple(blocks))


def _rate_rows(metrics: Metrics, names: Sequence[str], key: str, words: str) -> list[Row]:
    """Return a rate of each operating point and, where images have groups, its interval by group.

    Of the second row the interval alone is new; the value stands there again.
    """
    places = [(words, _VERDICT)]
    clustered = (*_WHOLE, "clustered")
    if metrics.at(*clustered) is not None and key in CLUSTERED_RATES:
        places.append((f"{words}, interval by group", clustered))
    return [
        Row(
            (
                (title,),
                *((metrics.number(*at, "operating_points", name, key),) for name in names),
            )
        )
        for title, at in places
    ]


def _intervals(metrics: Metrics) -> str:
    if metrics.at(*_WHOLE, "clustered") is None:
        return ""
    return (
        " Intervals of shares are Wilson's, which takes images as independent; those by group are "
        "of the bootstrap, which draws the images of a group together."
    )


def _ranking(metrics: Metrics) -> Table:
    at = (*_VERDICT, "sensitivity_at_specificity")
    specificity = metrics.text(*at, "specificity").text
    return Table(
        "How well images are ranked",
        ("figure", "value"),
        (
            Row((("AUROC, interval by DeLong",), (metrics.number(*_VERDICT, "auroc"),))),
            Row(
                (
                    ("AUROC, interval by bootstrap",),
                    (metrics.number(*_VERDICT, "auroc_bootstrap"),),
                )
            ),
            Row((("average precision",), (metrics.number(*_VERDICT, "average_precision"),))),
            Row(
                (
                    (f"sensitivity where specificity is {specificity}",),
                    (metrics.number(*at, "sensitivity"),),
                )
            ),
        ),
        note="The last figure's threshold is read off these very images, so it compares rankings; "
        "it is not what to expect of a threshold fixed beforehand.",
    )


def calibration_section(metrics: Metrics) -> Section:
    """Return how far probabilities are off, before and after calibration."""
    at = (*_VERDICT, "calibration")
    known = metrics.at(*at, "before") is not None
    rows = []
    for key, words, hint in _CALIBRATION:
        cells = [
            (metrics.number(*at, *where, key),) for where in ((("before",), ()) if known else ((),))
        ]
        rows.append(Row(((words,), *cells, (hint,))))
    heads = ("before calibration", "after calibration") if known else ("as the model says it",)
    blocks: list[Block] = [
        Text(
            say(
                "If a model says 0.3 of many images, three in ten of them should be fractured. "
                "Measured on {} images, in {} bins.",
                metrics.count(*_VERDICT, "n"),
                metrics.count(*at, "n_bins"),
            )
        ),
        Table("Calibration", ("figure", *heads, "reading"), tuple(rows)),
        Plot(
            "reliability",
            "Reliability diagram: the share of fractured images at each stated "
            "probability. On the dashed line, probabilities mean what they say.",
            wide=known,
        ),
    ]
    return Section(
        "calibration", "Calibration: do the probabilities mean what they say?", tuple(blocks)
    )
