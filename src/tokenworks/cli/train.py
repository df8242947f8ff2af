"""`tokenworks train CORPUS... --algorithm NAME --vocab-size N -o DIR`: learn a vocabulary from text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tokenworks.cli.corpus_options import LABELS, Field, Threads
from tokenworks.cli.inputs import one_of
from tokenworks.cli.loading import load
from tokenworks.cli.output import emit, note, stages
from tokenworks.cli.settings import settings
from tokenworks.errors import OptionError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.train import Trained

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def train(
    corpus: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs, or counts kept by --save-counts (.arrow)."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    vocab_size: Annotated[int, typer.Option(help="Tokens in all, before padding.")],
    algorithm: Annotated[
        str,
        typer.Option(help="A training method: see `tokenworks methods list --family training`."),
    ] = "bpe",
    pattern: Annotated[
        str | None, typer.Option(help="How text is split: cl100k, o200k, gpt2, ... or a regex.")
    ] = None,
    digits: Annotated[
        str | None,
        typer.Option(
            help="How numbers are split: `none`, `1`, `3` or `3-right` (as commas would)."
        ),
    ] = None,
    normalizer: Annotated[
        list[str] | None,
        typer.Option(help="nfc, nfkc, lowercase, ..., or a step of tokenizer.json; in this order."),
    ] = None,
    special: Annotated[
        list[str] | None, typer.Option(help="A special token; may be given again. First ids.")
    ] = None,
    bos: Annotated[str | None, typer.Option(help="The special token that begins a text.")] = None,
    eos: Annotated[str | None, typer.Option(help="The special token that ends a text.")] = None,
    pad: Annotated[
        str | None, typer.Option(help="The special token that fills up a batch.")
    ] = None,
    reserved: Annotated[int | None, typer.Option(help="Special tokens without a use yet.")] = None,
    pad_to_multiple: Annotated[
        int | None, typer.Option(help="Fill up with reserved tokens to a multiple.")
    ] = None,
    min_frequency: Annotated[int | None, typer.Option(help="Rarer pairs are not merged.")] = None,
    max_token_length: Annotated[
        int | None, typer.Option(help="Merged tokens stay under so many bytes.")
    ] = None,
    transition: Annotated[
        str | None, typer.Option(help="superbpe: where words end: a share, a size, or `auto`.")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="superbpe: `runs` or `chunks`.")] = None,
    max_words: Annotated[int | None, typer.Option(help="superbpe: words in a token.")] = None,
    veto_colon_space: Annotated[
        bool | None, typer.Option(help='superbpe: no token holds ": ".')
    ] = None,
    alphabet: Annotated[
        str | None, typer.Option(help="bpe: `bytes`, or `characters` with bytes for the others.")
    ] = None,
    limit_alphabet: Annotated[
        int | None, typer.Option(help="bpe: so many characters, the most frequent ones.")
    ] = None,
    initial_alphabet: Annotated[
        str | None, typer.Option(help="bpe: characters that are in the alphabet in any case.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="A tokenizer whose ids and merges stay; new merges rank behind them."),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="For the whole process, such as 2GB; the rest goes to disk.")
    ] = None,
    scratch: Annotated[Path | None, typer.Option(help="The folder for what goes to disk.")] = None,
    threads: Threads = 0,
    engine: Annotated[
        str, typer.Option(help="What counts: `threads` here, `processes`, or `ray` on a cluster.")
    ] = "threads",
    min_count: Annotated[int, typer.Option(help="Leave out pretokens seen less often.")] = 1,
    held_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS...", help="Texts to measure on, and to compare ways of encoding on."
        ),
    ] = None,
    field: Field = "text",
    strict: Annotated[bool, typer.Option(help="Refuse a corpus with broken lines.")] = False,
    mix: Annotated[
        list[str] | None,
        typer.Option(help="LABEL=WEIGHT: how much of the text has this label; once for each."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Of the mixture: weights (or sizes) are raised to 1/temperature."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help=f"Where labels come from: {LABELS}; folders or files.")
    ] = None,
    save_counts: Annotated[
        Path | None, typer.Option(help="Also keep the counts of pretokens, as an Arrow file.")
    ] = None,
) -> None:
    """Train a tokenizer on a corpus and write a folder that transformers opens."""
    from tokenworks.engine import Engine
    from tokenworks.text import Mix
    from tokenworks.workflows.train import train as run

    given = {
        "pattern": pattern,
        "digits": digits,
        "alphabet": alphabet,
        "limit_alphabet": limit_alphabet,
        "initial_alphabet": None if initial_alphabet is None else tuple(initial_alphabet),
        "base": None if base is None else load(base),
        "normalizer": tuple(normalizer) if normalizer else None,
        "special": tuple(special) if special else None,
        "reserved": reserved,
        "pad_to_multiple": pad_to_multiple,
        "min_frequency": min_frequency,
        "max_token_length": max_token_length,
        "transition": transition,
        "variant": variant,
        "max_words": max_words,
        "veto_colon_space": veto_colon_space,
    }
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _refuse_taken(output)
    counting = one_of("--engine", engine, get_args(Engine))
    mixture = None
    if mix or temperature is not None:
        mixture = Mix.parse(
            mix or (),
            temperature=1.0 if temperature is None else temperature,
            seed=settings().seed,
        )
    work = (scratch or output.parent) / f"{output.name}.unfinished"
    if work.exists():
        note(f"going on from what an interrupted run left in {work}")
    try:
        with stages() as begin:
            trained = run(
                corpus,
                vocab_size=vocab_size,
                algorithm=algorithm,
                threads=threads,
                engine=counting,  # type: ignore[arg-type]
                memory=None if memory is None else _bytes(memory),
                scratch=scratch,
                work=work,
                min_count=min_count,
                held_out=held_out,
                field=field,
                strict=strict,
                labels=labels,
                mix=mixture,
                bos=bos,
                eos=eos,
                pad=pad,
                offline=settings().offline,
                save_counts=save_counts,
                stages=begin,
                on_forecast=lambda foreseen: note(str(foreseen)),
                **options,
            )
    finally:
        if work.exists():
            note(f"what was counted is kept in {work}; the same command goes on from there")
    trained.save(output, seed=settings().seed)
    if trained.problems:
        note(trained.problems.summary())
    emit(trained, lambda: _table(trained, output))


def _refuse_taken(output: Path) -> None:
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise OptionError(f"{output} exists already; name a new folder with -o")


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise OptionError(f"--memory {text!r} is no size; write it like 2GB or 800MB")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def _table(trained: Trained, output: Path) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("algorithm", trained.algorithm)
    table.add_row("tokens", f"{trained.tokenizer.n_tokens:,}")
    counts = trained.counts
    if counts is not None:
        table.add_row("text", f"{counts.bytes:,} bytes, {counts.pretokens:,} pretokens")
        left_out = f", {counts.dropped:,} rare ones left out" if counts.dropped else ""
        table.add_row("distinct pretokens", f"{counts.distinct:,}{left_out}")
        if counts.spilled_bytes:
            table.add_row("spilled to disk", f"{counts.spilled_bytes:,} bytes")
    if trained.mix is not None:
        labels: Any = trained.mix["labels"]
        shares = ", ".join(f"{name} {one['share']:.1%}" for name, one in labels.items())
        table.add_row("mixture", f"{shares}; {trained.mix['scarcest']} is the scarcest")
    if trained.held_out is not None:
        held = trained.held_out
        table.add_row("held-out text", f"{held.bytes_per_token:.3f} bytes per token")
    phases = trained.tokenizer.definition.two_phase
    if phases is not None and phases.single_pass is not None:
        single = phases.single_pass
        table.add_row(
            "encoding",
            f"two phases (tokenworks.json); tokenizer.json alone differs on {single['differing']:,} of "
            f"{single['documents']:,} documents of {single['measured_on']} "
            f"({single['tokens_single_pass']:,} tokens in place of {single['tokens_two_phase']:,})",
        )
    table.add_row("time", f"{trained.seconds:.2f} s")
    table.add_row("written to", str(output))
    return table
