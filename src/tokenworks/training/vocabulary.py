"""The ids of a vocabulary: special tokens, the byte alphabet, merges, reserved tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.byte_map import BYTE_TO_CHAR
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin, Step
from tokenworks.training.merges import Merges

# Bytes in the order of the characters that stand for them, which is how the reference numbers them.
BYTE_ORDER = tuple(sorted(range(256), key=lambda byte: BYTE_TO_CHAR[byte]))


@dataclass(frozen=True, slots=True)
class Layout:
    """How many ids there are and what they are for.

    vocab_size: all tokens together, before padding. special: contents of the special tokens, which
    get the first ids. reserved: special tokens without a use yet, after the merges.
    pad_to_multiple: the vocabulary is filled up with reserved tokens to a multiple of it.
    """

    vocab_size: int
    special: tuple[str, ...] = ()
    reserved: int = 0
    pad_to_multiple: int = 1

    def __post_init__(self) -> None:
        if self.reserved < 0:
            raise OptionError(f"reserved is {self.reserved}; it must be 0 or more")
        if self.pad_to_multiple < 1:
            raise OptionError(f"pad_to_multiple is {self.pad_to_multiple}; it must be 1 or more")
        if len(set(self.special)) < len(self.special) or "" in self.special:
            raise OptionError("special tokens must be different from each other and not empty")
        least = len(self.special) + 256 + self.reserved
        if self.vocab_size < least:
            raise OptionError(
                f"vocab_size is {self.vocab_size}; {len(self.special)} special tokens, 256 bytes and "
                f"{self.reserved} reserved tokens take {least} already"
            )

    @property
    def learned_size(self) -> int:
        """Special tokens, bytes and merges."""
        return self.vocab_size - self.reserved

    @property
    def strings(self) -> list[bytes]:
        """The spelling of each token that is there before the merges."""
        alphabet = [BYTE_TO_CHAR[byte] for byte in BYTE_ORDER]
        return [text.encode() for text in dict.fromkeys([*self.special, *alphabet])]

    @property
    def token_of_byte(self) -> NDArray[np.int64]:
        """int64 [256], the id of each byte."""
        ids = {text: token for token, text in enumerate(self.strings)}
        return np.array([ids[char.encode()] for char in BYTE_TO_CHAR], dtype=np.int64)

    def reserved_tokens(self, used: int) -> list[str]:
        """The reserved tokens that follow `used` tokens, those of the padding included."""
        size = used + self.reserved
        size += -size % self.pad_to_multiple
        return [f"<|reserved_{i}|>" for i in range(size - used)]


def spelled(layout: Layout, merges: Merges) -> list[bytes]:
    """The bytes of each token: special tokens, bytes and merges."""
    pieces = [text.encode() for text in layout.special]
    of_byte = layout.token_of_byte.tolist()
    pieces += [b""] * (len(layout.strings) - len(pieces))
    for byte, token in enumerate(of_byte):
        pieces[token] = bytes((byte,))
    for (left, right), token in zip(merges.pairs.tolist(), merges.tokens.tolist(), strict=True):
        if token == len(pieces):
            pieces.append(pieces[left] + pieces[right])
    return pieces


def byte_level_definition(
    name: str,
    layout: Layout,
    merges: Merges,
    pretokenizer: Sequence[Step],
    normalizer: Sequence[Step] = (),
    phases: Sequence[NDArray[np.uint64]] | None = None,
) -> Definition:
    """The definition of a byte-level BPE tokenizer with these merges.

    phases: the counts at which the merges of each phase were made; those of `merges` if left out.
    """
    pieces = spelled(layout, merges)
    reserved = layout.reserved_tokens(len(pieces))
    first = len(pieces)
    pieces += [text.encode() for text in reserved]
    added = [AddedToken(id, content) for id, content in enumerate(layout.special)]
    added += [AddedToken(first + i, content) for i, content in enumerate(reserved)]
    return Definition(
        name=name,
        model=Bpe(
            pieces=tuple(pieces),
            ids=np.arange(len(pieces), dtype=np.uint32),
            merges=merges.pairs,
            byte_level=True,
        ),
        normalizer=tuple(normalizer),
        pretokenizer=tuple(pretokenizer),
        decoder=(
            {
                "type": "ByteLevel",
                "add_prefix_space": True,
                "trim_offsets": True,
                "use_regex": True,
            },
        ),
        added=tuple(added),
        origin=Origin("trained", extra={"merge_counts": tuple(phases or (merges.counts,))}),
    )


def require_size(layout: Layout, merges: Merges) -> None:
    """Refuse a corpus that is too small for the vocabulary.

    Raises:
        OptionError: with the size that it is enough for.
    """
    reached = max(len(layout.strings), int(merges.tokens.max(initial=0)) + 1) + layout.reserved
    if reached < layout.vocab_size:
        raise OptionError(
            f"vocab_size {layout.vocab_size} cannot be reached: the corpus gives {reached} tokens "
            "before no pair of tokens is left to merge; ask for at most that, or give more text"
        )
