"""`tokenworks decode TOKENIZER [FILES...]`: token ids into text."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from tokenworks.cli.inputs import STANDARD_INPUT, one_of, read_text
from tokenworks.cli.settings import settings


def decode(
    tokenizer: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Lines of ids or JSON; standard input where left out or `-`."),
    ] = None,
    ids: Annotated[
        str | None, typer.Option("--ids", "-i", help="Decode these ids rather than files.")
    ] = None,
    skip_special: Annotated[
        bool, typer.Option("--skip-special", help="Leave special tokens out of the text.")
    ] = False,
    errors: Annotated[
        str,
        typer.Option(
            help="Ids whose bytes are not UTF-8: `replace` puts U+FFFD, `strict` refuses, "
            "`bytes` writes them as they are."
        ),
    ] = "replace",
) -> None:
    """Turn token ids into text: one sequence per line, in plain numbers or JSON.

    A text is written without a line end of its own where there is one sequence, so that
    `encode` and `decode` undo each other.
    """
    from tokenworks.cli.loading import load
    from tokenworks.errors import OptionError
    from tokenworks.workflows.ids import parse_ids

    mode = one_of("--errors", errors, ("replace", "strict", "bytes"))
    if ids is not None and files:
        raise OptionError("give --ids or files, not both")
    if mode == "bytes" and (settings().json or skip_special):
        raise OptionError("--errors bytes goes with neither --json nor --skip-special")
    loaded = load(tokenizer)
    sequences = []
    for name in ["--ids"] if ids is not None else files or [STANDARD_INPUT]:
        content = ids if ids is not None else read_text(name)
        source = "standard input" if name == STANDARD_INPUT else name
        sequences += parse_ids(content, source)
    out = sys.stdout.buffer
    for sequence in sequences:
        if mode == "bytes":
            data = loaded.decode_bytes(sequence)
        else:
            text = loaded.decode(
                sequence,
                errors="strict" if mode == "strict" else "replace",
                skip_special=skip_special,
            )
            if settings().json:
                text = json.dumps({"text": text}, ensure_ascii=False)
            data = text.encode("utf-8", "surrogatepass")
        out.write(data)
        if len(sequences) > 1 or settings().json:
            out.write(b"\n")
    out.flush()
