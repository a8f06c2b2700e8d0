"""A runtime that is not installed is named, with the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from detect.errors import InputError
from detect.model.runtime import open_runtime


@pytest.mark.parametrize(
    ("name", "what"), [("openvino", "."), ("auto", "."), ("onnxruntime", '".[onnxruntime]"')]
)
def test_the_hint_installs_from_the_checkout(
    monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    for module in ("openvino", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    with pytest.raises(InputError) as caught:
        open_runtime(Path("model.onnx"), name)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"--runtime {name}: not installed; "
        f"run: python -m pip install -e {what} -c configs/constraints.txt"
    )
