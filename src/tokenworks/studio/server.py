"""Serving the studio: a socket on the loopback address, and uvicorn behind it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tokenworks.errors import MissingExtraError, OptionError, TokenworksWarning

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

CONNECTIONS = 64  # at once; a browser holds six


def serve(
    given: Sequence[Tokenizer] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 8123,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the studio until it is interrupted.

    Args:
        given: tokenizers with different names, offered besides the embedded ones.
        host: the address to listen on; one that is not of the loopback opens it to other machines.
        port: of it; 0 takes a free one.
        ready: called with the address of the page once it can be opened.

    Raises:
        MissingExtraError: starlette and uvicorn are absent.
        OptionError: the address cannot be listened on.
    """
    try:
        import uvicorn

        from tokenworks.studio.app import create_app
    except ImportError:
        raise MissingExtraError("the studio needs: pip install 'tokenworks[studio]'") from None
    listener = listen(host, port)
    public = not is_loopback(listener)
    if public:
        warnings.warn(
            "the studio has no password, and everyone who reaches this machine can open it",
            TokenworksWarning,
            stacklevel=2,
        )
    app = create_app(given, {host, socket.gethostname()}, public=public)
    settings = uvicorn.Config(
        app,
        ws="none",
        http="h11",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    shown, number = listener.getsockname()[:2]
    shown = f"[{shown}]" if ":" in shown else shown
    server = uvicorn.Server(settings)
    with listener, suppress(KeyboardInterrupt):  # the way that a server ends
        ready(f"http://{shown}:{number}/")
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OptionError: the host is unknown, or the port is taken, forbidden or none.
    """
    if not 0 <= port <= 65535:
        raise OptionError(f"--port is {port}; expected 0 (a free one) to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise OptionError(f"--host {host!r}: {error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OptionError(f"--port {port} is in use; --port 0 takes a free one") from None
        reason = error.strerror or str(error)
        raise OptionError(f"cannot listen on {host} port {port}: {reason}") from None
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """True if only this machine can reach the socket."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback
