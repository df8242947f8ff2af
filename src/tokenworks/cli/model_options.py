"""Options that several verbs have for the models they run or train, declared once as those for text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...")]
Dtype = Annotated[str | None, typer.Option(help="float32 (if left out), bfloat16 or float16.")]
Bf16 = Annotated[
    bool | None, typer.Option(help="Compute in bfloat16; where it is fast if left out.")
]
RunFolder = Annotated[
    Path, typer.Option("--output", "-o", help="The folder to write; NAME.training beside it.")
]
MatrixRate = Annotated[float, typer.Option(help="Of Muon, for the inner matrices.")]
OtherRate = Annotated[float, typer.Option(help="Of AdamW, for all else.")]
