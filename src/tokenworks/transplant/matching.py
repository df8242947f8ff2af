"""Which tokens of a new vocabulary the old one has, too.

Tokens are the same where they stand for the same bytes of a text, however their formats spell them,
and special tokens where they have the same role (BOS, EOS, padding, unknown) or else the same text.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Ids

_ROLES = ("eos", "bos", "pad", "unk")
_MOST_PADDING = 128


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """How the rows of a new vocabulary stand to those of the old one.

    source: int64 [rows], the old row that is copied, or -1.
    by_role: bool [rows], special tokens matched by their role where their texts differ.
    targets: int64 [n], tokens of the new vocabulary alone, ascending.
    specials: int64 [m], special tokens of the new vocabulary alone.
    empty: int64 [k], rows without a token that have no counterpart.
    used: int64 [u], old rows that have a token, ascending.
    """

    old: Tokenizer
    new: Tokenizer
    source: Ids
    by_role: NDArray[np.bool_]
    targets: Ids
    specials: Ids
    empty: Ids
    used: Ids

    @property
    def rows(self) -> int:
        """Rows of the new matrices."""
        return len(self.source)

    @property
    def shared(self) -> Ids:
        """New ids of tokens (not padding) that are copied, ascending."""
        tokens = token_ids(self.new)
        found: Ids = tokens[self.source[tokens] >= 0]
        return found


def token_ids(tokenizer: Tokenizer) -> Ids:
    """Ids that have a token, ascending."""
    ids = {*tokenizer.definition.model.ids.tolist(), *(t.id for t in tokenizer.definition.added)}
    return np.array(sorted(ids), np.int64)


def match(old: Tokenizer, new: Tokenizer, old_rows: int) -> Match:
    """Match two vocabularies.

    Args:
        old: the tokenizer of the model.
        new: the tokenizer that the model shall get.
        old_rows: rows of the model's matrices, padding among them.

    Raises:
        OptionError: the model has fewer rows than its tokenizer has ids.
    """
    if old_rows < old.max_id_plus_one:
        raise OptionError(
            f"the model has {old_rows:,} rows, its tokenizer {old.name} needs "
            f"{old.max_id_plus_one:,}; is it the tokenizer of this model?"
        )
    rows = new_rows(old, new, old_rows)
    source = np.full(rows, -1, np.int64)
    by_role = np.zeros(rows, np.bool_)
    known = _Vocabulary(old)
    mine = _Vocabulary(new)
    for content, number in mine.special.items():
        found = known.with_role(mine.roles.get(number, ()))
        if found is None:
            found = known.special.get(content)
        elif known.special.get(content) != found:
            by_role[number] = True
        if found is not None:
            source[number] = found
    for table, first, second in (
        (mine.text, known.text, known.byte),
        (mine.byte, known.byte, known.text),
    ):
        for spelled, numbers in table.items():
            candidates = first.get(spelled) or second.get(spelled)
            for place, number in enumerate(numbers):
                if candidates:  # several tokens of the same bytes: first to first, and so on
                    source[number] = candidates[min(place, len(candidates) - 1)]
    tokens = token_ids(new)
    special = np.array(sorted(mine.special.values()), np.int64)
    missing = tokens[source[tokens] < 0]
    used = token_ids(old)
    empty = np.setdiff1d(np.arange(rows), tokens)
    spare = np.setdiff1d(np.arange(old_rows), used)
    if len(spare):
        source[empty] = spare[np.minimum(np.arange(len(empty)), len(spare) - 1)]
        empty = empty[:0]
    return Match(
        old=old,
        new=new,
        source=source,
        by_role=by_role,
        targets=np.setdiff1d(missing, special),
        specials=np.intersect1d(missing, special),
        empty=empty,
        used=used,
    )


def inherited_match(
    old: Tokenizer, new: Tokenizer, new_ids: NDArray[np.int64], old_rows: int
) -> Match:
    """The match of a vocabulary with one cut out of it, by the map of ids."""
    rows = new_rows(old, new, old_rows)
    source = np.full(rows, -1, np.int64)
    stay = np.flatnonzero(new_ids >= 0)
    source[new_ids[stay]] = stay
    used = token_ids(old)
    empty = np.setdiff1d(np.arange(rows), token_ids(new))
    spare = np.setdiff1d(np.arange(old_rows), used)
    if len(spare):
        source[empty] = spare[np.minimum(np.arange(len(empty)), len(spare) - 1)]
        empty = empty[:0]
    none = np.zeros(0, np.int64)
    return Match(old, new, source, np.zeros(rows, np.bool_), none, none, empty, used)


def new_rows(old: Tokenizer, new: Tokenizer, old_rows: int) -> int:
    """Rows of the new matrices: padded to the power of two (at most 128) that the old ones are."""
    if new.max_id_plus_one == old.max_id_plus_one:
        return old_rows
    step = gcd(old_rows, _MOST_PADDING) if old_rows > old.max_id_plus_one else 1
    return -(-new.max_id_plus_one // step) * step


class _Vocabulary:
    """The tokens of a tokenizer by what they stand for."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        definition = tokenizer.definition
        model = definition.model
        added = {token.id: token for token in definition.added}
        self.special = {token.content: token.id for token in definition.added if token.special}
        self.text: dict[bytes, list[int]] = defaultdict(list)
        self.byte: dict[bytes, list[int]] = defaultdict(list)
        falls_back = isinstance(model, Bpe | Unigram) and model.byte_fallback
        table = dict(zip(model.ids.tolist(), model.pieces, strict=True))
        for number in token_ids(tokenizer).tolist():
            token = added.get(number)
            if token is not None and token.special:
                continue
            spelled = tokenizer.token_bytes(number)
            is_byte = falls_back and token is None and is_byte_piece(table[number])
            (self.byte if is_byte else self.text)[spelled].append(number)
        ids = {
            "eos": definition.eos_id,
            "bos": definition.bos_id,
            "pad": definition.pad_id,
            "unk": model.unk_id,
        }
        self.by_role = {role: number for role, number in ids.items() if number is not None}
        self.roles: dict[int, tuple[str, ...]] = {
            number: tuple(role for role in _ROLES if self.by_role.get(role) == number)
            for number in self.by_role.values()
        }

    def with_role(self, roles: tuple[str, ...]) -> int | None:
        return next((self.by_role[role] for role in roles if role in self.by_role), None)


def is_byte_piece(piece: bytes) -> bool:
    """Whether a piece is spelled `<0xE4>`: one byte, whatever character it belongs to."""
    return len(piece) == 6 and piece.startswith(b"<0x") and piece.endswith(b">")
