"""Read Mistral's tekken JSON: byte-level ranks after a block of special tokens."""

from __future__ import annotations

import binascii
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import FormatError
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin
from tokenworks.tokenizer.pattern_check import check_pattern
from tokenworks.tokenizer.source import parse_json, read_bytes, shorten
from tokenworks.tokenizer.tiktoken_ranks import byte_level_step, pattern_steps, recover_merges

TEKKEN_PATTERN = (
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"""
    r"""|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"""
    r"""|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
# Files before the version v7 list no special tokens: these are theirs, in order.
_OLDER_SPECIALS = (
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
)


def read(path: Path) -> Definition:
    """Read a tekken.json.

    Args:
        path: the file.

    Returns:
        The definition; ids are ranks plus the number of special tokens. `origin.extra` keeps
        "config", "special_tokens" and the vocabulary past the size in use ("beyond").

    Raises:
        FormatError: the file is damaged or is not of this format.
    """
    return read_document(path, parse_json(path, read_bytes(path)))


def read_document(path: Path, document: Any) -> Definition:
    """Turn the parsed content of a tekken.json into a definition (arguments as `read`)."""
    match document:
        case {"config": dict(config), "vocab": list(vocab)}:
            pass
        case _:
            raise FormatError(f'{path}: not a tekken file; expected "config" and "vocab"')
    pattern = config.get("pattern")
    if not isinstance(pattern, str):
        raise FormatError(f"{path}: config.pattern is {shorten(pattern)}; expected a pattern")
    check_pattern(f"{path}: config.pattern", pattern)
    size = _number(path, config, "default_vocab_size")
    reserved = _number(path, config, "default_num_special_tokens")
    count = size - reserved
    if not 256 <= count <= len(vocab):
        raise FormatError(
            f"{path}: config.default_vocab_size {size} less {reserved} special tokens is {count}; "
            f"the vocabulary has {len(vocab)} tokens (and must have the 256 bytes)"
        )
    pieces = _pieces(path, vocab[:count])
    specials = _specials(path, document.get("special_tokens"), reserved)
    ids = np.arange(reserved, size, dtype=np.uint32)
    names = {token.content: token.id for token in specials}
    return Definition(
        name=path.name.removesuffix(".json"),
        model=Bpe(
            pieces=tuple(pieces),
            ids=ids,
            merges=recover_merges(pieces),
            byte_level=True,
            ignore_merges=True,
        ),
        pretokenizer=tekken_steps(pattern),
        decoder=(byte_level_step(),),
        added=specials,
        bos_id=names.get("<s>"),
        eos_id=names.get("</s>"),
        pad_id=names.get("<pad>"),
        add_bos="<s>" in names,
        postprocessor=_bos_template(names.get("<s>")),
        origin=Origin(
            "tekken",
            str(path),
            {
                **{key: value for key, value in document.items() if key != "vocab"},
                "beyond": vocab[count:],
            },
        ),
    )


def tekken_steps(pattern: str) -> tuple[Any, ...]:
    """The pretokenizer of a tekken pattern; the published one matches all text."""
    if pattern != TEKKEN_PATTERN:
        return pattern_steps(pattern)
    split = {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }
    return (split, byte_level_step())


def _bos_template(bos: int | None) -> tuple[Any, ...]:
    if bos is None:
        return ()
    single = [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    return (
        {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [bos], "tokens": ["<s>"]}},
        },
    )


def _number(path: Path, config: dict[str, Any], name: str) -> int:
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise FormatError(f"{path}: config.{name} is {shorten(value)}; expected a number")
    return value


def _pieces(path: Path, vocab: list[Any]) -> list[bytes]:
    pieces = []
    for index, entry in enumerate(vocab):
        try:
            piece = binascii.a2b_base64(entry["token_bytes"], strict_mode=True)
            rank = entry["rank"]
        except (TypeError, KeyError, ValueError):
            raise FormatError(
                f'{path}: vocab[{index}] is {shorten(entry)}; expected "rank" and "token_bytes"'
            ) from None
        if rank != index:
            raise FormatError(
                f"{path}: vocab[{index}] has the rank {shorten(rank)}; rank {index} is missing"
            )
        pieces.append(piece)
    seen: dict[bytes, int] = {}
    for index, piece in enumerate(pieces):
        if piece in seen:
            raise FormatError(
                f"{path}: vocab[{index}] repeats the bytes of vocab[{seen[piece]}], {shorten(piece)}"
            )
        seen[piece] = index
    for byte in range(256):
        if bytes((byte,)) not in seen:
            raise FormatError(f"{path}: no token for the single byte 0x{byte:02X}")
    return pieces


def _specials(path: Path, listed: Any, reserved: int) -> tuple[AddedToken, ...]:
    names: list[str | None] = [None] * reserved
    if listed is None:
        names[: len(_OLDER_SPECIALS)] = _OLDER_SPECIALS[:reserved]
    else:
        for index, entry in enumerate(listed if isinstance(listed, list) else (listed,)):
            match entry:
                case {"rank": int(rank), "token_str": str(name)} if 0 <= rank < reserved:
                    if names[rank] is not None:
                        raise FormatError(f"{path}: two special tokens have the rank {rank}")
                    names[rank] = name
                case _:
                    raise FormatError(
                        f"{path}: special_tokens[{index}] is {shorten(entry)}; expected a rank "
                        f"below {reserved} and a token_str"
                    )
    filled = [name or f"<SPECIAL_{number}>" for number, name in enumerate(names)]
    if len(set(filled)) != len(filled):
        raise FormatError(f"{path}: two special tokens have the same text")
    return tuple(AddedToken(number, name) for number, name in enumerate(filled))
