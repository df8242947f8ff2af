"""An alphabet of characters in place of bytes; characters outside it fall back to their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Step
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.vocabulary import Layout, checked_options

_BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_DECODER: tuple[Step, ...] = ({"type": "ByteFallback"}, {"type": "Fuse"})


@dataclass(frozen=True, slots=True, eq=False)
class CharacterLayout(Layout):
    """Special tokens, the 256 bytes, then characters by their code points.

    character_tokens: int64, the token of each code point; -1 where it has none.
    """

    character_tokens: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def reuse(self) -> bool:
        # text that spells <0x41> must not become that byte
        return False

    def start(self, counted: CountedWords) -> CountedWords:
        return counted.spelled(self._in_tokens, f"in characters {self.character_tokens.tolist()}")

    def _in_tokens(self, counted: Words) -> Words:
        words = in_characters(counted)
        known = self.character_tokens
        points = words.symbols
        tokens = np.full(len(points), -1, np.int64)
        within = points < len(known)
        tokens[within] = known[points[within]]
        kept = tokens >= 0
        before = np.zeros(len(points) + 1, np.uint64)
        np.cumsum(kept, out=before[1:])
        return Words(tokens[kept].astype(np.uint32), before[words.starts], words.counts)


def in_characters(counted: Words) -> Words:
    """Counted pretokens as words of code points, uint32.

    Pretokens that were cut inside a character are left out.
    """
    data = counted.symbols.tobytes()
    starts, counts = counted.starts, counted.counts
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        edges = starts.tolist()
        parts = [data[a:b] for a, b in pairwise(edges)]
        kept = [index for index, part in enumerate(parts) if _is_text(part)]
        counts = counts[np.array(kept, np.int64)]
        starts = np.zeros(len(kept) + 1, np.uint64)
        np.cumsum([len(parts[index]) for index in kept], out=starts[1:])
        data = b"".join(parts[index] for index in kept)
        text = data.decode("utf-8")
    begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    before = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(begins, out=before[1:])
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return Words(points, before[starts], counts)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def character_layout(
    words: CountedWords,
    vocab_size: int,
    special: Sequence[str],
    reserved: int,
    pad_to_multiple: int,
    limit_alphabet: int | None,
    initial_alphabet: Sequence[str],
) -> CharacterLayout:
    """The layout over the characters of words.

    Args:
        words: pretokens as text.
        vocab_size, special, reserved, pad_to_multiple: as `byte_layout`.
        limit_alphabet: how many characters at most; the most frequent ones, of equal ones those of
            smaller code point, after `initial_alphabet`, whose characters are kept in any case.
        initial_alphabet: strings whose first characters belong to the alphabet.

    Raises:
        OptionError: the alphabet leaves no room for merges; the message names a limit that does.
    """
    if limit_alphabet is not None and limit_alphabet < 1:
        raise OptionError(f"limit_alphabet is {limit_alphabet}; it must be 1 or more")
    if "" in initial_alphabet:
        raise OptionError("initial_alphabet holds an empty string; give characters")
    alphabet = _alphabet(_weights(words), {ord(one[0]) for one in initial_alphabet}, limit_alphabet)
    room = vocab_size - len(special) - len(_BYTES) - reserved
    if 0 < room < len(alphabet):
        raise OptionError(
            f"vocab_size is {vocab_size}; the corpus has {len(alphabet):,} different characters and "
            f"there is room for {room:,}: ask for more tokens, or give limit_alphabet {room} or less "
            "(other characters are then spelled as bytes)"
        )
    checked_options(vocab_size, special, reserved, pad_to_multiple, len(_BYTES), "256 bytes")
    names = [*special, *_BYTES, *map(chr, alphabet.tolist())]
    spelled = tuple(text.encode() for text in dict.fromkeys(names))
    number = {text: token for token, text in enumerate(spelled)}
    tokens = np.full(int(alphabet.max(initial=0)) + 1, -1, np.int64)
    tokens[alphabet] = [number[chr(point).encode()] for point in alphabet.tolist()]
    model = Bpe(
        (),
        np.empty(0, np.uint32),
        np.empty((0, 2), np.uint32),
        byte_level=False,
        byte_fallback=True,
    )
    return CharacterLayout(
        vocab_size,
        strings=spelled,
        pieces=spelled,
        ids=np.arange(len(spelled), dtype=np.uint32),
        added=tuple(AddedToken(id, content) for id, content in enumerate(special)),
        reserved=reserved,
        pad_to_multiple=pad_to_multiple,
        token_of_symbol=np.arange(len(spelled), dtype=np.int64),
        template=Definition("characters", model, decoder=_DECODER),
        character_tokens=tokens,
    )


def _weights(words: CountedWords) -> NDArray[np.float64]:
    """How often each code point was seen."""
    weights = np.zeros(0x110000)

    def add(part: Words) -> None:
        found = in_characters(part)
        lengths = np.diff(found.starts.astype(np.int64))
        seen = np.bincount(found.symbols.astype(np.int64), np.repeat(found.counts, lengths))
        weights[: len(seen)] += seen

    words.each_part(add)
    return weights


def _alphabet(
    weights: NDArray[np.float64], given: set[int], limit: int | None
) -> NDArray[np.int64]:
    """Code points of the alphabet, in order."""
    weights[list(given)] = np.inf
    points = np.flatnonzero(weights)
    if limit is not None and len(points) > limit:
        # falling weight, then rising code point
        points = points[np.lexsort((points, -weights[points]))][:limit]
    return np.sort(points)
