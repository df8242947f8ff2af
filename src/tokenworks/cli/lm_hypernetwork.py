"""`tokenworks lm train-hypernetwork MODEL CORPUS... -o DIR`: rows of any vocabulary for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.model_options import Bf16, Device, MatrixRate, OtherRate, RunFolder
from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from tokenworks.workflows.train_hypernetwork import HypernetworkMoment, TrainedHypernetwork


def train_hypernetwork(
    model: Annotated[str, typer.Argument(help="A model folder (safetensors), or hf://org/name.")],
    corpus: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    output: RunFolder,
    steps: Annotated[int, typer.Option(help="In all.")] = 2000,
    warmup: Annotated[
        int | None,
        typer.Option(help="The first of them, which learn the model's own rows; 100 if left out."),
    ] = None,
    batch: Annotated[int, typer.Option(help="Passages of one step.")] = 16,
    length: Annotated[int, typer.Option(help="Tokens of a passage.")] = 128,
    vocab_size: Annotated[
        int | None, typer.Option(help="Of the vocabularies drawn; the model's if left out.")
    ] = None,
    superwords: Annotated[
        float, typer.Option(help="Share of the vocabularies whose tokens may span words.")
    ] = 0.3,
    hidden: Annotated[
        int | None, typer.Option(help="Width of the network; the model's if left out.")
    ] = None,
    layers: Annotated[int, typer.Option(help="Of the network.")] = 1,
    matrix_rate: MatrixRate = 0.02,
    other_rate: OtherRate = 0.003,
    bf16: Bf16 = None,
    device: Device = None,
    field: Field = "text",
) -> None:
    """Train a network that makes the rows of any vocabulary for a model (ZeTT).

    Then: tokenworks transplant MODEL TOKENIZER --method zett --hypernetwork DIR -o OUT. The model stays as
    it is. The same command goes on where it was interrupted.
    """
    from tokenworks.workflows.train_hypernetwork import train_hypernetwork as run

    trained = run(
        model,
        list(corpus),
        output,
        steps=steps,
        warmup=warmup,
        batch=batch,
        length=length,
        vocab_size=vocab_size,
        superwords=superwords,
        hidden=hidden,
        layers=layers,
        matrix_rate=matrix_rate,
        other_rate=other_rate,
        seed=settings().seed,
        bf16=bf16,
        device=device,
        field=field,
        offline=settings().offline,
        on_moment=lambda moment: note(_line(moment)),
    )
    emit(trained, lambda: _told(trained))


def _line(moment: HypernetworkMoment) -> str:
    left = (moment.steps - moment.step) * moment.seconds
    return (
        f"step {moment.step:,}/{moment.steps:,} ({moment.phase})  loss {moment.loss:.3f}  "
        f"{moment.seconds:.2f} s/step  {left / 60:,.0f} min left"
    )


def _told(trained: TrainedHypernetwork) -> str:
    return (
        f"a hypernetwork for {trained.model}: {trained.parameters:,} parameters, "
        f"{trained.recipe.steps:,} steps, loss {trained.loss:.3f}, {trained.seconds:,.0f} s\n"
        f"  {trained.path}"
    )
