"""Folders of DICOM with a CSV file of labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset as DicomDataset
from pydicom.uid import BasicTextSRStorage, GrayscaleSoftcopyPresentationStateStorage

from detect.data.canonical import write_dataset
from detect.data.load import load_dataset, load_fractures
from detect.data.phantom.dicom import dicom_bytes
from detect.data.phantom.render import render_phantom
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.data.sources.dicom_terms import region_of, view_of
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError

Write = Callable[..., str]


@pytest.fixture(scope="session")
def phantom_file() -> bytes:
    return dicom_bytes(render_phantom(4, fractured=True, size=(128, 96)))


@pytest.fixture
def write(phantom_file: bytes) -> Write:
    """Write a radiograph and return its UID: `write(path, number, preamble, **attributes)`."""

    def to(path: Path, number: int, *, preamble: bool = True, **attributes: object) -> str:
        dataset = dcmread(BytesIO(phantom_file))
        uid = f"1.2.3.{number}"
        plain = {"SOPInstanceUID": uid, "StudyInstanceUID": f"1.2.4.{number}"}
        plain |= {"PatientID": f"P{number}", "InstanceNumber": str(number)}
        for keyword, value in {**plain, **attributes}.items():
            setattr(dataset, keyword, value)
        pixels = bytearray(dataset.PixelData)
        pixels[:2] = number.to_bytes(2, "little")
        dataset.PixelData = bytes(pixels)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        path.parent.mkdir(parents=True, exist_ok=True)
        if preamble:
            dataset.save_as(path, enforce_file_format=True)
        else:
            bare = DicomDataset()
            bare.update(dataset)
            bare.save_as(path, implicit_vr=True, little_endian=True)
        return uid

    return to


def table(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def hashed(kind: str, identity: str) -> str:
    return f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


def test_labels_by_uid_patients_and_attributes_by_header(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "archive"
    one = write(
        folder / "A/IM1",
        1,
        PatientID=" MRN-77 ",
        PatientName="Doe^Jane",
        BodyPartExamined="LOW LEG",
        ImageLaterality="R",
        ViewPosition="LL",
        Manufacturer="Acme\nDoe^Jane",
    )
    two = write(folder / "A/2.dcm", 2, PatientID="MRN-77", BodyPartExamined="ABDOMEN")
    three = write(folder / "B/deep/3", 3, PatientID="", preamble=False)
    write(folder / "B/4.dcm", 4)
    table(
        folder / "labels.csv",
        "SOP_Instance_UID,Fracture,Fracture Type,View,split",
        f"{one},yes,spiral,Oblique,train",
        f" {two} ,no,,,train",
        f"{three},yes,,,test",
        "9.9.9,no,,,test",
    )
    dataset = load_dataset(folder)
    samples = by_name(dataset)
    assert {name: (s.split, s.fractured, s.boxes, s.group) for name, s in samples.items()} == {
        "IM1": ("train", True, None, hashed("patient", "MRN-77")),
        "2.dcm": ("train", False, (), hashed("patient", "MRN-77")),
        "3": ("test", True, None, hashed("study", "1.2.4.3")),
        "4.dcm": (None, None, None, hashed("patient", "P4")),
    }
    assert samples["IM1"].attributes == {
        "modality": "DX",
        "body_part": "low leg",
        "region": "leg",
        "laterality": "R",
        "view": "oblique",  # of the table, before LL of the header
        "view_position": "LL",
        "fracture_type": "spiral",
    }
    assert samples["2.dcm"].attributes["body_part"] == "abdomen"
    assert "region" not in samples["2.dcm"].attributes
    assert set(dataset.notes) == {
        "1 image: in the table, but without a usable file; left out (9.9.9)",
        "1 image: without a row; unlabelled (4.dcm)",
    }


def test_no_patient_id_is_written(tmp_path: Path, write: Write) -> None:
    uid = write(tmp_path / "in/1", 1, PatientID="MRN-77")
    other = write(tmp_path / "in/2", 2, PatientID="MRN-78")
    lines = (f"{uid},1,MRN-77,Doe^Jane", f"{other},0,MRN-79,Roe^Rick")
    table(tmp_path / "in/l.csv", "SOPInstanceUID,fractured,PatientID,PatientName", *lines)
    dataset = load_dataset(tmp_path / "in")
    # the table's patient comes before the header's, and is the same where both are
    groups = [hashed("patient", "MRN-77"), hashed("patient", "MRN-79")]
    assert [sample.group for sample in dataset.samples] == groups
    write_dataset(dataset, tmp_path / "out")
    for file in (tmp_path / "out").iterdir():
        assert b"MRN" not in file.read_bytes()
        assert b"Doe" not in file.read_bytes()


def test_labels_by_path_with_boxes_from_a_file_elsewhere(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "d/1.2.3.1", 1)
    write(tmp_path / "d/x/1.2.3.2.dcm", 2)
    labels = table(
        tmp_path / "labels.csv",
        "file;fraktur;x1;y1;x2;y2",
        r"D:\pacs\d\1.2.3.1;ja;10;20;30;40",
        "1.2.3.2;nein;;;;",
    )
    options = ImportOptions(
        labels=labels, columns={"fractured": "Fraktur"}, values={"ja": "yes", "nein": "no"}
    )
    first, second = load_dataset(tmp_path / "d", options=options).samples
    (entry,) = first.boxes or ()
    assert (entry.box.x1, entry.box.y1, entry.box.x2, entry.box.y2) == (10, 20, 30, 40)
    assert (second.fractured, second.boxes) == (False, ())


def test_other_objects_and_damage(tmp_path: Path, write: Write, phantom_file: bytes) -> None:
    uid = write(tmp_path / "1", 1)
    report = write(tmp_path / "sr", 2, SOPClassUID=BasicTextSRStorage)
    write(tmp_path / "pr1", 3, SOPClassUID=GrayscaleSoftcopyPresentationStateStorage)
    write(tmp_path / "pr2", 4, SOPClassUID=GrayscaleSoftcopyPresentationStateStorage)
    (tmp_path / "z.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "cut.dcm").write_bytes(phantom_file[:300])
    (tmp_path / "README").write_text("no picture")
    table(
        tmp_path / "l.csv",
        "SOPInstanceUID,path,fractured",
        f"{uid},,1",
        f"{report},,0",
        ",empty.dcm,0",
        ",./cut,0",
    )
    dataset = load_dataset(tmp_path, "dicom")
    assert {s.image.name: (s.fractured, s.group is None) for s in dataset.samples} == {
        "1": (True, False),
        "cut.dcm": (False, True),
        "empty.dcm": (False, True),
    }
    assert set(dataset.notes) == {
        "1 image: PNG, not DICOM; left out (z.png)",
        "1 image: is Basic Text SR, not a radiograph; left out (sr)",
        "2 images: is Grayscale Softcopy Presentation State, not a radiograph; left out (pr1, pr2)",
        "2 images: no patient or study can be read in its header (cut.dcm, empty.dcm)",
        f"1 image: in the table, but without a usable file; left out ({report})",
    }


def test_copies_are_kept_for_the_check_and_ambiguous_uids_are_not(
    tmp_path: Path, write: Write
) -> None:
    same, twice = "1.2.3.1", "1.2.3.9"
    for split in ("train", "test"):
        write(tmp_path / split / "same", 1)
    write(tmp_path / "train/a", 2, SOPInstanceUID=twice)
    write(tmp_path / "train/b", 3, SOPInstanceUID=twice)
    by_uid = table(tmp_path / "u.txt", "SOPInstanceUID,fractured", f"{same},1", f"{twice},0")
    dataset = load_dataset(tmp_path, options=ImportOptions(labels=by_uid))
    assert [(s.split, s.fractured) for s in dataset.samples] == [("test", True), ("train", True)]
    what = "different images under one SOP Instance UID, by which the table names them; left out"
    assert f"2 images: {what} (a, b)" in dataset.notes
    report = quick_check(load_fractures_of(tmp_path, by_uid))
    assert "duplicate_leak" in {problem.kind for problem in report.problems}
    by_path = table(tmp_path / "p.txt", "path,fractured", "train/a,1", "train/b,0")
    samples = by_name(load_dataset(tmp_path, options=ImportOptions(labels=by_path)))
    assert (samples["a"].fractured, samples["b"].fractured) == (True, False)


def load_fractures_of(folder: Path, labels: Path) -> Dataset:
    out = folder.parent / f"{folder.name}-canonical"
    write_dataset(load_dataset(folder, options=ImportOptions(labels=labels)), out)
    return load_fractures([out])


def test_one_patient_id_for_everybody_is_pointed_out(tmp_path: Path, write: Write) -> None:
    uids = [write(tmp_path / f"{n}.dcm", n, PatientID="ANONYMOUS") for n in (1, 2, 3)]
    table(tmp_path / "l.csv", "SOPInstanceUID,fractured", *(f"{uid},1" for uid in uids))
    (note,) = load_dataset(tmp_path).notes
    assert "all images of 3 studies have one Patient ID" in note


def test_checked_end_to_end(tmp_path: Path, write: Write) -> None:
    for number, split in enumerate(("train", "train", "val", "val"), start=1):
        write(tmp_path / split / f"IM{number}", number, PatientID=f"P{min(number, 3)}")
    table(
        tmp_path / "labels.csv",
        "path,fractured,x,y,width,height",
        "IM1,1,10,10,20,20",
        "IM2,0,,,,",
        "IM3,1,86,10,20,20",
        "IM4,0,,,,",
    )
    report = quick_check(load_fractures([tmp_path]))
    assert [(p.kind, [i.name for i in p.images]) for p in report.problems] == [
        ("box_outside", ["IM3"])
    ]
    assert [sample.fractured for sample in report.usable] == [True, False, True, False]


def test_what_is_another_form_is_left_to_it(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "folders/fractured/1", 1)
    write(tmp_path / "folders/normal/2", 2)
    assert [s.fractured for s in load_dataset(tmp_path / "folders").samples] == [True, False]
    write(tmp_path / "yolo/images/train/1.dcm", 1)
    (tmp_path / "yolo/labels/train").mkdir(parents=True)
    (tmp_path / "yolo/labels/train/1.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "yolo/data.yaml").write_text("names: [fracture]\ntrain: images/train\n")
    assert load_dataset(tmp_path / "yolo").samples[0].attributes == {}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["SOPInstanceUID,fractured", "1.9,1"], r"l\.csv: none of its images is below .*'1\.9'"),
        (["SOPInstanceUID,notes", "1.2.3.1,x"], r"l\.csv, line 1: no column fractured, label"),
        (["study,fractured", "1.2.4.1,1"], r"line 1: no column SOPInstanceUID or image"),
        (["SOPInstanceUID,image,fractured", ",,1"], r"l\.csv, line 2: names no image"),
    ],
)
def test_bad_labels_are_refused_in_one_line(
    tmp_path: Path, write: Write, lines: list[str], message: str
) -> None:
    write(tmp_path / "IM1", 1)
    table(tmp_path / "l.csv", *lines)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(tmp_path)
    assert "\n" not in str(caught.value)


def test_labels_that_are_absent(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "IM1", 1)
    with pytest.raises(DataError, match="no CSV file with labels; give one with --labels"):
        load_dataset(tmp_path)
    options = ImportOptions(labels=tmp_path / "no.csv")
    with pytest.raises(InputError, match=r"--labels .*no\.csv: no such file"):
        load_dataset(tmp_path, options=options)


@pytest.mark.parametrize(
    ("body_part", "region"),
    [
        ("HAND", "hand"),
        ("LOWER LEG", "leg"),
        ("UPPER_ARM", "humerus"),
        ("WRIST_R", "wrist"),
        ("Left Knee", "knee"),
        ("HAND WRIST", None),
        ("EXTREMITY", None),
        ("", None),
    ],
)
def test_region_of(body_part: str, region: str | None) -> None:
    assert region_of(body_part) == region


@pytest.mark.parametrize(
    ("position", "view"),
    [("AP", "frontal"), ("LLO", "oblique"), ("lat", "lateral"), ("YCC", None), ("AP LAT", None)],
)
def test_view_of(position: str, view: str | None) -> None:
    assert view_of(position) == view


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_real_dicom(shared_dir: Path, tmp_path: Path) -> None:
    """Real objects of three projects, without and with suffix."""
    folder = shared_dir / "data" / "dicom"
    files = sorted(file for file in folder.iterdir() if not file.name.startswith("LICENSE"))
    heads = {file.name: dcmread(file, stop_before_pixels=True, force=True) for file in files}
    named = [name for name, head in heads.items() if head.get("SOPInstanceUID")]
    by_uid = [f"{heads[name].SOPInstanceUID},,{n % 2}" for n, name in enumerate(named)]
    by_path = [f",{name},1" for name in heads if name not in named]
    labels = table(tmp_path / "l.csv", "SOPInstanceUID,path,fractured", *by_uid, *by_path)
    dataset = load_dataset(folder, options=ImportOptions(labels=labels))
    samples = by_name(dataset)
    assert set(samples) == set(heads)
    assert {name: samples[name].fractured for name in named} == {
        name: n % 2 == 1 for n, name in enumerate(named)
    }
    for name, head in heads.items():
        patient, study = head.get("PatientID"), head.get("StudyInstanceUID")
        expected = hashed("patient", patient) if patient else study and hashed("study", study)
        assert samples[name].group == expected
        assert samples[name].attributes["modality"] == head.Modality
    report = quick_check(load_fractures_of_shared(dataset, tmp_path))
    assert report.checked == len(heads)
    assert not [problem for problem in report.problems if problem.kind == "unreadable"]


def load_fractures_of_shared(dataset: Dataset, tmp_path: Path) -> Dataset:
    write_dataset(dataset, tmp_path / "canonical")
    return load_fractures([tmp_path / "canonical"])
