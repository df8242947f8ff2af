"""`tokenworks studio`: a page in the browser that shows tokens as one types."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated

import typer

from tokenworks.cli.output import note
from tokenworks.cli.settings import settings


def studio(
    tokenizers: Annotated[
        list[str] | None,
        typer.Argument(
            help="Paths, embedded names, or hf://org/name to begin with; the page offers all embedded "
            "ones anyway, and takes files dropped on it."
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.")] = 8123,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on; others than the loopback's open it to all."),
    ] = "127.0.0.1",
) -> None:
    """Serve a page on this machine that cuts a text as one types: tokens, bytes, ids, merges, costs.

    Nothing is fetched from elsewhere and nothing leaves the machine. Ctrl-C ends it.
    """
    from tokenworks.studio.in_time import at_work
    from tokenworks.studio.server import serve
    from tokenworks.workflows.compare.run import load_all

    given = load_all(tokenizers, offline=settings().offline) if tokenizers else []

    def ready(address: str) -> None:
        print(json.dumps({"url": address}) if settings().json else address)
        sys.stdout.flush()
        note("Open this address in a browser; Ctrl-C ends the studio.")

    serve(given, host=host, port=port, ready=ready)
    if at_work():
        # The interpreter must not be taken down under threads that are still in native code.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
