"""`tokenworks compare TOKENIZERS... [--on CORPUS...] -o report.html`: tokenizers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tokenworks.cli.corpus_options import LABELS, Field, Threads
from tokenworks.cli.output import emit, note, progress
from tokenworks.cli.settings import settings


def compare(
    tokenizers: Annotated[
        list[str], typer.Argument(help="Paths, embedded names, or hf://org/name.")
    ],
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS...",
            help="Files, folders or globs, after the tokenizers; else the Universal Declaration.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="The page; JSON and an Arrow table lie beside it."),
    ] = None,
    svg: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Write the charts for papers, as SVG.")
    ] = None,
    png: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help=r"The same as PNG (needs tokenworks\[images])."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help=f"What documents are grouped by: {LABELS}, `script`, or `language`."),
    ] = None,
    field: Field = "text",
    parallel: Annotated[
        bool, typer.Option("--parallel", help="The labels hold the same documents in one order.")
    ] = False,
    reference: Annotated[
        str | None, typer.Option(help="The tokenizer that others are set against; the first.")
    ] = None,
    reference_label: Annotated[
        str | None, typer.Option(help="The label of premiums; English, or the first.")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a million tokens: one number for all, or NAME=NUMBER for each of several."
        ),
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="A context length in tokens; tells the characters that fit.")
    ] = None,
    unreachable: Annotated[
        bool, typer.Option(help="Search vocabularies for tokens that no text produces.")
    ] = True,
    methods: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME...",
            help="Of the evaluation family (`methods list`), on a sample; `all` or `none`.",
        ),
    ] = None,
    lexicon: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=FILE...", help="Words or gold segmentations of a language: morphology."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER...", help="Weights of a tokenizer's model: under-trained tokens."
        ),
    ] = None,
    threads: Threads = 0,
) -> None:
    """Compare tokenizers on one text: a ranked table here, and a page with -o.

    Exit code 0: compared; 1: compared, but a tokenizer failed on some text.
    """
    from tokenworks.report.chart_files import write_png, write_svg
    from tokenworks.report.compare_files import write
    from tokenworks.report.compare_table import ranking
    from tokenworks.workflows.compare import compare as run

    prices = read_prices(price or [])
    with progress("encoding") as advance:
        found = run(
            tokenizers,
            on or None,
            labels=labels,
            field=field,
            parallel=parallel,
            reference=reference,
            reference_label=reference_label,
            price=prices,
            context=context,
            unreachable=unreachable,
            methods=methods or None,
            lexicons=grouped("--lexicon", lexicon or []),
            models={name: paths[-1] for name, paths in grouped("--model", model or []).items()},
            threads=threads,
            seed=settings().seed,
            offline=settings().offline,
            advance=advance,
        )
    emit(found, lambda: ranking(found))
    if output is not None:
        page = write(found, Path(output))
        note(f"The report is in {page}")
    if svg is not None:
        note(f"{len(write_svg(found, Path(svg)))} charts are in {svg}")
    if png is not None:
        note(f"{len(write_png(found, Path(png)))} charts are in {png}")
    failed = any(one.failed for one in found.tokenizers)
    raise typer.Exit(1 if failed or found.dropped else 0)


def grouped(option: str, given: list[str]) -> dict[str, list[str]]:
    """The values of an option that is given as NAME=VALUE, by name.

    Raises:
        OptionError: one has no name or no value.
    """
    from tokenworks.errors import OptionError

    found: dict[str, list[str]] = {}
    for text in given:
        name, _, value = text.partition("=")
        if not (name and value):
            raise OptionError(f"{option} {text!r} is not NAME=VALUE")
        found.setdefault(name, []).append(value)
    return found


def read_prices(given: list[str]) -> float | dict[str, float] | None:
    """One price for all, or prices by name.

    Raises:
        OptionError: neither a number nor NAME=NUMBER, or both mixed.
    """
    from tokenworks.errors import OptionError

    if not given:
        return None
    found: dict[str, float] = {}
    for text in given:
        name, separator, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise OptionError(f"--price {text!r} is not a number or NAME=NUMBER") from None
        if not separator:
            if len(given) > 1:
                raise OptionError("--price is given several times; then each must be NAME=NUMBER")
            return value
        found[name] = value
    return found
