"""Options that several verbs have for the text they read, declared once so that they read alike."""

from __future__ import annotations

from typing import Annotated

import typer

Field = Annotated[str, typer.Option(help="Where records hold their text.")]
Threads = Annotated[int, typer.Option(help="At work; 0 takes one per core.", min=0)]
LABELS = "`folder`, `file`, `named`, `column:NAME`, or `name:PATTERN` with {label} in it"
