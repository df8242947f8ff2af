"""Who may ask: the page itself and the local user, not another site in the same browser.

A server on the loopback address can be reached by every page that the browser has open. A foreign
name that resolves to 127.0.0.1 (DNS rebinding) is told by the Host header, a foreign page by
Origin and Sec-Fetch-Site.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The report carries its script and styles inside, and is shown in a frame of the page.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-cache"),
)


class Guard:
    """ASGI middleware that refuses foreign requests and puts the headers of every answer."""

    def __init__(self, app: Any, hosts: Iterable[str] = (), *, public: bool = False) -> None:
        """
        Args:
            app: what it guards.
            hosts: names that may stand in Host, besides those of the loopback address.
            public: the server listens to other machines: any numeric address may stand there.
        """
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)
        self._public = public

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return  # no websockets; closing is the server's
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        reason = self._refusal(scope, headers)
        if reason is not None:
            await _refuse(send, reason)
            return
        policy = REPORT_POLICY if scope["path"].startswith("/report/") else PAGE_POLICY

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [*HEADERS, (b"content-security-policy", policy.encode())]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Any, headers: dict[bytes, list[bytes]]) -> str | None:
        hosts = headers.get(b"host", [])
        host = hosts[0].decode("latin-1").lower() if len(hosts) == 1 else ""
        if not self._known(host):
            return "the Host header names another server; open the studio under the address it told"
        origins = headers.get(b"origin", [])
        if origins and [one.decode("latin-1").lower() for one in origins] != [f"http://{host}"]:
            return "this request comes from another site"
        site = headers.get(b"sec-fetch-site", [b"none"])
        opening = scope["method"] == "GET" and scope["path"] == "/"  # by a link from anywhere
        if not opening and site not in ([b"none"], [b"same-origin"]):
            return "this request comes from another site"
        return None

    def _known(self, host: str) -> bool:
        name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
        if name == "localhost" or name in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._public or address.is_loopback


async def _refuse(send: Any, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), *HEADERS]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
