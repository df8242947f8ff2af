"""The vocabulary and merges of a byte-level tokenizer.json, nearly all of it, written natively."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tokenworks import _native
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import AddedToken, Bpe

_EMPTY = b'"vocab": {},\n    "merges": []\n  }\n}'


def is_plain(model: Bpe, added: Iterable[AddedToken]) -> bool:
    """Whether vocabulary and merges are the pieces and pairs as they stand, without an exception."""
    pieces = model.pieces
    return (
        model.byte_level
        and len(model.merges) > 0
        and model.unk_id is None
        and not model.outside_map
        and np.array_equal(model.ids, np.arange(len(pieces)))
        and len(set(pieces)) == len(pieces)
        and all(_is_piece(token, pieces) for token in added)
    )


def filled(outline: bytes, model: Bpe) -> bytes:
    """A tokenizer.json that was laid out with an empty vocabulary and no merges, with those of a model."""
    if not outline.endswith(_EMPTY):
        raise TypeError("the vocabulary and the merges are not the end of the file")
    starts = np.zeros(len(model.pieces) + 1, dtype=np.uint64)
    np.cumsum(np.fromiter(map(len, model.pieces), np.uint64, len(model.pieces)), out=starts[1:])
    line, deeper = "\n      ", "\n        "
    vocabulary, merges = _native.byte_level_items(
        b"".join(model.pieces),
        starts,
        np.ascontiguousarray(model.merges),
        item="," + line,
        colon=": ",
        opening=deeper,
        inner="," + deeper,
        closing=line,
    )
    first, last = line.encode(), line[:-2].encode()
    head = outline[: -len(_EMPTY)] + b'"vocab": {' + first
    middle = last + b"}," + last + b'"merges": [' + first
    return b"".join((head, vocabulary, middle, merges, last, b"]\n  }\n}"))


def _is_piece(token: AddedToken, pieces: tuple[bytes, ...]) -> bool:
    """Whether an added token is a piece of its own id, spelled alike in the map of bytes."""
    data = token.content.encode()
    own = token.id < len(pieces) and pieces[token.id] == data
    return own and to_characters(data) == token.content
