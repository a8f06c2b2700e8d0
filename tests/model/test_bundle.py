"""A damaged, foreign or too new bundle is refused in one line that names the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.errors import BundleError
from detect.model.bundle import (
    BUNDLE_SCHEMA,
    OPERATING_POINTS,
    file_sha256,
    find_bundle,
    load_bundle,
)
from detect.model.calibration import Calibration
from detect.model.preprocess import PAD_VALUE

WriteBundle = Callable[..., Path]
POINT = {"threshold": 0.5, "rule": "Youden", "sensitivity": 0.9, "specificity": 0.9}


def _refusal(name_or_path: Path | str) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(str(name_or_path))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_sound_bundle_loads_with_all_that_inference_needs(write_bundle: WriteBundle) -> None:
    folder = write_bundle()
    bundle = load_bundle(str(folder))
    assert bundle.graph == folder / "model.onnx"
    assert bundle.calibration == Calibration(-0.5, 0.8, 0.3)
    assert bundle.manifest.classes == ("fracture", "dislocation")
    assert bundle.manifest.operating_points["confirm"].threshold == 0.8
    assert bundle.manifest.input.pad_value == PAD_VALUE
    assert bundle.info.name == "tiny"
    assert bundle.info.version == "1.2.3"
    manifest = (folder / "manifest.yaml").read_bytes()
    assert bundle.info.sha256 == hashlib.sha256(manifest).hexdigest()


@pytest.mark.parametrize("name", ["model.onnx", "CARD.md"])
def test_one_changed_byte_of_any_file_is_found(write_bundle: WriteBundle, name: str) -> None:
    folder = write_bundle()
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    message = _refusal(folder)
    assert str(folder / name) in message
    assert "sha256" in message


@pytest.mark.parametrize("name", ["model.onnx", "CARD.md"])
def test_a_missing_file_is_named(write_bundle: WriteBundle, name: str) -> None:
    folder = write_bundle()
    (folder / name).unlink()
    message = _refusal(folder)
    assert str(folder / name) in message
    assert "missing" in message


def test_a_newer_schema_asks_for_an_update(write_bundle: WriteBundle) -> None:
    """Also where the newer manifest holds keys that this program cannot know."""
    message = _refusal(write_bundle(schema_version=BUNDLE_SCHEMA + 1, something_new=True))
    assert f"schema {BUNDLE_SCHEMA + 1}" in message
    assert "update" in message


@pytest.mark.parametrize("version", [None, "1", [1]])
def test_a_schema_that_is_no_number_is_not_called_newer(
    write_bundle: WriteBundle, version: Any
) -> None:
    message = _refusal(write_bundle(schema_version=version))
    assert "is not a manifest" in message
    assert "newer" not in message


def test_an_unknown_key_is_named(write_bundle: WriteBundle) -> None:
    assert "colour" in _refusal(write_bundle(colour="grey"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"classes": []}, "classes"),
        ({"calibration": {"intercept": 0.0, "image_weight": 1.0}}, "calibration.box_weight"),
        (
            {
                "calibration": {
                    "intercept": float("nan"),
                    "image_weight": 1.0,
                    "box_weight": 0.0,
                }
            },
            "calibration.intercept",
        ),
        ({"operating_points": {}}, "operating_points"),
        ({"operating_points": {"balanced": POINT, "confirm": POINT}}, "operating_points"),
        (
            {"operating_points": dict.fromkeys([*OPERATING_POINTS, "other"], POINT)},
            "operating_points",
        ),
        ({"input": {"size": 128, "pad_value": 0}}, "input.pad_value"),
        ({"default_operating_point": "guess"}, "default_operating_point"),
        ({"input": {"size": 128, "pad_value": 114, "dtype": "float32"}}, "input.dtype"),
        ({"input": {"size": 128, "pad_value": 114, "fit": "stretch"}}, "input.fit"),
    ],
)
def test_values_out_of_range_are_named(
    write_bundle: WriteBundle, changes: dict[str, Any], named: str
) -> None:
    message = _refusal(write_bundle(**changes))
    assert "manifest.yaml" in message
    assert named in message


@pytest.mark.parametrize("name", ["../outside.onnx", "sub/inside.onnx", "..", "", "/etc/passwd"])
def test_files_outside_the_folder_are_never_touched(
    write_bundle: WriteBundle, tmp_path: Path, name: str
) -> None:
    """Each of these exists and has the hash that is asked for, where it is a file at all."""
    folder = write_bundle()
    (tmp_path / "outside.onnx").write_bytes(b"outside")
    (folder / "sub").mkdir()
    (folder / "sub" / "inside.onnx").write_bytes(b"outside")
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))
    manifest["files"][name] = (
        file_sha256(folder / name)
        if (folder / name).is_file()
        else hashlib.sha256(b"outside").hexdigest()
    )
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    _refusal(folder)


def test_a_manifest_without_the_graph_is_refused(write_bundle: WriteBundle) -> None:
    assert "model.onnx" in _refusal(write_bundle(files={}))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"- a\n- list\n",
        b"key: [unclosed\n",
        b"\xff\xfe\x00broken",
        b"when: 2024-13-45\n",  # PyYAML answers with a bare ValueError
        b"deep: " + b"[" * 1500,
        b"!!python/object/apply:os.system ['true']\n",
    ],
)
def test_what_is_no_manifest_is_refused(write_bundle: WriteBundle, text: bytes) -> None:
    folder = write_bundle()
    (folder / "manifest.yaml").write_bytes(text)
    assert "manifest.yaml" in _refusal(folder)


def test_no_such_folder_says_what_was_asked_for(tmp_path: Path) -> None:
    message = _refusal(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in message
    assert "--weights" in message


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        find_bundle(str(tmp_path))


def test_a_path_is_found_before_a_shipped_name(
    write_bundle: WriteBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_bundle()
    monkeypatch.chdir(folder.parent)
    assert find_bundle("bundle") == Path("bundle")


def test_the_hash_of_a_file_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_sha256(tmp_path / "f") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
