"""`data import` through its function: sources in, a folder in canonical form out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from detect.data.importing import ImportRequest, import_datasets
from detect.data.load import load_dataset
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError, OutputError


@pytest.fixture
def folders(tmp_path: Path, picture) -> Path:
    root = tmp_path / "Data"
    for seed, (split, label, name) in enumerate(
        [
            ("train", "fractured", "patient7_a.png"),
            ("train", "fractured", "patient7_b.png"),
            ("train", "not fractured", "patient8_a.png"),
            ("val", "fractured", "patient9_a.png"),
            ("val", "not fractured", "patient8_a.png"),
        ]
    ):
        picture(root / split / label / name, seed=seed)
    return root


@pytest.fixture
def yolo(tmp_path: Path, picture) -> Path:
    root = tmp_path / "yolo"
    picture(root / "images" / "patient7_a.png", 40, 20, seed=9)
    (root / "labels").mkdir()
    (root / "labels" / "patient7_a.txt").write_text("0 0.5 0.5 0.5 0.5\n1 0.25 0.5 0.5 1\n")
    (root / "data.yaml").write_text("train: images\nnames: [fracture, metal]\n")
    return root


def test_what_is_written_is_what_is_read_back(folders: Path, tmp_path: Path) -> None:
    out = tmp_path / "datasets" / "clinic"
    dataset = import_datasets(ImportRequest((folders,), out))
    again = load_dataset(out)
    assert again.samples == dataset.samples == load_dataset(folders).samples
    assert again.name == "clinic"
    assert sorted(path.name for path in out.iterdir()) == ["dataset.yaml", "table.csv"]


def test_copies_keep_their_bytes_and_their_place_and_can_move(
    folders: Path, tmp_path: Path
) -> None:
    import_datasets(ImportRequest((folders,), tmp_path / "out", copy=True))
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    again = load_dataset(moved)
    for copy, original in zip(again.samples, load_dataset(folders).samples, strict=True):
        relative = original.image.relative_to(folders)
        assert copy.image == moved / "images" / relative
        assert _sha256(copy.image) == _sha256(original.image)


def test_several_sources_become_one_and_say_where_each_image_comes_from(
    folders: Path, yolo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "both"
    import_datasets(ImportRequest((folders, yolo), out, copy=True, name="two"))
    both = load_dataset(out)
    assert both.name == "two"
    assert both.classes == ("fracture", "metal")
    assert [s.attributes["dataset"] for s in both.samples] == ["Data"] * 5 + ["yolo"]
    assert len({sample.image for sample in both.samples}) == 6
    assert all(sample.image.is_relative_to(out) for sample in both.samples)


def test_names_that_meet_are_numbered(yolo: Path, tmp_path: Path, picture) -> None:
    elsewhere = picture(tmp_path / "a" / "x.png", seed=1), picture(tmp_path / "b" / "x.png", seed=2)
    (yolo / "list.txt").write_text("\n".join(map(str, elsewhere)))
    (yolo / "data.yaml").write_text("train: [images, list.txt]\nnames: [fracture, metal]\n")
    dataset = import_datasets(ImportRequest((yolo,), tmp_path / "out", copy=True))
    names = [s.image.relative_to(tmp_path / "out").as_posix() for s in dataset.samples]
    assert names == ["images/images/patient7_a.png", "images/x.png", "images/x-2.png"]
    assert _sha256(dataset.samples[2].image) == _sha256(elsewhere[1])


def test_the_table_of_a_recipe_leaves_fractures_alone(yolo: Path, tmp_path: Path) -> None:
    classes = {"fracture": None, "metal": "fracture"}
    dataset = import_datasets(ImportRequest((yolo,), tmp_path / "out", classes=classes))
    assert dataset.classes == ("fracture",)
    (sample,) = dataset.samples
    assert [(entry.label, entry.box.x2) for entry in sample.boxes or ()] == [("fracture", 20.0)]


def test_patients_are_told_from_the_names(folders: Path, tmp_path: Path) -> None:
    dataset = import_datasets(
        ImportRequest((folders,), tmp_path / "out", group_pattern=r"(patient\d+)_")
    )
    for sample in dataset.samples:
        assert sample.group == sample.image.name.partition("_")[0]
    assert any("groups are read" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("(", "correct it"),
        ("patient", "has 0 groups"),
        ("(a)(b)", "2 groups"),
        ("(zzz)", "no path"),
    ],
)
def test_a_pattern_that_tells_nothing_is_refused(
    folders: Path, tmp_path: Path, pattern: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        import_datasets(ImportRequest((folders,), tmp_path / "out", group_pattern=pattern))
    assert str(caught.value).startswith("--group-pattern")
    assert not (tmp_path / "out").exists()


def test_an_attribute_of_one_source_labels_its_images_alone(folders: Path, tmp_path: Path) -> None:
    import_datasets(ImportRequest((folders,), tmp_path / "a"))
    table = tmp_path / "a" / "table.csv"
    rows = table.read_text().replace(",no,[]", ",unknown,").replace(",yes,", ",unknown,")
    head, *lines = rows.splitlines()
    lines = [line + (",yes" if "patient7" in line else ",no") for line in lines]
    table.write_text("\n".join([f"{head},abnormal", *lines]))
    request = ImportRequest(
        (folders, tmp_path / "a"), tmp_path / "out", fractured_if="abnormal=yes", copy=True
    )
    dataset = import_datasets(request)
    assert [s.fractured for s in dataset.samples[:5]] == [True, True, False, True, False]
    assert [s.fractured for s in dataset.samples[5:]] == [True, True, False, False, False]

    with pytest.raises(InputError, match=r"--fractured-if odd=1: no image of .* attribute odd"):
        import_datasets(ImportRequest((folders,), tmp_path / "no", fractured_if="odd=1", copy=True))
    assert not (tmp_path / "no").exists()  # before a byte is copied


def test_a_dataset_is_not_overwritten_unless_told(
    folders: Path, yolo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    import_datasets(ImportRequest((folders,), out))
    with pytest.raises(InputError, match="--overwrite"):
        import_datasets(ImportRequest((yolo,), out))
    assert len(load_dataset(out).samples) == 5
    import_datasets(ImportRequest((yolo,), out, overwrite=True))
    assert len(load_dataset(out).samples) == 1


def test_sources_with_the_same_images_are_refused_unless_copied(
    folders: Path, tmp_path: Path
) -> None:
    again = (folders, folders)
    with pytest.raises(DataError, match=r"patient7_a\.png: is in it twice"):
        import_datasets(ImportRequest(again, tmp_path / "out"))
    assert not (tmp_path / "out" / "dataset.yaml").exists()
    dataset = import_datasets(ImportRequest(again, tmp_path / "copied", copy=True))
    assert load_dataset(tmp_path / "copied").samples == dataset.samples
    assert len(dataset.samples) == 10


def test_a_table_of_the_user_is_not_overwritten(folders: Path, tmp_path: Path) -> None:
    table = tmp_path / "out" / "table.csv"
    table.parent.mkdir()
    table.write_text("mine\n")
    with pytest.raises(InputError, match=r"holds table\.csv already; .*--overwrite"):
        import_datasets(ImportRequest((folders,), table.parent))
    assert table.read_text() == "mine\n"


@pytest.mark.parametrize("copy", [False, True])
def test_links_that_lead_nowhere_are_left_out_and_noted(
    folders: Path, tmp_path: Path, copy: bool
) -> None:
    normal = folders / "val" / "not fractured"
    (normal / "gone.png").symlink_to("nowhere.png")
    (normal / "self.png").symlink_to("self.png")
    dataset = import_datasets(ImportRequest((folders,), tmp_path / "out", copy=copy))
    assert load_dataset(tmp_path / "out").samples == dataset.samples
    assert len(dataset.samples) == 5
    note = "2 images: a link that leads to no file; left out (gone.png, self.png)"
    assert note in dataset.notes


def test_a_source_or_folder_that_leads_to_itself_is_one_line(folders: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(DataError, match="loop"):
        import_datasets(ImportRequest((loop,), tmp_path / "out"))
    with pytest.raises(OutputError, match="loop"):
        import_datasets(ImportRequest((folders,), loop))


def test_copies_are_not_put_among_what_is_copied(folders: Path) -> None:
    with pytest.raises(InputError, match="lies in"):
        import_datasets(ImportRequest((folders,), folders / "out", copy=True))


def test_an_option_without_meaning_for_the_form_is_refused(folders: Path, tmp_path: Path) -> None:
    options = ImportOptions(columns={"image": "file"})
    with pytest.raises(InputError, match=r"--column: .*Data \(folders\) has no use for it"):
        import_datasets(ImportRequest((folders,), tmp_path / "out", options=options))


def test_several_forms_in_one_folder_are_named(folders: Path, tmp_path: Path) -> None:
    (folders / "data.yaml").write_text("train: train\nnames: [fracture]\n")
    with pytest.raises(DataError, match=r"several forms at once: yolo .*; folders .*--form"):
        import_datasets(ImportRequest((folders,), tmp_path / "out"))
    assert len(import_datasets(ImportRequest((folders,), tmp_path / "out", "folders")).samples) == 5


def test_an_unknown_form_lists_the_known_ones(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--form voodoo: no such form; choose from auto, canonical"):
        import_datasets(ImportRequest((folders,), tmp_path / "out", "voodoo"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
