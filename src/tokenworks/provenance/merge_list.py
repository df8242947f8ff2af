"""The merges of a tokenizer as plain byte pair encoding would have learned them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import UnsupportedError
from tokenworks.provenance.alphabet import Alphabet
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.tokenizer.two_phase import word_phase

_NONE = 0xFFFFFFFF
_BLOCK = 8  # so many runs of one symbol in a row were put in by hand


@dataclass(frozen=True, slots=True, eq=False)
class MergeList:
    """Merges in the order in which they were learned.

    definition: whose pieces are meant, and how its text is prepared. merges: uint32 [m, 3], piece
    indices of left part, right part and result; every result has one merge, after those of its parts.
    learned: bool [m], False for a merge that was put in by hand: it is replayed, but says nothing.
    redundant: listed merges that never happen, since an earlier one takes their place. unreachable:
    piece indices of results that no merging makes. phases: whether superwords were left out.
    """

    definition: Definition
    alphabet: Alphabet
    merges: NDArray[np.uint32]
    learned: NDArray[np.bool_]
    listed: int
    redundant: int
    unreachable: tuple[int, ...]
    phases: bool = False

    def __len__(self) -> int:
        return len(self.merges)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """All pieces of the vocabulary, by index."""
        return self.alphabet.model.pieces

    @property
    def results(self) -> list[bytes]:
        """The pieces that learned merges make, in order."""
        return [self.pieces[index] for index in self.merges[self.learned, 2].tolist()]

    @property
    def by_hand(self) -> int:
        """Merges that were put in by hand."""
        return int((~self.learned).sum())


def plain_merge_list(definition: Definition) -> MergeList:
    """Read the merges of any BPE format as the list that training made.

    SentencePiece ranks results, so every split of a piece is listed; other lists hold splits that
    never happen. Of each piece the split is kept that the merges before it leave of its spelling.

    Raises:
        UnsupportedError: the vocabulary was not made by merging, or holds no merges.
    """
    phases = definition.two_phase is not None
    if phases:
        definition = word_phase(definition)
    model = definition.model
    if not isinstance(model, Bpe):
        kind = "Unigram" if isinstance(model, Unigram) else "WordPiece"
        why = (
            "its pieces were kept by likelihood, not made by merging"
            if kind == "Unigram"
            else "its file does not keep the order in which pieces were made"
        )
        raise UnsupportedError(
            f"{definition.name} is a {kind} tokenizer: {why}, so that it has no list of merges to "
            "replay; a mixture can be inferred of byte pair encodings only"
        )
    if not len(model.merges):
        raise UnsupportedError(
            f"{definition.name} has no merges: every piece is a byte or character, which says nothing "
            "about the text that it was trained on"
        )
    alphabet = Alphabet(model)
    results, listed = _results(model, alphabet)
    symbols: list[int] = []
    starts = np.zeros(len(results) + 1, dtype=np.uint64)
    for at, result in enumerate(results):
        symbols.extend(alphabet.spell_piece(result) or ())
        starts[at + 1] = len(symbols)
    spelled = np.array(symbols, dtype=np.uint32)
    order = np.array(results, dtype=np.uint32)
    parts = _native.plain_merges(order, spelled, starts)
    made = parts[:, 0] != _NONE
    if not made.any():
        raise UnsupportedError(f"{definition.name}: none of its {listed:,} merges can happen")
    merges = np.column_stack([parts[made], order[made]])
    return MergeList(
        definition,
        alphabet,
        np.ascontiguousarray(merges, dtype=np.uint32),
        ~_runs_by_hand(spelled, starts)[made],
        listed,
        listed - len(results),
        tuple(order[~made].tolist()),
        phases,
    )


def _results(model: Bpe, alphabet: Alphabet) -> tuple[list[int], int]:
    """The distinct results in the order of their first merge, and how many merges are listed."""
    pieces, index_of = model.pieces, alphabet.index_of
    prefix = model.continuing_subword_prefix.encode()
    results: dict[int, None] = {}
    listed = 0
    for left, right in model.merges.tolist():
        tail = pieces[right]
        if prefix and tail.startswith(prefix):
            tail = tail[len(prefix) :]
        result = index_of.get(pieces[left] + tail)
        if result is not None:
            listed += 1
            results.setdefault(result)
    return list(results), listed


def _runs_by_hand(symbols: NDArray[np.uint32], starts: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Results that repeat one symbol and stand in a block of such results, bool [n].

    Training makes runs one by one, as the text asks for them; a whole block is a list by hand.
    """
    begins, ends = starts[:-1].astype(np.int64), starts[1:].astype(np.int64)
    changes = np.concatenate([[0], np.cumsum(symbols[1:] != symbols[:-1])])
    runs = np.zeros(len(begins), dtype=bool)
    long = ends - begins > 1
    runs[long] = changes[ends[long] - 1] == changes[begins[long]]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], runs, [False]]).astype(np.int8)))
    by_hand = np.zeros(len(runs), dtype=bool)
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= _BLOCK:
            by_hand[begin:end] = True
    return by_hand
