"""Progress of work in several phases, each with its own length."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tokenworks.cli.settings import settings


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error per phase; gives a function of the phase, what is done and of how much.

    Shown only on a terminal and never under `--quiet`.
    """
    if settings().quiet or not sys.stderr.isatty():
        yield lambda what, done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=of)
            shown.update(tasks[what], completed=done, total=of)

        yield told
