"""The folder of Bundles: its names, what cannot have one, and whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fhir_json import bundles_in, records_of_all_kinds

from detect.errors import InputError, OutputError
from detect.record import Failure, Source
from detect.write.context import WriteContext
from detect.write.fhir.writer import open_fhir_r4
from detect.write.formats import remove_formats, write_formats

Contexts = Callable[..., WriteContext]


def _failure(path: str) -> Failure:
    return Failure(Source(path, None), "corrupt", "no image")


def test_each_record_has_a_file_of_its_path(tmp_path: Path, context: Contexts) -> None:
    records = records_of_all_kinds()
    assert not write_formats(records, context(tmp_path), ["fhir-r4", "fhir-r5"])
    for release in ("fhir-r4", "fhir-r5"):
        assert set(bundles_in(tmp_path / release)) == {
            "Schmidt, Anna/wrist.dcm.frame2.json",
            "Schmidt, Anna/wrist.dcm.frame3.json",
            "Hände/<b>&\"'=SUM(A1), ‮x.png.json",
            "b.png.json",
            "a/broken.jpg.json",
            "gone.jpg.json",
            "x.dcm.json",
        }
    remove_formats(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../out.png", "leads out of its folder"),
        ("a/../../out.png", "leads out of its folder"),
        ("/etc/out.png", "leads out of its folder"),
        ("a.png", "another result has its name"),
        ("x" * 300, "its file name would be too long"),
        ("a.png.json/b.png", "another result has its name|has the name of its folder"),
    ],
)
def test_a_record_without_a_name_is_listed_and_the_others_written(
    tmp_path: Path, context: Contexts, path: str, why: str
) -> None:
    records = [_failure("a.png"), _failure(path), _failure("z.png")]
    (missed,) = write_formats(records, context(tmp_path / "out"), ["fhir-r4"])
    assert (missed.format, missed.path) == ("fhir-r4", path)
    assert missed.message.startswith(f"{path}: ")
    assert any(each in missed.message for each in why.split("|"))
    assert set(bundles_in(tmp_path / "out/fhir-r4")) == {"a.png.json", "z.png.json"}
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name != "posix", reason="file names are text there")
def test_bytes_that_are_no_text_are_escaped_inside(tmp_path: Path, context: Contexts) -> None:
    assert not write_formats([_failure("a\udce9.png")], context(tmp_path), ["fhir-r4"])
    bundle = json.loads((tmp_path / "fhir-r4/a\udce9.png.json").read_text(encoding="utf-8"))
    document = bundle["entry"][0]["resource"]
    assert document["content"][0]["attachment"]["title"] == "a\\udce9.png"


def test_an_error_leaves_the_earlier_folder(tmp_path: Path, context: Contexts) -> None:
    write_formats([_failure("a.png")], context(tmp_path), ["fhir-r4"])
    with pytest.raises(InputError, match="line 3"), open_fhir_r4(context(tmp_path)) as writer:
        writer.write(_failure("b.png"))
        raise InputError("line 3")
    assert set(bundles_in(tmp_path / "fhir-r4")) == {"a.png.json"}
    assert [each.name for each in tmp_path.iterdir()] == ["fhir-r4"]


def test_files_of_others_are_not_lost(tmp_path: Path, context: Contexts) -> None:
    (tmp_path / "fhir-r4").mkdir()
    (tmp_path / "fhir-r4/mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match=r"mine\.txt is not of this program"):
        open_fhir_r4(context(tmp_path))
    assert (tmp_path / "fhir-r4/mine.txt").read_text(encoding="utf-8") == "x"
