"""`tokenworks lm train CORPUS... --tokenizer T --size NAME -o DIR`: a small language model from text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.lm_hypernetwork import train_hypernetwork
from tokenworks.cli.model_options import Bf16, Device, MatrixRate, OtherRate, RunFolder
from tokenworks.cli.output import emit, note, progress
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.lm.run_log import Moment
    from tokenworks.workflows.lm_train import TrainedModel

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def lm() -> None:
    """Train small language models, and hypernetworks for models."""


app.command("train-hypernetwork")(train_hypernetwork)


@app.command("train")
def train(
    corpus: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    tokenizer: Annotated[str, typer.Option(help="A path, an embedded name, or hf://org/name.")],
    size: Annotated[
        str, typer.Option(help="llama-6m, gpt-neox-3m, ..., or layers x width: llama-8x320.")
    ],
    output: RunFolder,
    steps: Annotated[
        int | None, typer.Option(help="In all; one pass over the text if left out.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Sequences of one step.")] = 16,
    length: Annotated[int, typer.Option(help="Tokens of one sequence, and the context.")] = 256,
    matrix_rate: MatrixRate = 0.02,
    other_rate: OtherRate = 0.003,
    warmup: Annotated[int, typer.Option(help="Steps over which the rates rise.")] = 50,
    cooldown: Annotated[float, typer.Option(help="Share of the steps in which they fall.")] = 0.2,
    bf16: Bf16 = None,
    device: Device = None,
    field: Field = "text",
) -> None:
    """Train a model; the same command goes on where it was interrupted.

    More --steps extend a run and fewer cool it down, as long as its cooldown has not begun.

    For several processes: torchrun --nproc-per-node N -m tokenworks lm train ...
    """
    from tokenworks.workflows.lm_train import lm_train

    with progress("encoding the corpus") as on_bytes:
        trained = lm_train(
            corpus,
            output,
            tokenizer=tokenizer,
            size_name=size,
            steps=steps,
            batch=batch,
            length=length,
            matrix_rate=matrix_rate,
            other_rate=other_rate,
            warmup=warmup,
            cooldown=cooldown,
            seed=settings().seed,
            bf16=bf16,
            device=device,
            field=field,
            offline=settings().offline,
            on_bytes=on_bytes,
            on_moment=lambda moment: note(_line(moment)),
        )
    if trained.problems:
        note(trained.problems.summary())
    emit(trained, lambda: _table(trained))


def _line(moment: Moment) -> str:
    speed = moment.tokens_per_second
    left = (moment.steps - moment.step) * moment.tokens / moment.step / max(speed, 1e-9)
    return (
        f"step {moment.step:,}/{moment.steps:,}  loss {moment.loss:.3f}  "
        f"{moment.bits_per_byte:.3f} bits/byte  {speed:,.0f} tokens/s  "
        f"{left / 60:,.0f} min left"
    )


def _table(trained: TrainedModel) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("model", f"{trained.size}, {trained.parameters:,} parameters")
    table.add_row("trained on", f"{trained.tokens:,} tokens in {trained.recipe.steps:,} steps")
    bits = f"{trained.bits_per_byte:.3f} bits/byte"
    if not trained.exact:
        bits = f">= {bits} (the tokens do not give back the whole text: a lower bound)"
    table.add_row("training loss", f"{trained.loss:.3f} nats/token, {bits}")
    table.add_row("time", f"{trained.seconds:,.0f} s")
    table.add_row("written to", str(trained.path))
    return table
