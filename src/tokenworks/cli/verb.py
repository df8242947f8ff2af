"""What the command line knows about a verb before it imports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: where its function (or group of functions) stands, and its one-line help."""

    target: str  # "module:object"; the object is a function or a typer.Typer
    summary: str
