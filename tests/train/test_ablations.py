"""Tables of ablations: read strictly, and written with a column for each figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.errors import ConfigError
from detect.train.ablations import ablation_text, load_ablations

TABLE = """
about: On val,
  373 images.
rows:
  - {what: 640 pixels, figures: {mAP50: 0.5, AUROC: 0.9361}, seeds: 1, time: 36 s}
  - {what: no boxes, figures: {AUROC: 0.9}, seeds: 2, time: 2 h}
  - {what: other figure, figures: {FROC@0.5: 0.68}, seeds: 1, time: 1 h}
"""


def test_a_table_has_a_column_for_each_figure_and_gaps_where_none_was_measured(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yaml").write_text(TABLE, encoding="utf-8")
    assert ablation_text(load_ablations(tmp_path / "a.yaml"), "a" * 64).splitlines() == [
        "On val, 373 images.",
        "",
        "| what | mAP50 | AUROC | FROC@0.5 | seeds | time |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 640 pixels | 0.500 | 0.936 |  | 1 | 36 s |",
        "| no boxes |  | 0.900 |  | 2 | 2 h |",
        "| other figure |  |  | 0.680 | 1 | 1 h |",
    ]


MEASURED_WITH = f"network: first-n 0.1.0\nbundle_sha256: {'b' * 64}\n"


@pytest.mark.parametrize(
    ("more", "checkpoint", "begins"),
    [
        (MEASURED_WITH, "b" * 64, "On val"),
        (MEASURED_WITH, "a" * 64, "**Of an earlier network** (first-n 0.1.0), not of these weigh"),
        (f"bundle_sha256: {'b' * 64}", "a" * 64, "**Of an earlier network**, not of these weights"),
        (MEASURED_WITH, None, "**Perhaps of other weights**: this bundle has no model.pt"),
        ("network: first-n 0.1.0", "a" * 64, "On val"),
        ("", None, "On val"),
    ],
)
def test_a_table_of_another_network_says_so_first(
    tmp_path: Path, more: str, checkpoint: str | None, begins: str
) -> None:
    (tmp_path / "a.yaml").write_text(TABLE + more, encoding="utf-8")

    text = ablation_text(load_ablations(tmp_path / "a.yaml"), checkpoint)

    assert text.startswith(begins)
    assert "On val, 373 images.\n\n| what |" in text
    assert "Not tried" not in text


def test_what_was_not_tried_stands_below_the_table(tmp_path: Path) -> None:
    more = "not_tried: [a teacher, '1024 | pixels']"
    (tmp_path / "a.yaml").write_text(TABLE + more, encoding="utf-8")

    text = ablation_text(load_ablations(tmp_path / "a.yaml"), None)

    assert text.endswith("| 1 | 1 h |\n\nNot tried: a teacher; 1024 \\| pixels.\n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds: 2", "seeds: 0", "rows.1.seeds"),
        ("{AUROC: 0.9}", "{}", "rows.1.figures"),
        ("{AUROC: 0.9}", "{AUROC: .nan}", "rows.1.figures.AUROC"),
        ("time: 2 h", "minutes: 2", "rows.1.minutes"),
        ("about:", "above:", "about"),
        ("about:", "bundle_sha256: 230f363f\nabout:", "bundle_sha256"),
        ("about:", "not_tried: ['']\nabout:", "not_tried.0"),
        ("rows:", "rows: [", "cannot be read as YAML"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TABLE.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_ablations(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


TABLES = sorted((Path(__file__).resolve().parents[2] / "configs" / "ablations").glob("*.yaml"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_table_beside_the_recipes_is_understood(path: Path) -> None:
    assert ablation_text(load_ablations(path), None).count("\n| ") > 2
