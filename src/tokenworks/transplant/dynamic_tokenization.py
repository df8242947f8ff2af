"""Dynamic tokenization: the tokens of a batch are merged further, by what is frequent in that batch."""

from __future__ import annotations

import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Floats, Rows

Token = tuple[int, ...]  # the base tokens that a token was merged from
BOUNDARIES = ("pretoken", "word", "sentence")
_ENDS = (".", "!", "?", "。", "！", "？", "\n")


@method(
    "transplant",
    "dynamic-tokenization",
    paper="arXiv:2411.18553",
    year=2024,
    fidelity="adapted",
    declares=("dynamic",),
)
def dynamic_tokenization(
    batch: Sequence[Sequence[int]],
    tokenizer: Tokenizer,
    *,
    merges: int | None = None,
    boundary: str = "word",
) -> list[list[Token]]:
    """Merge the most frequent pair of neighbours in the whole batch, again and again.

    Inputs/outputs: ids of each sequence; its tokens, each the tuple of base ids that it was merged from.
    `merges`: how often; until nothing can be merged where left out, which gives the shortest sequences.
    `boundary`: what no token crosses: the pretokens of the tokenizer, words (a token may begin with one
    space), or sentences. Special tokens are never merged, nor is a line end with another. Cost: O(merges x
    tokens). Deviations: pretokens are known by their text alone. The tokens of a sequence depend on its
    batch; give one sequence at a time where results must not. Raises: OptionError.
    """
    if boundary not in BOUNDARIES:
        raise OptionError(f"boundary {boundary!r} is not one of {', '.join(BOUNDARIES)}")
    if merges is not None and merges < 0:
        raise OptionError(f"merges is {merges}; it must not be negative")
    special = set(tokenizer.specials.values())
    allowed = _allowed(tokenizer, boundary)
    known: dict[tuple[Token, Token], bool] = {}
    sequences: list[list[Token]] = [[(int(number),) for number in one] for one in batch]

    def valid(pair: tuple[Token, Token]) -> bool:
        if pair not in known:
            joined = pair[0] + pair[1]
            spelled = b"".join(map(tokenizer.token_bytes, joined))
            known[pair] = special.isdisjoint(joined) and allowed(spelled)
        return known[pair]

    done = 0
    while merges is None or done < merges:
        counts: Counter[tuple[Token, Token]] = Counter()
        for sequence in sequences:
            counts.update(pairwise(sequence))
        best = max((pair for pair in counts if valid(pair)), key=counts.__getitem__, default=None)
        if best is None:
            break
        sequences = [_merged(sequence, best) for sequence in sequences]
        done += 1
    return sequences


def _merged(sequence: list[Token], pair: tuple[Token, Token]) -> list[Token]:
    first, second = pair
    if first not in sequence:
        return sequence
    found: list[Token] = []
    place = 0
    while place < len(sequence):
        here = sequence[place]
        if here == first and place + 1 < len(sequence) and sequence[place + 1] == second:
            found.append(first + second)
            place += 2
        else:
            found.append(here)
            place += 1
    return found


def _allowed(tokenizer: Tokenizer, boundary: str) -> Callable[[bytes], bool]:
    """Whether the bytes of a union are one token; parts of characters always are."""
    pattern: Any = None
    if boundary == "pretoken" and tokenizer.pattern is not None:
        import regex

        pattern = regex.compile(tokenizer.pattern)

    def allowed(spelled: bytes) -> bool:
        try:
            text = spelled.decode()
        except UnicodeDecodeError:
            return True
        if not text.strip():
            return "\n" not in text
        if boundary == "sentence":
            return not any(end in text[:-1] for end in _ENDS)
        inside = text.removeprefix(" ")
        if any(
            character.isspace() or unicodedata.category(character) == "Zs" for character in inside
        ):
            return False
        return pattern is None or pattern.fullmatch(text) is not None

    return allowed


class DynamicEmbeddings:
    """Rows of dynamic tokens: those of base tokens as they are, merged ones made when they are met.

    A merged token gets the mean of its base rows (FVT), or what `maker` makes of its base ids. The last
    `size` made rows are kept.
    """

    def __init__(
        self, rows: Rows, *, maker: Callable[[Token], Floats] | None = None, size: int = 100_000
    ) -> None:
        self._rows = rows
        self._maker = maker or self._mean
        self._size = size
        self._made: OrderedDict[Token, Floats] = OrderedDict()

    def vectors(self, tokens: Sequence[Token]) -> Floats:
        """Rows of some tokens, float32 [n, width]."""
        found = np.empty((len(tokens), self._rows.width), np.float32)
        for place, token in enumerate(tokens):
            found[place] = self._row(token)
        return found

    def _row(self, token: Token) -> Floats:
        if token in self._made:
            self._made.move_to_end(token)
            return self._made[token]
        made = self._maker(token) if len(token) > 1 else self._rows.take(np.array(token))[0]
        self._made[token] = made
        if len(self._made) > self._size:
            self._made.popitem(last=False)
        return made

    def _mean(self, token: Token) -> Floats:
        mean: Floats = self._rows.take(np.array(token)).mean(axis=0)
        return mean
