"""Storing what a writer rendered: whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.files import atomic_file
from tokenworks.tokenizer.definition import Definition

# Format -> the module with its `render(definition, **options) -> {file name: bytes}`.
FORMATS: Mapping[str, str] = {
    "huggingface": "tokenworks.tokenizer.writers.huggingface",
    "tiktoken": "tokenworks.tokenizer.writers.tiktoken_ranks",
    "sentencepiece": "tokenworks.tokenizer.writers.sentencepiece_model",
    "gguf": "tokenworks.tokenizer.writers.gguf_metadata",
}
# The name of the main file where a folder is given; the rest of the names follow from it.
_FILE = {
    "tiktoken": "tokenizer.tiktoken",
    "sentencepiece": "tokenizer.model",
    "gguf": "tokenizer.gguf",
}


def render(definition: Definition, format: str, **options: Any) -> dict[str, bytes]:
    """The files of a tokenizer in a format.

    Args:
        definition: any tokenizer.
        format: "huggingface", "tiktoken", "sentencepiece" or "gguf".
        options: for the writer of the format (`pre` for gguf).

    Returns:
        Contents by file name; of single-file formats the main file is named "".

    Raises:
        OptionError: an unknown format or option.
        UnsupportedError: the format cannot say this tokenizer.
    """
    if format not in FORMATS:
        raise OptionError(f"format is {format!r}; expected {', '.join(map(repr, FORMATS))}")
    if set(options) - ({"pre"} if format == "gguf" else set()):
        raise OptionError(f"the format {format!r} does not take {', '.join(map(repr, options))}")
    if definition.two_phase is not None and format != "huggingface":
        raise UnsupportedError(
            f"{definition.name} is encoded in two phases, which {format} cannot say; a huggingface "
            "folder can, with its tokenworks.json"
        )
    files: dict[str, bytes] = import_module(FORMATS[format]).render(definition, **options)
    return files


def place(path: Path, format: str) -> Path:
    """The main file (or the folder, for "huggingface") that a target path means."""
    if format == "huggingface":
        return path
    return path / _FILE[format] if path.is_dir() or not path.suffix else path


def write(definition: Definition, path: Path, format: str, **options: Any) -> list[Path]:
    """Write a tokenizer; each file appears whole or not at all.

    Args:
        definition: any tokenizer.
        path: the folder for "huggingface"; the file, or a folder to put it in, for the others.
        format: "huggingface", "tiktoken", "sentencepiece" or "gguf".
        options: for the writer of the format (`pre` for gguf).

    Returns:
        The files written.

    Raises:
        OptionError, UnsupportedError: as `render`, or a folder that holds something.
        WriteError: writing failed.
    """
    files = render(definition, format, **options)
    target = place(path, format)
    if format == "huggingface":
        if target.is_file():
            raise OptionError(f"{target} is a file; the format 'huggingface' is a folder")
        if target.is_dir() and any(target.iterdir()):
            raise OptionError(f"{target} is not empty; name a new folder")
        named = {target / name: data for name, data in files.items()}
    else:
        named = {target.with_name(target.name + name): data for name, data in files.items()}
    store(named)
    return list(named)


def store(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together: none takes its name before all are on the disk.

    Raises:
        WriteError: one cannot be written; none of them is there then.
    """
    with ExitStack() as stack:
        for path, data in files.items():
            stream = stack.enter_context(atomic_file(path))
            stream.write(data)
            stream.flush()
