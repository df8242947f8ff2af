"""The readable merge walker against brute force on small models."""

from __future__ import annotations

import random

import numpy as np

from tokenworks.tokenizer.definition import Bpe
from tokenworks.tokenizer.merge_trace import MergeTrace


def small_model(seed: int) -> Bpe:
    """Three letters and a handful of random merges, some of which can never fire."""
    rng = random.Random(seed)
    pieces = [b"a", b"b", b"c"]
    merges: list[tuple[int, int]] = []
    for _ in range(7):
        left, right = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        if (left, right) in merges:
            continue
        merges.append((left, right))
        if pieces[left] + pieces[right] not in pieces:
            pieces.append(pieces[left] + pieces[right])
    rng.shuffle(merges)
    ids = np.arange(len(pieces), dtype=np.uint32)
    return Bpe(tuple(pieces), ids, np.array(merges, dtype=np.uint32), byte_level=True)


def all_words(length: int) -> list[bytes]:
    words = [b""]
    for _ in range(length):
        words += [w + c for w in words[-(3 ** len(words[-1])) :] for c in (b"a", b"b", b"c")]
    return [w for w in words if w]


def test_reachable_and_can_fire_say_what_every_text_shows() -> None:
    words = all_words(7)
    for seed in range(12):
        model = small_model(seed)
        if max(map(len, model.pieces)) > 6:
            continue  # the words would have to be longer
        trace = MergeTrace(model)
        made: set[int] = set()
        fired: set[tuple[int, int]] = set()
        for word in words:
            symbols = trace.symbols(word)
            assert symbols is not None
            final, done = trace.run(symbols)
            made.update(final)
            fired.update((m.left, m.right) for m in done)
        for left, right in model.merges.tolist():
            spelled = len(model.pieces[left] + model.pieces[right])
            if spelled <= 7:
                assert trace.can_fire(left, right) == ((left, right) in fired), (seed, left, right)
        for piece in made:
            assert trace.reachable(piece), (seed, piece)


def test_a_taken_neighbour_makes_a_piece_unreachable() -> None:
    pieces = (b"a", b"b", b"c", b"bc", b"ab", b"abc")
    merges = np.array([[1, 2], [0, 1], [4, 2]], dtype=np.uint32)
    trace = MergeTrace(Bpe(pieces, np.arange(6, dtype=np.uint32), merges, byte_level=True))
    assert trace.reachable(4)
    assert not trace.reachable(5)  # b + c comes first, and a + bc is no merge
    assert not trace.can_fire(4, 2)
