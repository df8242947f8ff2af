"""The same steps carried out by `tokenizers` and by the native pipeline, in comparable form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import regex
from tokenizers import Tokenizer

from tokenworks import _native

Step = Mapping[str, Any]
Found = list[tuple[str, int, int]]  # text, character offsets in the original


def split(pattern: str, text: str) -> list[tuple[int, int]]:
    return [m.span() for m in regex.finditer(pattern, text)]


def _sequence(steps: Sequence[Step], key: str) -> dict[str, Any] | None:
    return {"type": "Sequence", key: [dict(s) for s in steps]} if steps else None


def reference(
    normalizer: Sequence[Step] = (),
    pretokenizer: Sequence[Step] = (),
    added: Iterable[Mapping[str, Any]] = (),
) -> Tokenizer:
    """A tokenizer whose model has no pieces: its tokens are the pretokens."""
    return Tokenizer.from_str(
        json.dumps(
            {
                "version": "1.0",
                "added_tokens": list(added),
                "normalizer": _sequence(normalizer, "normalizers"),
                "pre_tokenizer": _sequence(pretokenizer, "pretokenizers"),
                "post_processor": None,
                "decoder": None,
                "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
            }
        )
    )


def expected(tokenizer: Tokenizer, text: str) -> list[tuple[int, int, int]]:
    """(id, begin, end) of every pretoken and added token, in characters."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return [(i, *o) for i, o in zip(encoding.ids, encoding.offsets, strict=True)]


def pretokens(tokenizer: Tokenizer, text: str) -> list[str]:
    """The texts of the pretokens; added tokens are not looked for."""
    normalized = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
    if tokenizer.pre_tokenizer is None:
        return [normalized] if normalized else []
    return [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)]


def native(
    normalizer: Sequence[Step] = (),
    pretokenizer: Sequence[Step] = (),
    added: Iterable[Mapping[str, Any]] = (),
    *,
    byte_level: bool = False,
) -> _native.Pipeline:
    return _native.Pipeline(normalizer, pretokenizer, list(added), split, byte_level)


def character_offsets(text: str) -> Callable[[int], int]:
    """From a byte offset in the UTF-8 of `text` to the character that begins there."""
    at = [0] * (len(text.encode()) + 1)
    position = 0
    for i, c in enumerate(text):
        at[position] = i
        for k in range(1, len(c.encode())):
            at[position + k] = i
        position += len(c.encode())
    at[position] = len(text)
    return at.__getitem__


def found(pipeline: _native.Pipeline, text: str) -> list[tuple[int, int, int]]:
    """What `expected` lists, from the native pipeline."""
    char = character_offsets(text)
    return [
        (added or 0, char(spans[0][0]), char(spans[-1][1]))
        for _, added, spans in pipeline.run(text)
    ]


def texts(pipeline: _native.Pipeline, text: str, *, track: bool = True) -> list[str]:
    """The texts of the pretokens; with `track`, proved the same as without."""
    pieces = [piece for piece, _, _ in pipeline.run(text, track=False)]
    if track:
        assert pieces == [piece for piece, _, _ in pipeline.run(text)]
    return [piece.decode() for piece in pieces]
