"""Folders of images with CSV files, as people really make them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.data.canonical import write_dataset
from detect.data.load import load_dataset, load_fractures
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError

Picture = Callable[..., Path]


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"never opened")
    return root


def table(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def boxes(sample: Sample) -> list[tuple[str, float, float, float, float]] | None:
    if sample.boxes is None:
        return None
    return [(e.label, e.box.x1, e.box.y1, e.box.x2, e.box.y2) for e in sample.boxes]


def test_a_table_for_each_split_with_yes_no_and_type(tmp_path: Path) -> None:
    put(tmp_path, "data/train/images/1.png", "data/train/images/2.png", "data/test/images/1.png")
    header = "Image Path;FRACTURE;Fracture Type;Patient-ID;Body Part;Reader Notes"
    table(
        tmp_path / "data/train/annotations.csv",
        header,
        "images/1.png;Yes;oblique;p1;Hand;clear",
        "images/2.png;no;;p2;WRIST;",
        ";;;;;",
    )
    table(tmp_path / "data/test/annotations.csv", header, r"C:\set\test\images\1.png;YES;;p3;;")
    for place in (tmp_path, tmp_path / "data"):
        dataset = load_dataset(place)
        assert dataset.classes == ("fracture",)
        assert [
            (s.image.name, s.split, s.group, s.fractured, s.boxes) for s in dataset.samples
        ] == [
            ("1.png", "test", "p3", True, None),
            ("1.png", "train", "p1", True, None),
            ("2.png", "train", "p2", False, ()),
        ]
        assert dataset.samples[1].attributes == {
            "fracture_type": "oblique",
            "region": "hand",
            "reader_notes": "clear",
        }
        assert dataset.notes == ()


@pytest.mark.parametrize("place", ["", "labels.csv"])
def test_one_table_with_a_split_column(tmp_path: Path, place: str) -> None:
    put(tmp_path, "pictures/a.png", "pictures/b.jpg", "pictures/c.png")
    table(tmp_path / "labels.csv", "filename,fractured,split", "a,1,training", "b.jpg,0,Val", "c,,")
    samples = by_name(load_dataset(tmp_path / place))
    assert {name: (s.split, s.fractured, s.boxes) for name, s in samples.items()} == {
        "a.png": ("train", True, None),
        "b.jpg": ("val", False, ()),
        "c.png": (None, None, None),
    }


def test_paths_and_file_names_tell_the_split(tmp_path: Path) -> None:
    put(tmp_path, "train/x.png", "val/x.png", "test/y.png")
    table(
        tmp_path / "labels.csv",
        "path,label",
        "/home/bob/set/train/x.png,fractured",
        "/home/bob/set/val/x.png,normal",
        "/home/bob/set/test/y.png,not_fractured",
    )
    told = [(s.split, s.fractured) for s in load_dataset(tmp_path).samples]
    assert told == [("test", False), ("train", True), ("val", False)]


def test_a_table_named_after_each_split(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    table(tmp_path / "train.csv", "image,fractured", "1.png,yes")
    table(tmp_path / "test_labels.csv", "image,fractured", "2.png,yes")
    assert [s.split for s in load_dataset(tmp_path).samples] == ["train", "test"]


def test_tabs_in_a_data_folder_and_the_image_with_the_size_of_its_box(tmp_path: Path) -> None:
    put(tmp_path, "Data/valid/7.png", "Data/valid/8.png")
    columns = ("Image ID", "Label Name", "Left", "Top", "Box Width", "Box-Height")
    file = tmp_path / "Data/valid/labels.tsv"
    table(file, "\t".join(columns), "7\tFracture\t1,5\t2\t3\t4", "8\t\t\t\t\t")
    dataset = load_dataset(tmp_path)
    assert [(s.split, boxes(s)) for s in dataset.samples] == [
        ("val", [("Fracture", 1.5, 2, 4.5, 6)]),
        ("val", []),
    ]
    assert dataset.classes == ("Fracture",)


def test_rows_of_boxes_add_up_and_rows_without_are_clean(tmp_path: Path) -> None:
    put(tmp_path, "train/a.jpg", "train/b.jpg", "train/c.jpg", "train/d.jpg")
    table(
        tmp_path / "train/_annotations.csv",
        "filename,width,height,class,xmin,ymin,xmax,ymax",
        "a.jpg,640,480,fracture,10,20,30.5,40",
        "a.jpg,640,480,metal,1,2,3,4",
        "a.jpg,640,480,metal,1,2,3,4",
        "b.jpg,640,480,,,,,",
        "c.jpg,640,480,normal,0,0,0,0",
    )
    dataset = load_dataset(tmp_path)
    samples = by_name(dataset)
    assert dataset.classes == ("fracture", "metal")
    assert boxes(samples["a.jpg"]) == [("fracture", 10, 20, 30.5, 40), ("metal", 1, 2, 3, 4)]
    assert [(samples[n].fractured, samples[n].boxes) for n in ("b.jpg", "c.jpg", "d.jpg")] == [
        (None, ()),
        (False, ()),
        (None, None),
    ]
    assert {s.split for s in dataset.samples} == {"train"}
    assert samples["a.jpg"].attributes == {}
    assert "1 image: a box is listed twice; taken once (a.jpg)" in dataset.notes
    (note,) = (note for note in dataset.notes if note.startswith("_annotations.csv"))
    assert "so rows without a box (1) mean annotated and none" in note
    assert "1 image: without a row; unlabelled (d.jpg)" in dataset.notes


def test_a_label_beside_boxes_decides_where_there_is_no_box(tmp_path: Path) -> None:
    put(tmp_path, "1.png", "2.png", "3.png", "4.png")
    table(
        tmp_path / "t.csv",
        "image;fractured;x;y;width;height",
        "1.png;yes;10,5;20;30;40",
        "2.png;yes;;;;",
        "3.png;no;NaN;NaN;NaN;NaN",
        "4.png;unknown;;;;",
    )
    samples = load_dataset(tmp_path).samples
    assert [(s.fractured, boxes(s)) for s in samples] == [
        (True, [("fracture", 10.5, 20, 40.5, 60)]),
        (True, None),
        (False, []),
        (None, None),
    ]


def test_contradictions_are_unknown_and_named_with_their_lines(tmp_path: Path) -> None:
    put(tmp_path, "train/1.png", "2.png")
    file = table(
        tmp_path / "t.csv",
        "image,fractured,split,type",
        "1.png,yes,train,b",
        "2.png,no,test,",
        "1.png,no,train,a",
        "2.png,no,train,",
        "1.png,,train,a",
    )
    dataset = load_dataset(file)
    samples = by_name(dataset)
    assert (samples["1.png"].fractured, samples["1.png"].boxes) == (None, None)
    assert samples["1.png"].attributes == {"type": "a; b"}
    assert samples["2.png"].split is None
    here = f"{tmp_path.name}/t.csv"
    assert dataset.notes == (
        "1 image: rows put it into several splits; in none"
        f" (2.png: line 3 of {here} and line 5 of {here})",
        "1 image: rows say both fractured and not; unknown"
        f" (1.png: line 2 of {here} and line 4 of {here})",
    )


def test_a_row_comes_before_the_folder_it_contradicts(tmp_path: Path) -> None:
    put(tmp_path, "train/1.png")
    table(tmp_path / "t.csv", "image,fractured,split", "1.png,yes,test")
    dataset = load_dataset(tmp_path)
    assert dataset.samples[0].split == "test"
    note = "1 image: in a train folder, but its row says test; the row counts (1.png)"
    assert dataset.notes == (note,)


def test_two_patients_for_one_image_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "t.csv", "image,fractured,patient", "1.png,1,A", "1.png,1,B")
    with pytest.raises(
        DataError, match=r"t\.csv, line 3: patient 'B', but 'A' in line 2 of t\.csv"
    ):
        load_dataset(tmp_path)


def test_who_the_patient_is_gets_dropped(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(
        tmp_path / "t.csv",
        "image,fractured,Patient Name,Date of Birth,Accession_Number,Patient Age,subject,MRN,case,"
        "Patientenname,Device Name,Vorname",
        "1.png,1,Doe^Jane,19700101,A1,54,S9,77,K3,Doe,DX-1,Jane",
    )
    dataset = load_dataset(tmp_path)
    assert dataset.samples[0].attributes == {
        "patient_age": "54",
        "case": "K3",
        "device_name": "DX-1",
    }
    assert dataset.samples[0].group == "S9"
    assert dataset.notes == tuple(
        f"t.csv: column {name} tells who it is; dropped"
        for name in (
            *("Patient Name", "Date of Birth", "Accession_Number", "MRN", "Patientenname"),
            "Vorname",
        )
    )


def test_a_table_of_a_german_clinic_needs_no_option_for_its_columns(tmp_path: Path) -> None:
    put(tmp_path, "1.png", "2.png")
    rows = ("Dateiname;Fraktur;Patienten-ID;Körperregion", "1.png;yes;P7;Hand", "2.png;no;P8;Hand")
    table(tmp_path / "Befunde.csv", *rows)
    one, two = load_dataset(tmp_path).samples
    assert (one.fractured, one.group, one.attributes) == (True, "P7", {"region": "hand"})
    assert (two.fractured, two.group) == (False, "P8")


def test_a_patient_beside_the_group_is_dropped_in_other_languages_too(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "t.csv", "image,fractured,patient_id,Patientennummer", "1.png,1,a,b")
    assert load_dataset(tmp_path).samples[0].attributes == {}


def test_the_way_out_of_an_unknown_word_takes_no_side(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "t.csv", "image,fractured", "1.png,nein")
    with pytest.raises(DataError, match=r"MEANING being yes, no or unknown: .*'nein'=MEANING"):
        load_dataset(tmp_path)


def test_roles_words_and_encoding_from_options(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "deep/1.png", "deep/2.png", "deep/3.png")
    rows = ("Bild;Befund;fractured;Größe", "1;JA;x;groß", "2; nein;y;", "3;?;;")
    table(tmp_path / "set/befunde.csv", *rows, encoding="cp1252")
    options = ImportOptions(
        images=tmp_path / "elsewhere",
        columns={"image": "Bild", "fractured": "befund"},
        values={"ja": "yes", "Nein": "no", "?": "unknown"},
        encoding="cp1252",
    )
    for place, form in ((tmp_path / "set", "csv"), (tmp_path / "set/befunde.csv", "auto")):
        samples = by_name(load_dataset(place, form, options))
        assert [samples[f"{n}.png"].fractured for n in (1, 2, 3)] == [True, False, None]
        assert samples["1.png"].attributes == {"größe": "groß", "table_fractured": "x"}


def test_images_that_are_missing_are_counted_and_none_at_all_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    file = table(tmp_path / "t.csv", "image,fractured", "1.png,1", "/far/2.png,0", "3,0")
    notes = load_dataset(tmp_path).notes
    assert notes == ("2 images: in the table, but without a file; left out (/far/2.png, 3)",)
    (tmp_path / "1.png").rename(tmp_path / "9.png")
    with pytest.raises(DataError, match=r"t\.csv: none of its images.*'1\.png'.*--images FOLDER"):
        load_dataset(file)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["image,size", "1.png,3"], r"t\.csv, line 1: no column fractured, label or box .*size"),
        (["x,fractured", "1.png,3"], r"t\.csv, line 1: no column image; found x, fractured"),
        (["image,fractured", "1.png,ja"], r"t\.csv, line 2: 'ja' says neither .*yes, no.*--value"),
        (["image,fractured,split", "1.png,1,fold3"], r"line 2: split is 'fold3'; it must be train"),
        (["image,fractured", ",1"], r"t\.csv, line 2: names no image"),
        (["image,fractured", "1.png"], r"t\.csv, line 2: 1 fields, not 2"),
        (["image,fractured"], r"t\.csv: has no row"),
        (["image,Fractured,fractured", "1.png,1,1"], r"columns 'Fractured' and 'fractured'"),
        (["image,x1,y1,x2,y2", "1.png,5,5,5,9"], r"line 2: 5, 5, 5, 9 is no box; x1 < x2"),
        (["image,x,y,w,h", "1.png,5,5,0,9"], r"line 2: 5, 5, 0, 9 is no box; width > 0"),
        (["image,x1,y1,x2,y2", "1.png,5,5,,9"], r"line 2: x2 of the box is empty"),
        (["image,x1,y1,x2,y2", "1.png,5,5,a,9"], r"line 2: 'a' is not a number"),
        (["image,x1,y1,x2,y2", "1.png,.1,.2,.3,.4"], r"t\.csv: no box reaches beyond 1: .*shares"),
        (["image,class,x1,y1,x2,y2", "1.png,metal,,,,"], r"line 2: 'metal' says neither"),
        ([""], r"t\.csv, line 1: no column image"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path: Path, lines: list[str], message: str) -> None:
    put(tmp_path, "1.png")
    file = table(tmp_path / "t.csv", *lines)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(columns={"colour": "image"}), "--column colour=image: no such role; choose"),
        (ImportOptions(columns={"image": "x"}), r"--column image=x: .*no such column; found image"),
        (ImportOptions(columns={"x1": "image"}), r"--column x1=image: a box takes x1, y1, x2, y2"),
        (ImportOptions(values={"ja": "si"}), "--value ja=si: must say yes, no, unknown"),
        (ImportOptions(encoding="x"), "--encoding x: no such encoding"),
        (ImportOptions(labels=Path("l.csv")), "--labels: .* has no use for it"),
    ],
)
def test_a_bad_option_is_refused(tmp_path: Path, options: ImportOptions, message: str) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "t.csv", "image,fractured", "1.png,1")
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path, options=options)


def test_a_box_in_one_column_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "t.csv", "image,fractured,bbox", '1.png,1,"[1, 2, 3, 4]"')
    dataset = load_dataset(tmp_path)
    assert dataset.notes == ("t.csv: column bbox is not read; a box takes x1, y1, x2, y2",)
    assert dataset.samples[0].attributes == {}


def test_tables_that_may_all_be_meant_are_named(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    table(tmp_path / "a.csv", "image,fractured", "1.png,1")
    table(tmp_path / "b.csv", "image,fractured", "1.png,1")
    table(tmp_path / "epochs.csv", "epoch,loss", "1,1")
    with pytest.raises(DataError, match=r"several CSV files have labels: a\.csv, b\.csv; give"):
        load_dataset(tmp_path)
    table(tmp_path / "Annotations.csv", "image,fractured", "1.png,0")
    assert load_dataset(tmp_path).samples[0].fractured is False


def test_a_folder_without_a_table_says_so(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    with pytest.raises(DataError, match="no CSV file with labels; put annotations"):
        load_dataset(tmp_path, "csv")
    table(tmp_path / "a.csv", "foo,bar", "1.png,1")
    with pytest.raises(DataError, match=r"a\.csv, line 1: no column image"):
        load_dataset(tmp_path, "csv")
    table(tmp_path / "b.csv", "foo,bar", "1.png,1")
    with pytest.raises(DataError, match=r"no CSV file here has columns .* found a\.csv, b\.csv"):
        load_dataset(tmp_path, "csv")


def test_label_folders_beside_a_table_are_ambiguous(tmp_path: Path) -> None:
    put(tmp_path, "fractured/1.png", "normal/2.png")
    table(tmp_path / "epochs.csv", "epoch,loss", "1,1")
    assert len(load_dataset(tmp_path).samples) == 2
    table(tmp_path / "t.csv", "image,fractured", "1.png,1")
    with pytest.raises(DataError, match=r"several forms at once: folders .*csv .*--form"):
        load_dataset(tmp_path)


def test_checked_end_to_end(tmp_path: Path, picture: Picture) -> None:
    """A turned picture's box is in the frame after the turn; a truncated file is left out."""
    for seed, name in enumerate(("train/1", "train/2", "train/3", "val/4", "val/5", "test/6")):
        picture(tmp_path / f"{name}.png", 40, 30, seed, orientation=6 if seed == 0 else 1)
    cut = tmp_path / "train/3.png"
    cut.write_bytes(cut.read_bytes()[:300])
    table(
        tmp_path / "annotations.csv",
        "image,fractured,patient,xmin,ymin,xmax,ymax",
        "1.png,yes,A,5,5,30,40",
        "2.png,no,B,,,,",
        "3.png,no,C,,,,",
        "4.png,yes,B,5,5,41,20",
        "5.png,no,D,1,1,9,9",
        "6.png,yes,E,1,1,9,9",
    )
    report = quick_check(load_fractures([tmp_path]))
    kinds = {(p.kind, tuple(image.name for image in p.images)) for p in report.problems}
    assert kinds == {
        ("unreadable", ("3.png",)),
        ("box_outside", ("4.png",)),
        ("label_box", ("5.png",)),
        ("group_leak", ("2.png", "4.png")),
        ("split_unfit", ()),
    }
    usable = {sample.image.name: sample for sample in report.usable}
    assert boxes(usable["1.png"]) == [("fracture", 5, 5, 30, 40)]
    assert boxes(usable["4.png"]) == [("fracture", 5, 5, 40, 20)]


USUAL = {  # column: cells that are right, or nearly
    "image": ["1.png", "2", "images/1.png", r"C:\x\2.png", "3.png"],
    "fractured": ["yes", "no", "1", "0.0", "unknown", "", "Normal", "nan"],
    "label": ["fracture", "metal", "", "no finding"],
    "split": ["train", "Valid", "", "test"],
    "patient": ["A", ""],
    "xmin": ["0", "3", "7.25"],
    "ymin": ["0", "3", "7.25"],
    "xmax": ["9", "1e3", "8"],
    "ymax": ["9", "1e3", "8"],
    "note": ["", "a\nb", '"'],
    "Patient Name": ["Doe^Jane"],
    "bbox": ["[1, 2, 3, 4]"],
    "": [""],
    "Unnamed: 0": ["0"],
}
JUNK = st.one_of(st.sampled_from(["1e308", "-1", "3;4", "\n"]), st.text(max_size=6))


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A table that is right, or not quite, or not at all."""
    header = draw(st.lists(st.sampled_from(sorted(USUAL)), max_size=9, unique=True))
    if draw(st.integers(0, 5)):
        corners = draw(st.sampled_from([[], ["xmin", "ymin", "xmax", "ymax"]]))
        header = list(dict.fromkeys(["image", "fractured", *corners, *header]))
    wrong = draw(st.sampled_from([0, 0, 0, 1, 9]))  # cells in ten
    rows = [header]
    for _ in range(draw(st.integers(0, 4))):
        usual = [draw(st.sampled_from(USUAL[name])) for name in header]
        if draw(st.booleans()):  # no box
            usual = [
                "" if name[1:] in ("min", "max") else c
                for name, c in zip(header, usual, strict=True)
            ]
        rows.append([draw(JUNK) if draw(st.integers(0, 9)) < wrong else cell for cell in usual])
    if draw(st.sampled_from([False, False, True])):
        rows.append(draw(st.lists(JUNK, max_size=9)))
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=tables(),
    delimiter=st.sampled_from(",;\t"),
    raw=st.one_of(st.just(b""), st.just(b""), st.binary(max_size=60)),
    role=st.sampled_from(["", "", "image", "fractured", "x1", "label"]),
)
def test_whatever_a_table_holds_the_error_is_ours(
    tmp_path: Path, rows: list[list[str]], delimiter: str, raw: bytes, role: str
) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    content = buffer.getvalue().encode("utf-8", errors="replace")
    (tmp_path / "t.csv").write_bytes(content + raw)
    header = rows[0]
    options = ImportOptions(columns={role: header[0]} if role and header else {})
    try:
        dataset = load_dataset(tmp_path, "csv", options)
    except (DataError, InputError) as error:
        assert "\n" not in str(error)
    else:
        assert [sample.image.name for sample in dataset.samples] == ["1.png", "2.png"]
        write_dataset(dataset, tmp_path / "canonical")
        assert load_dataset(tmp_path / "canonical").samples == dataset.samples
