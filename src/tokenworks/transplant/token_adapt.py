"""TokenAdapt: new rows from their old pieces and from old tokens of like meaning."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids
from tokenworks.transplant.fills import normal
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, new_bytes
from tokenworks.transplant.matching import match
from tokenworks.transplant.pieces import pieces_of
from tokenworks.transplant.sparsemax import unit_rows

GLOBAL = 0.3  # share of the nearest tokens
TEMPERATURE = 0.3 + 1e-5
NEIGHBOURS = 3
_AT_ONCE = 512
_BUCKETS = 512


@method(
    "transplant",
    "token-adapt",
    paper="arXiv:2505.09738",
    year=2025,
    fidelity="adapted",
    declares=("initializer",),
)
def token_adapt(
    old: Tokenizer,
    new: Tokenizer,
    embeddings: Embeddings,
    given: Given,
    *,
    share: float = GLOBAL,
    temperature: float = TEMPERATURE,
) -> tuple[Embeddings, Report]:
    """Mix 0.7 of a token's old pieces, by meaning and length, with 0.3 of its nearest old tokens.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.encoder`, texts to
    vectors of their meaning. `share` is that of the three nearest tokens, `temperature` divides the
    scores of pieces and neighbours. Tokens with neither are drawn from N(mean, std). Cost: every token
    of both vocabularies through the encoder, targets x old tokens products. Deviations: without an
    encoder texts are compared by the characters they share (hashed n-grams), which knows spelling and no
    meaning; lengths are in bytes, since pieces need not be characters. Raises: OptionError for a share or
    temperature that cannot be.
    """
    if not 0 <= share <= 1:
        raise OptionError(f"share is {share}; it must be between 0 and 1")
    if not 0 < temperature < math.inf:
        raise OptionError(f"temperature is {temperature}; it must be a number above 0")
    matched = match(old, new, embeddings.input.rows)
    encoder = given.encoder or spelling_vectors
    tokens = new_bytes(matched)
    special = list(old.specials.values())
    candidates = np.setdiff1d(matched.used, np.array(special, np.int64))
    known = _vectors(encoder, [old.token_bytes(number) for number in candidates.tolist()])
    place_of = {number: place for place, number in enumerate(candidates.tolist())}
    wanted = _vectors(encoder, tokens)
    pieces, starts = pieces_of(old, tokens)
    near, weights = _nearest(wanted, known, temperature)
    lists: list[tuple[list[int], list[float]]] = []
    for place, token in enumerate(tokens):
        local = [
            one for one in pieces[starts[place] : starts[place + 1]].tolist() if one in place_of
        ]
        mixed: dict[int, float] = defaultdict(float)
        others = wanted[place].any() and len(candidates) > 0
        if local:
            vectors = known[[place_of[one] for one in local]]
            lengths = [len(old.token_bytes(one)) / max(1, len(token)) for one in local]
            for one, weight in zip(
                local,
                local_weights(vectors @ wanted[place], np.array(lengths, np.float32), temperature),
                strict=True,
            ):
                mixed[one] += float(weight) * (1 - share if others else 1)
        if others:
            for one, weight in zip(candidates[near[place]].tolist(), weights[place], strict=True):
                mixed[one] += float(weight) * (share if local else 1)
        kept = {one: weight for one, weight in mixed.items() if weight > 0}
        lists.append((list(kept), list(kept.values())))
    fill = normal(given.seed)
    return compose(matched, embeddings, Mixtures.of_lists(lists), fill=fill)


def local_weights(cosines: Floats, lengths: Floats, temperature: float) -> Floats:
    """Weights of the pieces of one token: softmax of likeness and length, float32 [n], sum 1."""
    scores = (_softmax(cosines) + lengths) / 2
    return _softmax((scores / temperature).astype(np.float32))


def _softmax(scores: Floats) -> Floats:
    raised: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    raised /= raised.sum(axis=-1, keepdims=True)
    return raised


def _nearest(wanted: Floats, known: Floats, temperature: float) -> tuple[Ids, Floats]:
    k = min(NEIGHBOURS, len(known))
    near = np.zeros((len(wanted), k), np.int64)
    weights = np.zeros((len(wanted), k), np.float32)
    for start in range(0, len(wanted), _AT_ONCE):
        span = slice(start, start + _AT_ONCE)
        cosines = np.round(wanted[span] @ known.T, 5)
        near[span] = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(cosines, near[span], axis=1)
        raised = _softmax((best / temperature).astype(np.float32)) * (
            best > 0
        )  # the threshold is 0
        total = raised.sum(axis=1, keepdims=True)
        weights[span] = np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)
    return near, weights


def _vectors(encoder: object, tokens: Sequence[bytes]) -> Floats:
    assert callable(encoder)
    texts = [token.decode("utf-8", "replace") for token in tokens]
    if not texts:
        return np.zeros((0, 1), np.float32)
    return unit_rows(np.asarray(encoder(texts), np.float32))


def spelling_vectors(texts: Sequence[str]) -> Floats:
    """Texts by their characters, pairs and triples of them, hashed: float32 [n, 512]."""
    made = np.zeros((len(texts), _BUCKETS), np.float32)
    for place, text in enumerate(texts):
        bounded = f"\x02{text.strip().lower() or text}\x03"
        for size in (1, 2, 3):
            for start in range(len(bounded) - size + 1):
                code = crc32(bounded[start : start + size].encode("utf-8", "surrogatepass"))
                made[place, code % _BUCKETS] += 1 if code & 0x10000 else -1
    return made
