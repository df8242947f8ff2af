"""A server on this machine that speaks what the Hub's client asks of a model repository's files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

Files = Mapping[str, bytes]


@dataclass
class Hub:
    """Repositories by name, each with its revisions, and what was asked for."""

    repositories: Mapping[str, Mapping[str, Files]]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def commit(self, repository: str, revision: str) -> str:
        return hashlib.sha1(f"{repository}@{revision}".encode()).hexdigest()

    def files(self, repository: str, revision: str) -> tuple[str, Files] | None:
        for name, files in self.repositories[repository].items():
            commit = self.commit(repository, name)
            if revision in (name, commit):
                return commit, files
        return None


@contextmanager
def serving(repositories: Mapping[str, Mapping[str, Files]]) -> Iterator[Hub]:
    """Serve repositories on a free port of the loopback interface."""
    hub = Hub(repositories)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[Hub]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.asked.append(f"{self.command} {path}")
        parts = path.split("/")
        if parts[:2] == ["api", "models"]:
            self._about("/".join(parts[2:4]), parts[4:])
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self._refuse("EntryNotFound", "no such page")

    def _about(self, repository: str, rest: list[str]) -> None:
        found = self._found(repository, rest[1] if len(rest) > 1 else "main")
        if found is None:
            return
        commit, files = found
        if rest[:1] == ["tree"]:
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": _etag(data)}
                for name, data in files.items()
            ]
            self._send(200, json.dumps(entries).encode())
            return
        siblings = [{"rfilename": name} for name in files]
        about = {"id": repository, "modelId": repository, "sha": commit, "siblings": siblings}
        self._send(200, json.dumps(about | {"private": False, "tags": [], "downloads": 0}).encode())

    def _file(self, repository: str, revision: str, name: str) -> None:
        found = self._found(repository, revision)
        if found is None:
            return
        commit, files = found
        if name not in files:
            self._refuse("EntryNotFound", "no such file")
            return
        self._send(200, files[name], **{"ETag": f'"{_etag(files[name])}"', "X-Repo-Commit": commit})

    def _found(self, repository: str, revision: str) -> tuple[str, Files] | None:
        if repository == "org/closed":
            self._refuse("GatedRepo", "Access to this model is restricted.", 403)
        elif repository not in self.hub.repositories:
            self._refuse("RepoNotFound", "Repository not found")
        else:
            found = self.hub.files(repository, revision)
            if found is None:
                self._refuse("RevisionNotFound", f"Invalid rev id: {revision}")
            return found
        return None

    def _refuse(self, code: str, message: str, status: int = 404) -> None:
        body = json.dumps({"error": message}).encode()
        self._send(status, body, **{"X-Error-Code": code, "X-Error-Message": message})

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
