"""A studio as its users start it: the verb in a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOTE = "Open this address in a browser; Ctrl-C ends the studio.\n"


class Client:
    """Plain requests to a running studio."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rstrip("/").rpartition(":")[2])
        self.host = f"127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer; `_` in the names of headers stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, given)
        reply = connection.getresponse()
        found = reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        connection.close()
        return found

    def post(self, path: str, value: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of the answer to a JSON body."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        given = {"content_type": "application/json"} | headers
        status, _, body = self.send("POST", path, data, **given)
        return status, json.loads(body)

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        status, _, body = self.send("GET", path)
        return status, json.loads(body)

    def cut(self, text: str, *names: str, **more: Any) -> list[dict[str, Any]]:
        """The results of one text."""
        status, value = self.post("/api/cut", {"text": text, "tokenizers": names} | more)
        assert status == 200, value
        found: list[dict[str, Any]] = value["results"]
        return found

    def drop(self, name: str, data: bytes) -> tuple[int, Any]:
        """Status and JSON of the answer to a dropped file."""
        from urllib.parse import quote

        path = f"/api/tokenizers?name={quote(name)}"
        kind = {"content_type": "application/octet-stream"}
        status, _, body = self.send("POST", path, data, **kind)
        return status, json.loads(body)


@contextmanager
def started(*arguments: str, warns: str = "") -> Iterator[Client]:
    """A running studio, which must end well when it is interrupted, and says no more than told."""
    command = [sys.executable, "-m", "tokenworks", "studio", "--port", "0", "--json", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        try:
            yield Client(json.loads(line)["url"])
        finally:
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)
                raise AssertionError(process.stderr.read()) from None
        assert code == 0
        said = process.stderr.read().replace(NOTE, "")
        assert warns in said if warns else said == ""
