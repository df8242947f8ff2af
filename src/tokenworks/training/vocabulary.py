"""The ids of a vocabulary: what is known before the first merge, merges, reserved tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.byte_map import BYTE_TO_CHAR
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin, Step
from tokenworks.training.counted_words import CountedWords
from tokenworks.training.merges import Merges

# Bytes in the order of the characters that stand for them, which is how the reference numbers them.
BYTE_ORDER = tuple(sorted(range(256), key=lambda byte: BYTE_TO_CHAR[byte]))

MOST_TOKENS = 1 << 27

_BYTE_LEVEL_DECODER: Step = {
    "type": "ByteLevel",
    "add_prefix_space": True,
    "trim_offsets": True,
    "use_regex": True,
}


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What is known before the first merge, and how many tokens there shall be.

    Tokens are numbered in the order in which they came about; that is also their id, unless a base
    vocabulary has other ids.

    vocab_size: all tokens together, before padding. strings: the spelling of each token so far, as
    the merger compares it. pieces: the same as the model holds it. ids: uint32 [n]. added: special
    tokens. reserved: special tokens without a use yet, after the merges. pad_to_multiple: the
    vocabulary is filled up with reserved tokens to a multiple of it. token_of_symbol: int64, the
    token of each symbol of counted words; -1 drops it. template: the definition that goes on.
    """

    vocab_size: int
    strings: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    ids: NDArray[np.uint32]
    added: tuple[AddedToken, ...]
    reserved: int
    pad_to_multiple: int
    token_of_symbol: NDArray[np.int64]
    template: Definition
    merges: NDArray[np.uint32] = field(default_factory=lambda: np.empty((0, 2), np.uint32))

    @property
    def learned_size(self) -> int:
        """Tokens known before, and merges."""
        return self.vocab_size - self.reserved

    @property
    def special(self) -> frozenset[int]:
        """The tokens that are no text."""
        numbers = {id: token for token, id in enumerate(self.ids.tolist())}
        return frozenset(numbers[token.id] for token in self.added)

    @property
    def reuse(self) -> bool:
        """Whether a merge may spell a token that is known already."""
        return True

    def start(self, counted: CountedWords) -> CountedWords:
        """Counted pretokens as words of the symbols that `token_of_symbol` knows."""
        return counted


def checked_options(
    vocab_size: int,
    special: Sequence[str],
    reserved: int,
    pad_to_multiple: int,
    known: int,
    what: str,
) -> None:
    """Refuse options that contradict each other.

    known: tokens that are there before the special ones; `what` names them.

    Raises:
        OptionError: with what they must be.
    """
    if reserved < 0:
        raise OptionError(f"reserved is {reserved}; it must be 0 or more")
    if pad_to_multiple < 1:
        raise OptionError(f"pad_to_multiple is {pad_to_multiple}; it must be 1 or more")
    if len(set(special)) < len(special) or "" in special:
        raise OptionError("special tokens must be different from each other and not empty")
    for content in special:
        if any("\ud800" <= c <= "\udfff" for c in content):
            raise OptionError(
                f"special token {content!r} is no text (it holds a lone surrogate); give UTF-8"
            )
    if max(vocab_size + pad_to_multiple, reserved) >= MOST_TOKENS:
        raise OptionError(
            f"vocab_size is {vocab_size}, reserved {reserved}, pad_to_multiple {pad_to_multiple}; a "
            f"vocabulary has fewer than {MOST_TOKENS:,} tokens"
        )
    least = len(special) + known + reserved
    if vocab_size < least:
        raise OptionError(
            f"vocab_size is {vocab_size}; {len(special)} special tokens, {what} and "
            f"{reserved} reserved tokens take {least} already"
        )


def byte_layout(
    vocab_size: int, special: Sequence[str] = (), reserved: int = 0, pad_to_multiple: int = 1
) -> Layout:
    """Special tokens first, then the 256 bytes.

    Raises:
        OptionError: the options leave no room for merges, or contradict each other.
    """
    checked_options(vocab_size, special, reserved, pad_to_multiple, 256, "256 bytes")
    alphabet = {BYTE_TO_CHAR[byte]: bytes((byte,)) for byte in BYTE_ORDER}
    # a special token may be spelled like the character that stands for a byte: it is that token then
    spelled = {text: text.encode() for text in special} | alphabet
    numbers = {text: token for token, text in enumerate(spelled)}
    symbols = np.array([numbers[char] for char in BYTE_TO_CHAR], dtype=np.int64)
    model = Bpe((), np.empty(0, np.uint32), np.empty((0, 2), np.uint32), byte_level=True)
    return Layout(
        vocab_size,
        strings=tuple(text.encode() for text in spelled),
        pieces=tuple(spelled.values()),
        ids=np.arange(len(spelled), dtype=np.uint32),
        added=tuple(AddedToken(id, content) for id, content in enumerate(special)),
        reserved=reserved,
        pad_to_multiple=pad_to_multiple,
        token_of_symbol=symbols,
        template=Definition("bytes", model, decoder=(_BYTE_LEVEL_DECODER,)),
    )


def spelled(layout: Layout, merges: Merges) -> list[bytes]:
    """The bytes of each token: those known before, and merges."""
    pieces = list(layout.pieces)
    for (left, right), token in zip(merges.pairs.tolist(), merges.tokens.tolist(), strict=True):
        if token == len(pieces):
            pieces.append(pieces[left] + pieces[right])
    return pieces


def definition_of(
    name: str,
    layout: Layout,
    merges: Merges,
    pretokenizer: Sequence[Step],
    normalizer: Sequence[Step] = (),
    phases: Sequence[NDArray[np.uint64]] | None = None,
) -> Definition:
    """The definition of a BPE tokenizer with these merges.

    phases: the counts at which the merges of each phase were made; those of `merges` if left out.
    """
    pieces = spelled(layout, merges)
    fresh = len(pieces) - len(layout.pieces)
    first = int(layout.ids.max()) + 1
    names = _reserved_names(layout, first + fresh)
    pieces += [text.encode() for text in names]
    ids = np.concatenate(
        [layout.ids, np.arange(first, first + fresh + len(names), dtype=np.uint32)]
    )
    added = [AddedToken(first + fresh + i, content) for i, content in enumerate(names)]
    template = layout.template
    assert isinstance(template.model, Bpe)
    return replace(
        template,
        name=name,
        model=replace(
            template.model,
            pieces=tuple(pieces),
            ids=ids,
            merges=np.concatenate([layout.merges, merges.pairs]),
        ),
        normalizer=tuple(normalizer),
        pretokenizer=tuple(pretokenizer),
        added=(*layout.added, *added),
        two_phase=None,
        origin=Origin("trained", extra={"merge_counts": tuple(phases or (merges.counts,))}),
    )


def _reserved_names(layout: Layout, used: int) -> list[str]:
    """The reserved tokens that follow `used` ids, those of the padding included."""
    size = used + layout.reserved
    size += -size % layout.pad_to_multiple
    taken = {token.content for token in layout.added}
    names: list[str] = []
    number = 0
    while len(names) < size - used:
        if (name := f"<|reserved_{number}|>") not in taken:
            names.append(name)
        number += 1
    return names


def require_size(layout: Layout, merges: Merges, hint: str = "give more text") -> None:
    """Refuse a corpus that is too small for the vocabulary.

    hint: what else would do.

    Raises:
        OptionError: with the size that it is enough for.
    """
    reached = max(len(layout.strings), int(merges.tokens.max(initial=0)) + 1) + layout.reserved
    if reached < layout.vocab_size:
        raise OptionError(
            f"vocab_size {layout.vocab_size} cannot be reached: the corpus gives {reached} tokens "
            f"before no pair of tokens is left to merge; ask for at most that, or {hint}"
        )
