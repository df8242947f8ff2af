"""`tokenworks encode TOKENIZER [FILES...]`: text into token ids."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tokenworks.cli.inputs import STANDARD_INPUT, given_text, one_of, read_text, shown_name
from tokenworks.cli.settings import settings


def encode(
    tokenizer: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    files: Annotated[
        list[str] | None, typer.Argument(help="UTF-8 texts; standard input where left out or `-`.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="Encode this text rather than files.")
    ] = None,
    specials: Annotated[
        str,
        typer.Option(
            help="Special tokens spelled in the text: `error` refuses them, `allow` makes them "
            "special, `text` reads them as plain text."
        ),
    ] = "error",
    add_special: Annotated[
        bool, typer.Option("--add-special", help="Add BOS and EOS as the tokenizer's file says.")
    ] = False,
    spans: Annotated[
        bool, typer.Option("--spans", help="With --json: also the byte span of each token.")
    ] = False,
    errors: Annotated[
        str, typer.Option(help="Bytes that are not UTF-8: `strict` refuses, `replace` puts U+FFFD.")
    ] = "strict",
) -> None:
    """Turn text into token ids: one line of numbers per text, or one JSON object per text."""
    from tokenworks.cli.loading import load
    from tokenworks.errors import OptionError, TextError
    from tokenworks.workflows.ids import encode_text, special_policy

    policy = special_policy(one_of("--specials", specials, ("error", "allow", "text")))
    replace = one_of("--errors", errors, ("strict", "replace")) == "replace"
    if text is not None and files:
        raise OptionError("give --text or files, not both")
    if spans and not settings().json:
        raise OptionError("--spans needs --json: plain output has only the ids")
    if spans and add_special:
        raise OptionError("--spans and --add-special cannot be combined: added tokens have no span")
    loaded = load(tokenizer)
    names = [""] if text is not None else files or [STANDARD_INPUT]
    for name in names:
        shown = "--text" if text is not None else shown_name(name)
        content = read_text(name, replace=replace) if text is None else given_text(text, replace)
        try:
            encoded = encode_text(
                loaded, content, name=name, specials=policy, add_special=add_special, spans=spans
            )
        except TextError as error:  # it speaks of arguments in Python
            what = str(error).partition("; choose: ")[0]
            raise TextError(
                f"{shown}: {what}; --specials allow makes it the special token, --specials text reads "
                "it as plain text"
            ) from None
        sys.stdout.write(encoded.json_line() if settings().json else encoded.plain_line())
