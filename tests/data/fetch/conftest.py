"""A real server on this machine that fails as servers do, and figshare's answers on it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from detect.data.fetch.patience import Patience

ARTICLE = 22363012  # FracAtlas


@dataclass
class Resource:
    """What the server has under one path, and how it misbehaves."""

    content: bytes = b""
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True  # honours Range, and If-Range with it
    breaks: list[int] = field(default_factory=list)  # of each next answer: after how many bytes
    statuses: list[int] = field(default_factory=list)  # of each next answer: instead of the file
    headers: dict[str, str] = field(default_factory=dict)
    redirect: str | None = None
    stall: threading.Event | None = None  # where an answer breaks off, wait for it first


@dataclass
class Request:
    """What the server was asked."""

    path: str
    headers: dict[str, str]


class Server(ThreadingHTTPServer):
    """Resources by path; `asked` is what came in."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.resources: dict[str, Resource] = {}
        self.asked: list[Request] = []

    @property
    def url(self) -> str:
        """Address without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, path: str, content: bytes = b"", **behaviour: Any) -> Resource:
        """Lay a resource under a path."""
        self.resources[path] = Resource(content, **behaviour)
        return self.resources[path]

    def ranges(self, path: str) -> list[str | None]:
        """Return the Range header of each request for `path`."""
        return [r.headers.get("range") for r in self.asked if r.path.partition("?")[0] == path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that turns away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(
            Request(self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        path = self.path.partition("?")[0]
        resource = self.server.resources.get(path)
        if resource is None:
            self.send_error(404)
        elif resource.statuses:
            self._refuse(resource.statuses.pop(0), resource)
        elif resource.redirect is not None:
            self.send_response(302)
            self.send_header("Location", resource.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(resource)

    def _refuse(self, status: int, resource: Resource) -> None:
        self.send_response(status)
        for name, value in resource.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, resource: Resource) -> None:
        content, start = resource.content, 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and resource.ranges:
            same = self.headers.get("If-Range") in (None, resource.etag, resource.modified)
            start = int(asked[1]) if same else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if resource.etag is not None:
            self.send_header("ETag", resource.etag)
        if resource.modified is not None:
            self.send_header("Last-Modified", resource.modified)
        for name, value in resource.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if resource.breaks:
            end = min(end, start + resource.breaks.pop(0))
        self.wfile.write(content[start:end])
        if end < len(content):
            self.wfile.flush()
            if resource.stall is not None:
                resource.stall.wait(60)
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Keep stderr clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An empty server, reached without the environment's proxies."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def swift() -> Patience:
    """Three attempts, with hardly a pause."""
    return Patience(attempts=3, pause=0.01, longest=0.05, timeout=5)


@pytest.fixture
def zipped() -> Callable[[dict[str, bytes]], bytes]:
    """Make a zip of files by name."""

    def make(files: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    return make


Publish = Callable[[dict[str, bytes]], dict[str, Resource]]


@pytest.fixture
def publish(server: Server) -> Publish:
    """Put an article with these files on the server, as figshare's API describes it."""

    def put(files: dict[str, bytes], version: int = 7) -> dict[str, Resource]:
        resources, entries = {}, []
        for number, (name, content) in enumerate(files.items(), start=1):
            resources[name] = Resource(content)
            server.resources[f"/files/{number}"] = resources[name]
            entries.append(
                {
                    "id": number,
                    "name": name,
                    "size": len(content),
                    "is_link_only": False,
                    "download_url": f"{server.url}/files/{number}",
                    "supplied_md5": "",
                    "computed_md5": hashlib.md5(content).hexdigest(),
                    "mimetype": "application/zip",
                }
            )
        details = {
            "id": ARTICLE,
            "title": "The dataset",
            "version": version,
            "license": {"value": 1, "name": "CC BY 4.0", "url": "https://example.org/by"},
            "files": entries[:10],
        }
        place = f"/v2/articles/{ARTICLE}"
        server.resources[place] = Resource(json.dumps(details).encode())
        server.resources[f"{place}/files"] = Resource(json.dumps(entries).encode())
        return resources

    return put
