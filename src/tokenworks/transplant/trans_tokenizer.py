"""Trans-Tokenizer: new rows from the old tokens that translate them in a parallel corpus."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.alignment import align
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.fills import normal
from tokenworks.transplant.initialization import (
    Given,
    Mixtures,
    Report,
    compose,
    new_bytes,
    require,
)
from tokenworks.transplant.matching import match
from tokenworks.transplant.text_ids import encoded

Weights = dict[int, float]

_EACH, _OF_A_WORD = 1000.0, 2000.0  # what the counts of one token are brought to in a pool


@method(
    "transplant",
    "trans-tokenizer",
    paper="arXiv:2408.04303",
    year=2024,
    fidelity="adapted",
    declares=("initializer", "needs-parallel"),
)
def trans_tokenizer(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Mix old rows by how often their tokens are aligned with the new one in translations.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.parallel`. A token that
    was never aligned pools the counts of tokens that begin with it and of the longest aligned tokens
    inside it, each brought to 1,000 (2,000 where it begins a word). Tokens with none are drawn from
    N(mean, std). Cost: five rounds over the token pairs of every sentence, in two directions.
    Deviations: the aligner is our own, of fast_align's model, and counts what its two directions agree
    on; shared tokens are copied. Raises: OptionError without translations.
    """
    require(given, "parallel", "trans-tokenizer", "translated sentences (--parallel)")
    matched = match(old, new, embeddings.input.rows)
    sources = encoded(old, (one for one, _ in given.parallel))
    targets = encoded(new, (two for _, two in given.parallel))
    found = align(list(zip(sources, targets, strict=True)))
    counts: dict[int, Weights] = defaultdict(dict)
    for source, target, count in zip(
        found.source.tolist(), found.target.tolist(), found.count.tolist(), strict=True
    ):
        counts[target][source] = count
    pool = _Pool(old, {new.token_bytes(number): weights for number, weights in counts.items()})
    lists = []
    for number, token in zip(matched.targets.tolist(), new_bytes(matched), strict=True):
        weights = counts.get(number) or pool.for_token(token)
        total = sum(weights.values())
        lists.append((list(weights), [one / total for one in weights.values()]))
    notes = {
        "aligned": sum(number in counts for number in matched.targets.tolist()),
        "pooled": sum(
            number not in counts and len(ids) > 0
            for number, (ids, _) in zip(matched.targets.tolist(), lists, strict=True)
        ),
    }
    return compose(
        matched, embeddings, Mixtures.of_lists(lists), fill=normal(given.seed), notes=notes
    )


class _Pool:
    """The counts of aligned tokens that are like one which was not."""

    def __init__(self, old: Tokenizer, counts: dict[bytes, Weights]) -> None:
        self._counts = counts
        self._spelled = sorted(counts)
        self._begins = {
            source: old.token_bytes(source).startswith(b" ")
            for weights in counts.values()
            for source in weights
        }

    def for_token(self, token: bytes) -> Weights:
        pooled: dict[int, float] = defaultdict(float)
        for other in [*self._beginning(token), *self._inside(token)]:
            weights = self._counts[other]
            total = sum(weights.values())
            for source, count in weights.items():
                scale = _OF_A_WORD if self._begins[source] else _EACH
                pooled[source] += scale * count / total
        return dict(pooled)

    def _beginning(self, token: bytes) -> list[bytes]:
        found = []
        for place in range(bisect_left(self._spelled, token), len(self._spelled)):
            if not self._spelled[place].startswith(token):
                break
            found.append(self._spelled[place])
        return found

    def _inside(self, token: bytes) -> list[bytes]:
        """The longest aligned tokens inside, none overlapping another, from the left."""
        found = []
        start = 0
        while start < len(token):
            for end in range(len(token), start, -1):
                if token[start:end] in self._counts:
                    found.append(token[start:end])
                    start = end
                    break
            else:
                start += 1
        return found
