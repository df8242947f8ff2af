"""The "model" section of a tokenizer.json: vocabulary, merges and scores, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import add, itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer.byte_map import all_to_bytes
from tokenworks.tokenizer.definition import Bpe, Unigram, WordPiece
from tokenworks.tokenizer.huggingface_steps import unknown_type
from tokenworks.tokenizer.source import shorten

_MODELS = ("BPE", "Unigram", "WordLevel", "WordPiece")


def read_model(path: Path, section: Any, *, byte_level: bool) -> Bpe | Unigram | WordPiece:
    """Read the model of a tokenizer.json.

    Args:
        path: named in messages.
        section: the parsed "model".
        byte_level: the vocabulary is spelled in GPT-2's byte characters.

    Returns:
        The model, its pieces in the order of the file.

    Raises:
        FormatError: a field is missing or wrong; two tokens have one id; a merge names no token.
        UnsupportedError: a model that cannot be encoded exactly (WordLevel, dropout).
    """
    if not isinstance(section, dict):
        raise FormatError(f'{path}: "model" is {shorten(section)}; expected an object')
    kind = section.get("type", _guess(section))
    if kind == "BPE":
        return _read_bpe(path, section, byte_level=byte_level)
    if kind == "Unigram":
        return _read_unigram(path, section)
    if kind == "WordPiece":
        return _read_wordpiece(path, section)
    if kind == "WordLevel":
        raise UnsupportedError(
            f"{path}: a WordLevel model has no subword pieces and is not supported; supported are "
            f"BPE, Unigram and WordPiece"
        )
    if kind is None:
        raise FormatError(
            f'{path}: the model has no "type" and its fields ({", ".join(map(str, section))}) are '
            f"those of no known model; expected one of {', '.join(_MODELS)}"
        )
    if not isinstance(kind, str):
        raise FormatError(f"{path}: model.type is {shorten(kind)}; expected a string")
    raise FormatError(f"{path}: {unknown_type('model', kind, dict.fromkeys(_MODELS))}")


def _guess(section: Mapping[str, Any]) -> str | None:
    """The type of a model written before 0.9, which named none."""
    if "merges" in section:
        return "BPE"
    if "max_input_chars_per_word" in section:
        return "WordPiece"
    if isinstance(section.get("vocab"), list):
        return "Unigram"
    return "WordLevel" if "vocab" in section else None


def _read_bpe(path: Path, section: Mapping[str, Any], *, byte_level: bool) -> Bpe:
    dropout = section.get("dropout")
    if dropout not in (None, 0, 0.0):
        raise UnsupportedError(
            f"{path}: model.dropout is {shorten(dropout)}, which makes encoding random; set it to null"
        )
    tokens, ids = read_vocabulary(path, section.get("vocab"))
    if "merges" not in section:
        raise FormatError(f'{path}: the BPE model has no "merges"; expected a list, perhaps empty')
    prefix = _string(path, section, "continuing_subword_prefix")
    merges = read_merges(path, section["merges"], tokens, prefix=prefix)
    outside_map: frozenset[int] = frozenset()
    if byte_level:
        pieces, outside = all_to_bytes(tokens)
        outside_map = frozenset(int(ids[position]) for position in outside)
    else:
        pieces = encode_all(path, tokens)
    unk = section.get("unk_token")
    if unk is not None and not isinstance(unk, str):
        raise FormatError(f"{path}: model.unk_token is {shorten(unk)}; expected a string or null")
    return Bpe(
        pieces=tuple(pieces),
        ids=ids,
        merges=merges,
        byte_level=byte_level,
        ignore_merges=_flag(path, section, "ignore_merges"),
        byte_fallback=_flag(path, section, "byte_fallback"),
        unk_id=int(ids[tokens.index(unk)]) if unk in set(tokens) else None,
        fuse_unk=_flag(path, section, "fuse_unk"),
        continuing_subword_prefix=prefix,
        end_of_word_suffix=_string(path, section, "end_of_word_suffix"),
        outside_map=outside_map,
    )


def _read_unigram(path: Path, section: Mapping[str, Any]) -> Unigram:
    vocab = section.get("vocab")
    if not isinstance(vocab, list) or not vocab:
        raise FormatError(f'{path}: a Unigram model needs "vocab", a list of [piece, score]')
    tokens: list[str] = []
    scores = np.empty(len(vocab), np.float64)
    for index, entry in enumerate(vocab):
        match entry:
            case [str(token), float() | int() as score] if np.isfinite(score):
                tokens.append(token)
                scores[index] = score
            case _:
                raise FormatError(
                    f"{path}: model.vocab[{index}] is {shorten(entry)}; expected [piece, score]"
                )
    _refuse_doubles(path, tokens)
    unk_id = section.get("unk_id")
    if unk_id is not None and not (isinstance(unk_id, int) and 0 <= unk_id < len(tokens)):
        raise FormatError(
            f"{path}: model.unk_id is {shorten(unk_id)}; expected 0 to {len(tokens) - 1} or null"
        )
    return Unigram(
        pieces=tuple(encode_all(path, tokens)),
        ids=np.arange(len(tokens), dtype=np.uint32),
        scores=scores,
        unk_id=unk_id,
        byte_fallback=_flag(path, section, "byte_fallback"),
    )


def _read_wordpiece(path: Path, section: Mapping[str, Any]) -> WordPiece:
    tokens, ids = read_vocabulary(path, section.get("vocab"))
    for name in ("unk_token", "continuing_subword_prefix", "max_input_chars_per_word"):
        if name not in section:
            raise FormatError(f'{path}: the WordPiece model lacks "{name}"')
    unk = section["unk_token"]
    if not isinstance(unk, str) or unk not in set(tokens):
        raise FormatError(
            f"{path}: model.unk_token is {shorten(unk)}, which is not in the vocabulary"
        )
    limit = section["max_input_chars_per_word"]
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise FormatError(
            f"{path}: model.max_input_chars_per_word is {shorten(limit)}; expected a number"
        )
    return WordPiece(
        pieces=tuple(encode_all(path, tokens)),
        ids=ids,
        unk_id=int(ids[tokens.index(unk)]),
        continuing_subword_prefix=_string(path, section, "continuing_subword_prefix"),
        max_input_chars_per_word=limit,
    )


def read_vocabulary(path: Path, vocab: Any) -> tuple[list[str], NDArray[np.uint32]]:
    """Check a mapping of tokens to ids.

    Returns:
        The tokens in the order of the file, and their ids, uint32 [n].

    Raises:
        FormatError: not such a mapping, an id that is none, or two tokens with one id.
    """
    if not isinstance(vocab, dict) or not vocab:
        raise FormatError(
            f"{path}: model.vocab is {shorten(vocab)}; expected tokens with their ids"
        )
    tokens = list(vocab)
    numbers = list(vocab.values())
    if {type(number) for number in numbers} != {int}:
        wrong = next(token for token in tokens if type(vocab[token]) is not int)
        raise FormatError(
            f"{path}: the id of token {shorten(wrong)} is {shorten(vocab[wrong])}; expected a number"
        )
    if min(numbers) < 0 or max(numbers) >= 2**32 - 1:
        wrong = next(token for token in tokens if not 0 <= vocab[token] < 2**32 - 1)
        raise FormatError(
            f"{path}: the id of token {shorten(wrong)} is {vocab[wrong]}; expected 0 to 4294967294"
        )
    ids = np.array(numbers, np.uint32)
    if len(set(numbers)) != len(numbers):
        first: dict[int, str] = {}
        for token, number in vocab.items():
            if number in first:
                raise FormatError(
                    f"{path}: tokens {shorten(first[number])} and {shorten(token)} both have the "
                    f"id {number}; each id must have one token"
                )
            first[number] = token
    return tokens, ids


def read_merges(path: Path, value: Any, tokens: list[str], *, prefix: str) -> NDArray[np.uint32]:
    """Check merges, written as "a b" or ["a", "b"], against the vocabulary.

    Args:
        path: named in messages.
        value: the parsed list.
        tokens: the vocabulary, as spelled in the file.
        prefix: the continuing subword prefix, which a merge drops from its right part.

    Returns:
        Positions in `tokens` of left and right part, uint32 [m, 2], best rank first.

    Raises:
        FormatError: a merge is malformed, doubled, cyclic, or its parts or result are no tokens.
    """
    if not isinstance(value, list):
        raise FormatError(f"{path}: model.merges is {shorten(value)}; expected a list")
    index = dict(zip(tokens, range(len(tokens)), strict=True))
    merges = _plain_merges(value, index, prefix)
    if merges is None:
        pairs = _merges_with_reasons(path, value, index, prefix)
        merges = np.array(pairs, np.uint32).reshape(-1, 2)
    if "" in index or prefix in index:
        _refuse_cycles(path, [(a, b) for a, b in merges.tolist()], tokens, prefix)
    keys = merges[:, 0].astype(np.uint64) << np.uint64(32) | merges[:, 1]
    if len(np.unique(keys)) != len(keys):
        seen: dict[tuple[int, int], int] = {}
        for rank, (a, b) in enumerate(merges.tolist()):
            if (a, b) in seen:
                raise FormatError(
                    f"{path}: model.merges[{rank}] repeats model.merges[{seen[a, b]}] "
                    f"({shorten(tokens[a])} + {shorten(tokens[b])}); "
                    f"each merge may stand once"
                )
            seen[a, b] = rank
    return merges


def _plain_merges(
    value: list[Any], index: Mapping[str, int], prefix: str
) -> NDArray[np.uint32] | None:
    """The merges where nothing is wrong with any of them, without a step of Python for each."""
    size = len(value)
    lefts: Sequence[str]
    rights: Sequence[str]
    try:
        kinds = set(map(type, value))
        if kinds == {str}:
            if set(map(str.count, value, repeat(" "))) != {1}:
                return None
            fields = " ".join(value).split(" ")
            lefts, rights = fields[::2], fields[1::2]
        elif kinds == {list} and set(map(len, value)) == {2}:
            lefts, rights = list(map(itemgetter(0), value)), list(map(itemgetter(1), value))
        else:
            return None
        tails = [right[len(prefix) :] for right in rights] if prefix else rights
        if not all(map(index.__contains__, map(add, lefts, tails))):
            return None
        merges = np.empty((size, 2), np.uint32)
        merges[:, 0] = np.fromiter(map(index.__getitem__, lefts), np.uint32, size)
        merges[:, 1] = np.fromiter(map(index.__getitem__, rights), np.uint32, size)
    except (KeyError, TypeError):
        return None
    return merges


def _merges_with_reasons(
    path: Path, value: list[Any], index: Mapping[str, int], prefix: str
) -> list[tuple[int, int]]:
    """As the fast loop of `read_merges`, but skips comment lines and says what is wrong where."""
    pairs = []
    for rank, merge in enumerate(value):
        if isinstance(merge, str):
            if merge.startswith("#version"):
                continue
            parts = merge.split(" ")
        else:
            parts = merge
        place = f"model.merges[{rank}]"
        if (
            not isinstance(parts, list)
            or len(parts) != 2
            or not all(isinstance(part, str) for part in parts)
        ):
            raise FormatError(
                f'{path}: {place} is {shorten(merge)}; expected "left right" or ["left", "right"]'
            )
        left, right = parts
        for part in (left, right):
            if part not in index:
                raise FormatError(
                    f"{path}: {place} joins {shorten(left)} + {shorten(right)}, but "
                    f"{shorten(part)} is not in the vocabulary"
                )
        result = left + right[len(prefix) :]
        if result not in index:
            raise FormatError(
                f"{path}: {place} joins {shorten(left)} + {shorten(right)} to {shorten(result)}, "
                f"which is not in the vocabulary"
            )
        pairs.append((index[left], index[right]))
    return pairs


def _refuse_cycles(
    path: Path, pairs: list[tuple[int, int]], tokens: list[str], prefix: str
) -> None:
    for rank, (left, right) in enumerate(pairs):
        result = tokens[left] + tokens[right][len(prefix) :]
        if result in (tokens[left], tokens[right]):
            raise FormatError(
                f"{path}: model.merges[{rank}] is cyclic: {shorten(tokens[left])} + "
                f"{shorten(tokens[right])} gives {shorten(result)} again"
            )


def encode_all(path: Path, tokens: list[str]) -> list[bytes]:
    """The UTF-8 of each token; a lone surrogate is refused by name."""
    try:
        return [token.encode() for token in tokens]
    except UnicodeEncodeError as error:
        raise FormatError(
            f"{path}: token {shorten(error.object)} holds a lone surrogate, which is no text"
        ) from None


def _refuse_doubles(path: Path, tokens: list[str]) -> None:
    if len(set(tokens)) != len(tokens):
        seen: set[str] = set()
        for index, token in enumerate(tokens):
            if token in seen:
                raise FormatError(
                    f"{path}: model.vocab[{index}] repeats the piece {shorten(token)}; "
                    f"each piece may stand once"
                )
            seen.add(token)


def _flag(path: Path, section: Mapping[str, Any], name: str) -> bool:
    value = section.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise FormatError(f"{path}: model.{name} is {shorten(value)}; expected true or false")
    return value


def _string(path: Path, section: Mapping[str, Any], name: str) -> str:
    value = section.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormatError(f"{path}: model.{name} is {shorten(value)}; expected a string or null")
    return value
