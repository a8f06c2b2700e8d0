"""CSV files in the ways in which programs and spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.data.sources.tables import open_table, read_table, table_header
from detect.errors import DataError, InputError

TEXT = 'image,Région,note\r\na.png,épaule,"one, two"\r\n\r\nb.png,"""hip""","x\r\ny"\r\n'
ROWS = [
    (2, {"image": "a.png", "Région": "épaule", "note": "one, two"}),
    (5, {"image": "b.png", "Région": '"hip"', "note": "x\r\ny"}),
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
    ids=["plain", "mark", "UTF-16 little", "UTF-16 big"],
)
def test_utf8_and_utf16_by_their_marks(table: Path, content: bytes) -> None:
    table.write_bytes(content)
    assert list(open_table(table).rows()) == ROWS
    assert list(read_table(table, ["image"])) == ROWS
    assert table_header(table) == ("image", "Région", "note")
    # a mark is a fact, an option a guess about several files at once
    if content[:1] != b"i":
        assert list(open_table(table, "cp1252").rows()) == ROWS


def test_another_encoding_is_refused_with_line_and_way_out(table: Path) -> None:
    table.write_bytes(TEXT.replace("Région", "Region").encode("cp1252"))
    with pytest.raises(DataError, match=r"t\.csv, line 2: not UTF-8; .*--encoding cp1252"):
        open_table(table)
    with pytest.raises(DataError, match=r"t\.csv, line 2: not UTF-8; save the file again"):
        list(read_table(table, []))
    rows = list(open_table(table, "cp1252").rows())
    assert rows[0][1]["Region"] == "épaule"


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined"])
def test_an_encoding_that_is_none_is_a_wrong_option(table: Path, encoding: str) -> None:
    table.write_text(TEXT)
    with pytest.raises(InputError, match=f"--encoding {encoding}: no such encoding"):
        open_table(table, encoding)


@pytest.mark.parametrize(
    ("text", "header", "row"),
    [
        ("a;b\n1,5;2\n", ("a", "b"), ("1,5", "2")),
        ("a\tb\n1,5;x\t2\n", ("a", "b"), ("1,5;x", "2")),
        ('"a, b, c";d\n1;2\n', ("a, b, c", "d"), ("1", "2")),
        ("sep=;\r\na,b;c\r\n1;2\r\n", ("a,b", "c"), ("1", "2")),
        ("a\n1;2\n", ("a",), ("1;2",)),
        ("\n\na;b\n1;2\n", ("a", "b"), ("1", "2")),
        (" a , b \r1,2\r", ("a", "b"), ("1", "2")),
        ('"a \r\n(yes/no)",b\r\n1,2\r\n', ("a (yes/no)", "b"), ("1", "2")),
    ],
)
def test_the_header_tells_the_delimiter(
    table: Path, text: str, header: tuple[str, ...], row: tuple[str, ...]
) -> None:
    table.write_bytes(text.encode())
    opened = open_table(table)
    assert opened.header == header
    assert [tuple(cells.values()) for _, cells in opened.rows()] == [row]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", r"t\.csv, line 3: 1 fields, not 2 as in the header"),
        ('a,b\n1,2\n"3" x,4\n', r"t\.csv, line 3: not CSV"),
        ('sep=,\na,b\n1,2\n"3" x,4\n', r"t\.csv, line 4: not CSV"),
        (f"a,b\n1,{'x' * 200_000}\n", r"t\.csv, line 2: not CSV \(field larger"),
    ],
)
def test_a_bad_line_is_named(table: Path, text: str, message: str) -> None:
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        list(open_table(table).rows())


def test_no_file_has_no_header(tmp_path: Path) -> None:
    assert table_header(tmp_path / "none.csv") == ()
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\"'")
    assert isinstance(table_header(tmp_path / "picture.csv"), tuple)
    with pytest.raises(DataError, match="no such file"):
        open_table(tmp_path / "none.csv")


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=5), delimiter=st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(
    table: Path, rows: list[tuple[str, str]], delimiter: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["image", "note"])
    writer.writerows(rows)
    table.write_bytes(buffer.getvalue().encode())
    assert [tuple(row.values()) for _, row in open_table(table).rows()] == rows
