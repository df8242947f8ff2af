"""What a tokenizer's name means: a path, an embedded name, or `hf://org/name`.

Only `hf://` may use the network. Formats are recognised by content, not by file name.
"""

from __future__ import annotations

import difflib
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenworks.errors import (
    FormatError,
    OptionError,
    UnknownNameError,
)
from tokenworks.tokenizer import embedded, hub, huggingface, tekken, tiktoken_ranks
from tokenworks.tokenizer.definition import Definition
from tokenworks.tokenizer.huggingface_legacy import read_vocab_txt
from tokenworks.tokenizer.source import opened, parse_json, read_bytes, shorten

_HUB_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "config.json",
    "chat_template.*",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "tekken.json",
    "*.tiktoken",
)
_RANK_LINE = re.compile(rb"\s*[A-Za-z0-9+/]+={0,2}[ \t]+\d+\s*(\n|$)")


def load_definition(
    name: str | os.PathLike[str], *, offline: bool = False, **options: Any
) -> Definition:
    """Find and read a tokenizer.

    Args:
        name: a path, an embedded name, or `hf://org/name` (with `@revision`, if wanted).
        offline: use only the local cache for `hf://`; the environment's HF_HUB_OFFLINE does as well.
        options: for the reader of the format.

    Returns:
        The definition.

    Raises:
        UnknownNameError: no such path or name; the nearest ones are listed.
        FormatError, UnsupportedError: found, but damaged or not supported.
        OptionError: options that the format does not take.
    """
    text = os.fspath(name)
    if isinstance(text, str) and text.startswith(hub.PREFIX):
        folder = hub.fetch(text, _HUB_FILES, offline=offline)
        return read_path(folder, **options)
    path = Path(text).expanduser()
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a name too long for a path, or with a null character
        exists = False
    if exists:
        return read_path(path, **options)
    if text in embedded.names():
        _refuse_options(f"the embedded tokenizer {text!r}", options)
        return embedded.load(text)
    raise UnknownNameError(_unknown(text, path))


def read_path(path: Path, **options: Any) -> Definition:
    """Read a file or folder of any format, recognised by content.

    Args:
        path: the file or folder, which exists.
        options: for the reader of the format: `pattern`, `specials`, `encoding` for rank files.

    Returns:
        The definition.

    Raises:
        FormatError, UnsupportedError, OptionError: as `load_definition`.
    """
    if path.is_dir():
        return _read_folder(path, options)
    with opened(path) as file:
        head = file.read(4)
    if head == b"GGUF":  # may be many gigabytes; its reader maps the file
        return _dispatch("tokenworks.tokenizer.gguf_metadata", path, options)
    data = read_bytes(path)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return _read_json(path, data, options)
    if _RANK_LINE.match(data):
        return tiktoken_ranks.read(path, **_rank_options(path, options))
    if data[:1] == b"\n":  # the first field of a SentencePiece model: its pieces
        return _dispatch("tokenworks.tokenizer.sentencepiece_model", path, options)
    if b"[UNK]\n" in data or b"[UNK]\r\n" in data:
        _refuse_options(f"{path}, a BERT vocab.txt,", options)
        return huggingface.read_document(path, read_vocab_txt(path, {}))
    what = "empty" if not data else f"it begins with {shorten(bytes(data[:12]))}"
    raise FormatError(
        f"{path}: not a tokenizer ({what}); expected a tokenizer.json, a tiktoken rank file, a "
        f"SentencePiece model, GGUF, tekken JSON or vocab.txt"
    )


def _read_folder(path: Path, options: dict[str, Any]) -> Definition:
    try:
        held = sorted(entry.name for entry in path.iterdir())
    except PermissionError:
        raise FormatError(f"{path}: no permission to read this folder") from None
    if any(name in held for name in huggingface.FOLDER_FILES):
        _refuse_options(f"{path}, a Hugging Face folder,", options)
        return huggingface.read(path)
    for ending in ("tekken.json", "tokenizer.model", ".tiktoken", ".model", ".gguf"):
        found = [name for name in held if name.endswith(ending)]
        if len(found) == 1:
            return read_path(path / found[0], **options)
        if found:
            raise FormatError(
                f"{path}: several tokenizers ({', '.join(found[:5])}); name one of them"
            )
    return huggingface.read(path)  # which says what the folder lacks


def _read_json(path: Path, data: bytes, options: dict[str, Any]) -> Definition:
    document = parse_json(path, data)
    if "bpe_ranks" in document:
        return tiktoken_ranks.read(path, **_rank_options(path, options))
    _refuse_options(f"{path}, which is JSON,", options)
    if "model" in document:
        definition = huggingface.read_document(path, document)
        return huggingface.with_layouts(definition, {path.name: data})
    if "config" in document and "vocab" in document:
        return tekken.read_document(path, document)
    if document and all(type(value) is int for value in document.values()):
        raise FormatError(
            f"{path}: a vocabulary alone, without merges and steps; name the folder that also holds "
            f"merges.txt"
        )
    return huggingface.read_document(path, document)  # which says what the file lacks


def _rank_options(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    known = ("encoding", "pattern", "specials")
    for key in options:
        if key not in known:
            raise OptionError(
                f"{path}: unknown option {key!r}; a rank file takes {', '.join(known)}"
            )
    return options


def _refuse_options(what: str, options: dict[str, Any]) -> None:
    if options:
        raise OptionError(f"{what} takes no option {', '.join(map(repr, options))}")


def _dispatch(module: str, path: Path, options: dict[str, Any]) -> Definition:
    definition: Definition = import_module(module).read(path, **options)
    return definition


def _unknown(text: str, path: Path) -> str:
    known = embedded.names()
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        beside = []
    files = difflib.get_close_matches(path.name, beside, n=3, cutoff=0.7)
    near += [str(path.parent / name) for name in files]
    message = f"no file, folder or embedded tokenizer {shorten(text, 200)}"
    if near:
        message += f"; nearest are {', '.join(near)}"
    else:
        message += f"; embedded are {', '.join(known)}"
    if hub.NAME.fullmatch(text) and text.count("/") == 1:
        message += f"; for the Hub write {hub.PREFIX}{text}"
    return message
