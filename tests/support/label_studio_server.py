"""The real Label Studio, started on a free port of this machine.

Its package must not be installed beside ours (it needs opencv-python-headless), so that it has
an environment of its own, whose python FRACTURE_LOCATOR_LABEL_STUDIO names; `.ci/run` makes one:

    python -m venv label-studio && label-studio/bin/pip install label-studio
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

Json = dict[str, Any]

VARIABLE = "FRACTURE_LOCATOR_LABEL_STUDIO"
TOKEN = uuid.uuid4().hex + uuid.uuid4().hex[:8]
QUIET = {
    "COLLECT_ANALYTICS": "0",
    "LATEST_VERSION_CHECK": "0",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}


class Server:
    """Label Studio's API."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._open = build_opener(ProxyHandler({})).open  # loopback: never through a proxy

    def call(self, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": kind}
        with self._open(Request(f"{self.address}{path}", body, headers), timeout=120) as answer:
            content: bytes = answer.read()
        return content

    def get(self, path: str) -> Any:
        return json.loads(self.call(path))

    def post(self, path: str, content: Json) -> Any:
        return json.loads(self.call(path, json.dumps(content).encode()))

    def import_file(self, project: int, file: Path, kind: str) -> Any:
        """Upload a file as the page does: an image becomes a task, a JSON all tasks in it."""
        border = uuid.uuid4().hex
        head = f'Content-Disposition: form-data; name="file"; filename="{file.name}"'
        body = f"--{border}\r\n{head}\r\nContent-Type: {kind}\r\n\r\n".encode()
        body += file.read_bytes() + f"\r\n--{border}--\r\n".encode()
        path = f"/api/projects/{project}/import"
        return json.loads(self.call(path, body, f"multipart/form-data; boundary={border}"))


def python_of_label_studio() -> Path:
    """Return the python of its environment, or skip the test."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"set {VARIABLE} to the python of an environment with label-studio in it")
    return Path(named)


@contextmanager
def running(python: Path, home: Path, more: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a fresh Label Studio, which phones nobody, and end it with the block.

    Args:
        python: of its environment.
        home: empty folder for its data.
        more: environment variables.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--data-dir", str(home), "--internal-host", "127.0.0.1"]
    options += ["--port", str(port), "--username", "reader@example.org", "--password", TOKEN]
    options += ["--user-token", TOKEN, "--enable-legacy-api-token", "--log-level", "WARNING"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUTF8": "1"} | QUIET
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "label_studio.server", "start", *options],
            env=environment | dict(more or {}),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + 600
        while not _answers(server):
            said = (home / "log.txt").read_text(errors="replace")[-2000:]
            assert process.poll() is None, f"Label Studio ended: {said}"
            assert time.monotonic() < deadline, f"Label Studio does not answer: {said}"
            time.sleep(0.5)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _answers(server: Server) -> bool:
    try:
        server.call("/health")
    except (URLError, ConnectionError):
        return False
    return True
