"""Results on standard output, progress and notes on standard error (progress on a terminal only)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def console() -> Console:
    """The console of results; plain text of full width where standard output is not a terminal."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console()
    return Console(width=200, color_system=None, soft_wrap=True)


def note(message: str) -> None:
    """Say something to the user on standard error, unless `--quiet`."""
    if not settings().quiet:
        print(message, file=sys.stderr)


def emit(value: Any, render: Callable[[], RenderableType]) -> None:
    """Print a result: `value` as JSON under `--json`, otherwise what `render` makes of it.

    Args:
        value: what the result is for machines; `to_json()` is called where it has one.
        render: makes the table or text for people; called only when it is shown.
    """
    if settings().json:
        plain = value.to_json() if hasattr(value, "to_json") else value
        print(json.dumps(plain, ensure_ascii=False))
    else:
        console().print(render(), markup=False, highlight=False)


@contextmanager
def progress(description: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """A progress bar on standard error while the block runs; the value is its `advance` function.

    Shown only on a terminal and never under `--quiet`.
    """
    if settings().quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount: bar.advance(task, amount)


@contextmanager
def stages() -> Iterator[Callable[[str, int], Callable[[float], None]]]:
    """Progress bars for work in stages; the value begins one and gives its `advance` function.

    Shown only on a terminal and never under `--quiet`.
    """
    if settings().quiet or not sys.stderr.isatty():
        yield lambda _name, _size: lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:

        def begin(name: str, size: int) -> Callable[[float], None]:
            task = bars.add_task(name, total=size or None)
            return lambda amount: bars.advance(task, amount)

        yield begin
