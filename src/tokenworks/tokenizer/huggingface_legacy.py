"""Folders from before tokenizer.json: vocab.json with merges.txt, or a BERT vocab.txt.

They are turned into the tokenizer.json that `transformers` would make of them, and read as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer.source import parse_json, read_bytes

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CLIP = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
# Tokenizer classes whose vocab.json is plain GPT-2 byte-level BPE.
_GPT2_LIKE = ("GPT2", "GPTNeoX", "OPT", "GPTJ", "CodeGen", "Bloom", "PreTrained")


def legacy_document(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Make the tokenizer.json of an old folder.

    Args:
        folder: with vocab.json and merges.txt, or vocab.txt.
        config: its tokenizer_config.json, perhaps empty.

    Returns:
        The document.

    Raises:
        FormatError: the folder holds neither, or a file is damaged.
        UnsupportedError: the class named in the configuration is not one known here.
    """
    if (folder / "vocab.json").is_file():
        return _from_vocab_and_merges(folder, config)
    if (folder / "vocab.txt").is_file():
        return read_vocab_txt(folder / "vocab.txt", config)
    found = sorted(entry.name for entry in folder.iterdir())[:6]
    raise FormatError(
        f"{folder}: no tokenizer in this folder (it holds {', '.join(found) or 'nothing'}); "
        f"expected tokenizer.json, vocab.json with merges.txt, or vocab.txt"
    )


def _from_vocab_and_merges(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    vocab = parse_json(folder / "vocab.json", read_bytes(folder / "vocab.json"))
    lines = _lines(folder / "merges.txt")
    merges = [line for line in lines if line and not line.startswith("#version")]
    name = str(config.get("tokenizer_class", "GPT2Tokenizer")).removesuffix("Fast")
    kind = name.removesuffix("Tokenizer")
    space = {**_BYTE_LEVEL, "add_prefix_space": bool(config.get("add_prefix_space", False))}
    model: dict[str, Any] = {"type": "BPE", "vocab": vocab, "merges": merges}
    document: dict[str, Any] = {"version": "1.0", "model": model, "decoder": _BYTE_LEVEL}
    post: dict[str, Any] | None = {**_BYTE_LEVEL, "trim_offsets": False}
    if kind in _GPT2_LIKE:
        document["pre_tokenizer"] = space
    elif kind in ("Roberta", "Longformer", "Bart", "LED"):
        document["pre_tokenizer"] = space
        post = {
            "type": "RobertaProcessing",
            "sep": list(_token(folder, vocab, config, "sep_token", "</s>")),
            "cls": list(_token(folder, vocab, config, "cls_token", "<s>")),
            "trim_offsets": True,
            "add_prefix_space": space["add_prefix_space"],
        }
    elif kind in ("Qwen2", "Qwen3"):
        document["normalizer"] = {"type": "NFC"}
        document["pre_tokenizer"] = _split(_QWEN2, "Isolated", invert=False)
    elif kind == "CLIP":
        document["normalizer"] = {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Lowercase"},
            ],
        }
        document["pre_tokenizer"] = _split(_CLIP, "Removed", invert=True)
        model |= {"end_of_word_suffix": "</w>", "unk_token": "<|endoftext|>"}
        post = {
            "type": "RobertaProcessing",
            "sep": list(_token(folder, vocab, config, "eos_token", "<|endoftext|>")),
            "cls": list(_token(folder, vocab, config, "bos_token", "<|startoftext|>")),
            "trim_offsets": False,
            "add_prefix_space": False,
        }
    else:
        raise UnsupportedError(
            f"{folder}: vocab.json of the class {name}, whose steps stand in no file; save it with "
            f"transformers as tokenizer.json first"
        )
    document["post_processor"] = post
    return document


def read_vocab_txt(path: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Make the tokenizer.json of a BERT vocab.txt, one token per line.

    Args:
        path: the file.
        config: its tokenizer_config.json; empty means uncased BERT.

    Returns:
        The document.

    Raises:
        FormatError: a token stands twice, or a special token is missing.
    """
    tokens = _lines(path)
    while tokens and not tokens[-1]:
        tokens.pop()
    vocab: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if token in vocab:
            raise FormatError(
                f"{path}: line {number + 1} repeats line {vocab[token] + 1} "
                f"({token!r}); each token may stand once"
            )
        vocab[token] = number
    cls = _token(path, vocab, config, "cls_token", "[CLS]")
    sep = _token(path, vocab, config, "sep_token", "[SEP]")
    unk = _token(path, vocab, config, "unk_token", "[UNK]")
    special = [
        {"id": vocab[name], "content": name, "special": True, "normalized": False}
        | {"single_word": False, "lstrip": False, "rstrip": False}
        for name in ("[PAD]", unk[0], cls[0], sep[0], "[MASK]")
        if name in vocab
    ]
    part = {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in (cls, sep)}
    first = [_special(cls[0], 0), _sequence("A", 0), _special(sep[0], 0)]
    return {
        "version": "1.0",
        "added_tokens": sorted(special, key=lambda token: int(str(token["id"]))),
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": bool(config.get("tokenize_chinese_chars", True)),
            "strip_accents": config.get("strip_accents"),
            "lowercase": bool(config.get("do_lower_case", True)),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": first,
            "pair": [*first, _sequence("B", 1), _special(sep[0], 1)],
            "special_tokens": part,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": unk[0],
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }


def _split(pattern: str, behavior: str, *, invert: bool) -> dict[str, Any]:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    bytes_ = {**_BYTE_LEVEL, "trim_offsets": False, "use_regex": False}
    return {"type": "Sequence", "pretokenizers": [split, bytes_]}


def _special(name: str, kind: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": name, "type_id": kind}}


def _sequence(name: str, kind: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": kind}}


def _token(
    folder: Path, vocab: Mapping[str, Any], config: Mapping[str, Any], role: str, default: str
) -> tuple[str, int]:
    value = config.get(role) or default
    name = value.get("content", default) if isinstance(value, dict) else str(value)
    if name not in vocab:
        raise FormatError(f"{folder}: the {role} {name!r} is not in the vocabulary")
    return name, vocab[name]


def _lines(path: Path) -> list[str]:
    data = read_bytes(path)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: byte {error.start:,} is not UTF-8") from None
    return [line.removesuffix("\r") for line in text.split("\n")]
