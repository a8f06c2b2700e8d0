"""Pascal VOC datasets as tools write them, with their dirt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.data.load import load_dataset, load_fractures
from detect.data.sample import Dataset, Sample
from detect.data.sources.options import ImportOptions
from detect.errors import DataError

Picture = Callable[..., Path]
Corners = tuple[float, float, float, float]
ROUNDING = 1.5  # of FracAtlas' VOC (rounded down) and YOLO (four decimals), in pixels


def thing(box: Corners, label: str = "fracture", more: str = "") -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return f"<object><name>{label}</name>{more}<bndbox>{corners}</bndbox></object>"


def voc(
    path: Path, *things: str, name: str | None = None, size: tuple[int, int] = (40, 30)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"<filename>{f'{path.stem}.png' if name is None else name}</filename>"
    head += f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>1</depth></size>"
    path.write_text(f"<annotation>{head}{''.join(things)}</annotation>", encoding="utf-8")
    return path


def corners(sample: Sample) -> list[tuple[str, tuple[float, ...]]]:
    return [(entry.label, astuple(entry.box)) for entry in sample.boxes or ()]


def by_name(dataset: Dataset) -> dict[str, Sample]:
    return {sample.image.name: sample for sample in dataset.samples}


@pytest.fixture
def classic(tmp_path: Path, picture: Picture) -> Path:
    """Annotations, JPEGImages and ImageSets; d has no annotations, masks lie beside."""
    root = tmp_path / "set"
    for name in (
        "JPEGImages/a.png",
        "JPEGImages/b c.png",
        "JPEGImages/sub/a.png",
        "JPEGImages/d.png",
    ):
        picture(root / name)
    picture(root / "SegmentationClass/a.png")
    voc(root / "Annotations/a.xml", thing((1, 2, 10, 12)), thing((3.5, 4, 40, 30), "metal"))
    voc(root / "Annotations/b c.xml")
    voc(root / "Annotations/sub/a.xml", thing((5, 6, 7, 8)))
    (root / "Annotations/._a.xml").write_bytes(b"\0\5\26\7")  # macOS leaves these
    lists = root / "ImageSets/Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n\nd\n")
    (lists / "val.txt").write_text('"b c"\n')
    (lists / "test.txt").write_text("sub/a\n")
    (lists / "trainval.txt").write_text("a\nb c\n")
    (lists / "fracture_train.txt").write_text("a  1\n")
    return root


def test_the_classic_layout(classic: Path) -> None:
    dataset = load_dataset(classic)
    found = {
        s.image.relative_to(classic / "JPEGImages").as_posix(): (
            s.split,
            s.boxes is None,
            corners(s),
        )
        for s in dataset.samples
    }
    assert found == {
        "a.png": ("train", False, [("fracture", (1, 2, 10, 12)), ("metal", (3.5, 4, 40, 30))]),
        "b c.png": ("val", False, []),
        "sub/a.png": ("test", False, [("fracture", (5, 6, 7, 8))]),
        "d.png": ("train", True, []),
    }
    assert dataset.classes == ("fracture", "metal")
    assert dataset.notes == ("1 image: without an annotation file; unlabelled (d.png)",)
    assert load_dataset(classic / "Annotations").samples == dataset.samples
    labels = {s.image.name: s.fractured for s in load_fractures([classic]).samples}
    assert labels == {"a.png": True, "b c.png": False, "d.png": None}


def test_lists_name_an_image_once_and_only_what_is_there(classic: Path) -> None:
    (classic / "ImageSets/Main/val.txt").write_text("b c\nlost\n")
    notes = load_dataset(classic).notes
    assert "1 image: in a list of ImageSets, but neither image nor annotations (lost)" in notes
    (classic / "ImageSets/Main/val.txt").write_text("b c\na\n")
    with pytest.raises(DataError, match=r"val\.txt, line 2: a is in the list of train as well"):
        load_dataset(classic)


def test_roboflow_has_a_folder_a_split(tmp_path: Path, picture: Picture) -> None:
    for place in ("train/x_jpg.rf.0a1", "valid/x_jpg.rf.9f2", "test/z_jpg.rf.7d"):
        picture(tmp_path / f"{place}.jpg")
        voc(tmp_path / f"{place}.xml", thing((1, 2, 3, 4)), name=f"{Path(place).name}.jpg")
    assert [(s.split, s.group) for s in load_dataset(tmp_path).samples] == [
        ("test", "z_jpg"),
        ("train", "x_jpg"),
        ("val", "x_jpg"),
    ]


def test_same_names_in_several_splits(tmp_path: Path, picture: Picture) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / "images/a.png")
        voc(tmp_path / split / "Annotations/a.xml", thing((1, 2, 3, 4)))
    assert [(s.split, s.image) for s in load_dataset(tmp_path).samples] == [
        ("train", tmp_path / "train/images/a.png"),
        ("val", tmp_path / "val/images/a.png"),
    ]


def test_labelimg_leaves_outdated_and_bare_names(tmp_path: Path, picture: Picture) -> None:
    for name in ("a.png", "b.jpg", "b.png", "old.png"):
        picture(tmp_path / name)
    voc(tmp_path / "a.xml", thing((1, 2, 3, 4)), name="C:\\Users\\me\\gone.png")
    voc(tmp_path / "b.xml", thing((5, 6, 7, 8)), name="x\\b.jpg", size=(0, 0))
    voc(tmp_path / "c.xml", thing((2, 3, 4, 5)), name="old.png")
    samples = by_name(load_dataset(tmp_path))
    assert corners(samples["a.png"]) == [("fracture", (1, 2, 3, 4))]
    assert corners(samples["b.jpg"]) == [("fracture", (5, 6, 7, 8))]
    assert corners(samples["old.png"]) == [("fracture", (2, 3, 4, 5))]
    assert samples["b.png"].boxes is None
    (tmp_path / "b.xml").unlink()
    voc(tmp_path / "b.xml", name="b")
    with pytest.raises(DataError, match=r"b\.xml: 'b' may mean .*b\.jpg or .*b\.png"):
        load_dataset(tmp_path)


def test_two_files_of_one_image_are_refused(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    voc(tmp_path / "a.xml")
    voc(tmp_path / "b.xml", name="a.png")
    with pytest.raises(DataError, match=r"b\.xml: is of .*a\.png, and so is .*a\.xml"):
        load_dataset(tmp_path)


def test_images_may_lie_elsewhere(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "pictures/deep/a.png")
    voc(tmp_path / "xml/a.xml", thing((1, 2, 3, 4)))
    voc(tmp_path / "xml/b.xml")
    with pytest.raises(DataError, match=r"xml: none of its images .*'a\.png'.*give --images"):
        load_dataset(tmp_path / "xml")
    dataset = load_dataset(tmp_path / "xml", options=ImportOptions(images=tmp_path / "pictures"))
    assert [s.image for s in dataset.samples] == [tmp_path / "pictures/deep/a.png"]
    assert dataset.notes == ("1 image: annotated, but without a file; left out (b.xml)",)


def test_only_normal_images_are_a_dataset_too(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    voc(tmp_path / "a.xml")
    dataset = load_dataset(tmp_path)
    assert dataset.classes == ("fracture",)
    assert dataset.samples[0].boxes == ()


def test_difficult_boxes_are_kept_and_noted(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    voc(tmp_path / "a.xml", thing((1, 2, 3, 4), more="<difficult>1</difficult>"))
    dataset = load_dataset(tmp_path)
    assert len(dataset.samples[0].boxes or ()) == 1
    assert dataset.notes == ("1 image: a box is marked difficult; kept (a.png)",)


def test_boxes_follow_the_exif_turn(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png", 40, 30, orientation=6)
    voc(tmp_path / "a.xml", thing((10, 4, 25, 9)))
    (sample,) = load_dataset(tmp_path).samples
    assert corners(sample) == [("fracture", (21, 10, 26, 25))]


def test_parts_of_an_object_are_no_objects(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    part = "<part><name>head</name><bndbox><xmin>9</xmin></bndbox></part>"
    voc(tmp_path / "a.xml", thing((1, 2, 3, 4), more=part))
    assert corners(load_dataset(tmp_path).samples[0]) == [("fracture", (1, 2, 3, 4))]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<annotation><object><bndbox/></object></annotation>", "object 1: has no name"),
        (
            "<annotation><object><name>f</name></object></annotation>",
            "object 1: has no bndbox/xmin; draw a box",
        ),
        (f"<annotation>{thing((1, 2, float('nan'), 4))}</annotation>", "xmax: 'nan' is not a"),
        (f"<annotation>{thing((1, 2, 3, 4))}", "line 1: not XML"),
        ("<annotation><size><width>-4</width></size></annotation>", "size is -4 × 0"),
        ("<annotation><size><width>x</width></size></annotation>", "size: 'x' is not a number"),
        ("<!DOCTYPE a []><annotation></annotation>", "has a document type declaration"),
        ("<other><annotation></annotation></other>", "its root is <other>"),
        ("<annotation>\xff</annotation>", "line 1: not UTF-8"),
    ],
)
def test_malformed_files_are_named(
    tmp_path: Path, picture: Picture, content: str, says: str
) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(content, encoding="latin-1" if "\xff" in content else "utf-8")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "a.xml"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_xml_is_not_recognised(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "annotations.xml").write_text("<annotations><image/></annotations>")  # CVAT's own
    with pytest.raises(DataError, match="no dataset of a known form"):
        load_dataset(tmp_path)
    with pytest.raises(DataError, match=r"annotations\.xml: its root is <annotations>"):
        load_dataset(tmp_path, "voc")
    (tmp_path / "annotations.xml").unlink()
    with pytest.raises(DataError, match="no XML file in it"):
        load_dataset(tmp_path, "voc")


tags = st.sampled_from(["object", "name", "bndbox", "xmin", "size", "width", "difficult", "x"])
xml = st.recursive(
    st.text("0123456789.-e<&x ", max_size=5),
    lambda inner: st.tuples(tags, st.lists(inner, max_size=3)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(inner=st.lists(xml, max_size=3).map("".join))
def test_nothing_malformed_gives_anything_but_a_data_error(
    tmp_path: Path, picture: Picture, inner: str
) -> None:
    if not (tmp_path / "a.png").exists():
        picture(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text(f"<annotation>{thing((1, 2, 3, 4))}{inner}</annotation>")
    try:
        assert load_dataset(tmp_path, "voc").samples
    except DataError as error:
        assert "\n" not in str(error)


@pytest.mark.shared
def test_fracatlas_voc_is_what_its_importer_reads(shared_dir: Path) -> None:
    root = shared_dir / "data/fracatlas"
    dataset = load_dataset(
        root / "Annotations/PASCAL VOC", options=ImportOptions(images=root / "images")
    )
    assert_same_boxes(dataset, load_dataset(root))


@pytest.mark.shared
def test_fracatlas_yolo_is_what_its_importer_reads(shared_dir: Path, tmp_path: Path) -> None:
    root = shared_dir / "data/fracatlas"
    for folder in ("Fractured", "Non_fractured"):
        for kind, target in (
            ("images", root / "images" / folder),
            ("labels", root / "Annotations/YOLO"),
        ):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / folder).symlink_to(target)
    (tmp_path / "data.yaml").write_text(
        "names: [fractured]\ntrain: [images/Fractured, images/Non_fractured]\n"
    )
    assert_same_boxes(load_dataset(tmp_path, "yolo"), load_dataset(root))


def assert_same_boxes(dataset: Dataset, fracatlas: Dataset) -> None:
    theirs = by_name(fracatlas)
    assert len(dataset.samples) == len(theirs) == 3373
    assert sum(len(s.boxes or ()) for s in dataset.samples) == 750
    for name, sample in by_name(dataset).items():
        assert sample.image.samefile(theirs[name].image)
        found, expected = (sorted(box for _, box in corners(s)) for s in (sample, theirs[name]))
        assert len(found) == len(expected), name
        for mine, other in zip(found, expected, strict=True):
            assert mine == pytest.approx(other, abs=ROUNDING), name
