"""A FHIR server and a DICOMweb server on this machine that fail as servers do."""

from __future__ import annotations

import email
import io
import json
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydicom import dcmread

__all__ = ["Asked", "Web"]


@dataclass
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Web(ThreadingHTTPServer):
    """Stores Bundles that are posted to /fhir, and objects that are posted to /dicom/studies.

    Attributes:
        script: of the next posts: a status; or a pair of it and headers or a JSON body; "cut"
            (store, then close without an answer), "drop" (close at once), "stall" (until
            `released`), "page" (200 and HTML), "silent" (200 and nothing).
        asked: what came in.
        resources: by "Type/id"; writes: how often each was written.
        objects: bytes by SOP Instance UID.
    """

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http" if tls is None else "https"
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.script: list[Any] = []
        self.asked: list[Asked] = []
        self.resources: dict[str, Any] = {}
        self.writes: dict[str, int] = {}
        self.objects: dict[str, bytes] = {}
        self.released = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        """Address without a slash at its end."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Stop, and let go of whoever waits."""
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that turns away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Web

    def do_POST(self) -> None:
        asked = self._asked()
        step = self.server.script.pop(0) if self.server.script else None
        if step == "drop":
            self.close_connection = True
            return
        if step == "stall":
            self.server.released.wait(30)
        if step == "page":
            self._answer(200, b"<html>Welcome, please log in</html>", "text/html")
        elif step == "silent":
            self._answer(200, b"", "text/plain")
        elif isinstance(step, int):
            self._answer(step)
        elif isinstance(step, tuple):
            status, more = step
            if "resourceType" in more or "00081198" in more:
                self._answer(status, json.dumps(more).encode(), "application/json")
            else:
                self._answer(status, headers=more)
        else:
            answer, kind = self._stored(asked)
            if step == "cut":
                self.close_connection = True
                return
            self._answer(200, answer, kind)

    def do_GET(self) -> None:
        asked = self._asked()
        uid = asked.path.partition("SOPInstanceUID=")[2].partition("&")[0]
        found = [{"00080018": {"vr": "UI", "Value": [uid]}}] if uid in self.server.objects else []
        self._answer(200, json.dumps(found).encode(), "application/dicom+json")

    def _asked(self) -> Asked:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        return self.server.asked[-1]

    def _stored(self, asked: Asked) -> tuple[bytes, str]:
        if asked.path == "/fhir":
            entries = []
            for entry in json.loads(asked.body)["entry"]:
                url = entry["request"]["url"]
                status = "200 OK" if url in self.server.resources else "201 Created"
                self.server.resources[url] = entry["resource"]
                self.server.writes[url] = self.server.writes.get(url, 0) + 1
                entries.append({"response": {"status": status}})
            answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
            return json.dumps(answer).encode(), "application/fhir+json"
        head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
        stored = []
        for part in email.message_from_bytes(head + asked.body).get_payload():
            content = part.get_payload(decode=True)
            uid = str(dcmread(io.BytesIO(content), stop_before_pixels=True).SOPInstanceUID)
            self.server.objects[uid] = content
            stored.append({"00081155": {"vr": "UI", "Value": [uid]}})
        answer = {"00081199": {"vr": "SQ", "Value": stored}}
        return json.dumps(answer).encode(), "application/dicom+json; charset=utf-8"

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        kind: str = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Keep stderr clean."""
