"""Drift: the share of id sequences that do not come back when their text is encoded again.

A model trained on its own samples sees ids; a trainer that keeps only the text encodes it anew and
trains on other ids than those sampled. Three ways of sampling bound what can happen: ids drawn
uniformly (the worst case), ids drawn by their frequency, and spans cut from real encodings (the
best case: only the two ends can go wrong).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.text.hostile_alphabets import CODE, LINES
from tokenworks.workflows.audit.result import Drift, Share

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

SEQUENCES = 2000
LENGTH = 16
Z = 1.959963984540054  # two-sided 95 %


def wilson(hits: int, of: int) -> Share:
    """A proportion with Wilson's 95 % interval."""
    if not of:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = hits / of, Z * Z
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Share(hits, of, max(0.0, centre - half), min(1.0, centre + half))


def drift(
    tokenizer: Tokenizer, texts: Sequence[str] = (), seed: int = 0, sequences: int = SEQUENCES
) -> tuple[Drift, ...]:
    """Measure drift for three ways of sampling.

    Args:
        tokenizer: the tokenizer.
        texts: natural text for the frequencies and the spans; when empty, a few built-in lines of
            Latin script and code.
        seed: of the sampling.
        sequences: how many sequences of 16 ids for each way.
    """
    rng = random.Random(seed)
    d = tokenizer.definition
    special = {t.id for t in d.added}
    ordinary = sorted({int(i) for i in d.model.ids} - special)
    flat, starts = tokenizer.encode_batch(
        list(texts) or [*LINES[:4], LINES[-2], LINES[-1], *CODE], specials="text"
    )
    natural = [int(i) for i in flat] or ordinary
    rows = [flat[int(starts[i]) : int(starts[i + 1])].tolist() for i in range(len(starts) - 1)]
    rows = [row for row in rows if len(row) > 1] or [natural]

    def cut() -> list[int]:
        row: list[int] = rng.choice(rows)
        at = rng.randrange(len(row))
        return row[at : at + rng.randint(1, LENGTH)]

    ways: list[tuple[str, Callable[[], list[int]]]] = []
    if ordinary:
        ways.append(("uniform", lambda: rng.choices(ordinary, k=LENGTH)))
    ways.append(("by frequency", lambda: rng.choices(natural, k=LENGTH)))
    ways.append(("spans of real encodings", cut))
    return tuple(
        _measure(tokenizer, name, [draw() for _ in range(sequences)]) for name, draw in ways
    )


def _measure(tokenizer: Tokenizer, name: str, drawn: list[list[int]]) -> Drift:
    texts, valid = [], []
    for ids in drawn:
        array = np.array(ids, dtype=np.uint32)
        texts.append(tokenizer.decode(array))
        try:
            tokenizer.decode_bytes(array).decode()
            valid.append(True)
        except UnicodeDecodeError:
            valid.append(False)
    flat, starts = tokenizer.encode_batch(texts, specials="text")
    drifted, example = [], None
    for i, ids in enumerate(drawn):
        again = flat[int(starts[i]) : int(starts[i + 1])].tolist()
        drifted.append(again != ids)
        if drifted[-1] and valid[i] and (example is None or len(ids) < len(example[0])):
            example = (tuple(ids), tuple(again), texts[i])
    kept = [d for d, v in zip(drifted, valid, strict=True) if v]
    return Drift(name, wilson(sum(drifted), len(drifted)), wilson(sum(kept), len(kept)), example)
