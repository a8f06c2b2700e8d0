"""Images found again, and known to be the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from detect.errors import NotWrittenError
from detect.record import Source
from detect.write.originals import Originals


def test_the_file_that_was_read_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.png").write_bytes(b"pixels")
    originals = Originals(lambda name: tmp_path / name)
    source = Source("a/b.png", hashlib.sha256(b"pixels").hexdigest())
    assert originals.path_of(source) == tmp_path / "a" / "b.png"


def test_a_missing_and_a_changed_file_are_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"others")
    source = Source("b.png", hashlib.sha256(b"pixels").hexdigest())
    with pytest.raises(NotWrittenError, match=r"^b\.png: .* has.* differs.*--images"):
        Originals(lambda name: tmp_path / name).path_of(source)
    for find in (lambda _name: None, lambda _name: tmp_path / "gone.png"):
        with pytest.raises(NotWrittenError, match=r"^b\.png: is not where it was read.*--images"):
            Originals(find).path_of(source)
