"""What a figure of compression hides: unknown tokens, text that does not come back, unused tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.ratios import Ratio, ratio_rows
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@method(
    "evaluation",
    "reliability",
    paper="arXiv:2012.15613",
    year=2021,
    summary="Unknown tokens, documents that do not survive, and how much of the vocabulary is used.",
    fidelity="adapted",
)
def reliability(
    tokenizers: Sequence[Tokenizer], samples: Iterable[Sample] | Encoded, model: object = None
) -> list[Row]:
    """Measure what stands beside every figure of compression.

    Inputs/outputs: rows `unknown_tokens` (percent of tokens), `changed_documents` (percent of
    documents that decoding does not give back), `used_vocabulary` (percent of all tokens that the
    documents use at least once) and `used_tokens` (how many).
    Cost: one pass over the counts of ids. Deviations: the paper reports unknown tokens; the other
    figures are ours. Raises: nothing.
    """
    encoded = Encoded.of(tokenizers, samples)
    ones = np.ones(len(encoded), dtype=np.int64)
    shares = [
        Ratio("unknown_tokens", "%", "lower", encoded.unknown, encoded.tokens, 100),
        Ratio("changed_documents", "%", "lower", encoded.altered.astype(np.int64), ones, 100),
    ]
    return [*ratio_rows(encoded, shares), *_used(encoded)]


def _used(encoded: Encoded) -> Iterator[Row]:
    for group in encoded.groups:
        for number, (name, tokenizer) in enumerate(
            zip(encoded.names, encoded.tokenizers, strict=True)
        ):
            used = int(np.count_nonzero(encoded.counts(number, group)))
            share = 100 * used / tokenizer.n_tokens
            for metric, value, unit in (
                ("used_tokens", float(used), "tokens"),
                ("used_vocabulary", share, "%"),
            ):
                yield Row(
                    tokenizer=name,
                    metric=metric,
                    kind=group.kind,
                    group=group.name,
                    value=value,
                    low=None,
                    high=None,
                    unit=unit,
                    direction="none",
                    n=len(group.documents),
                )
