"""Write a tokenizer so that it appears whole or not at all."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tokenworks.errors import OptionError
from tokenworks.files import atomic_folder, write_bytes
from tokenworks.tokenizer.definition import Definition

FOLDERS = ("huggingface",)
FILES = ("tiktoken", "gguf", "sentencepiece")


def save_definition(definition: Definition, path: Path, format: str) -> None:
    """Write a definition in a format.

    Args:
        definition: of the tokenizer.
        path: the folder (for "huggingface") or file.
        format: one of `FOLDERS` and `FILES`.

    Raises:
        OptionError: an unknown format, or a folder that already holds something.
        UnsupportedError: the format cannot say this tokenizer exactly.
        WriteError: writing failed; nothing half-written is left.
    """
    if format not in (*FOLDERS, *FILES):
        raise OptionError(f"format is {format!r}; expected {', '.join((*FOLDERS, *FILES))}")
    contents: dict[str, bytes] = import_module(f"tokenworks.tokenizer.writers.{format}").render(
        definition
    )
    if format in FOLDERS:
        with atomic_folder(path) as folder:
            for name, data in contents.items():
                (folder / name).write_bytes(data)
        return
    (data,) = contents.values()
    write_bytes(path, data)
