"""Elementary figures of compression: how much text a token holds.

Figures of a group are sums over its documents divided by each other (not means of ratios), without
BOS and EOS, on bytes and characters of the original text also where a tokenizer changes it.
Unknown tokens and changed text make a tokenizer look better than it is: read `reliability` beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tokenworks.errors import OptionError
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.ratios import Ratio, ratio_rows
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@method(
    "evaluation",
    "compression",
    paper="arXiv:2012.15613",
    year=2021,
    summary="Tokens, bytes and characters per token, fertility, continued words, characters at a limit.",
    fidelity="exact",
)
def compression(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded,
    model: object = None,
    *,
    reference: int | str | None = None,
    context: int | None = None,
) -> list[Row]:
    """Measure how much text a token holds, per language, domain and script.

    Inputs/outputs: rows `tokens`, `bytes_per_token`, `characters_per_token`, `tokens_per_character`,
    `fertility` (tokens per word between white space), `fertility_unicode` (per word of UAX #29),
    `continued_words` and `continued_words_unicode` (percent of words cut into several tokens),
    `normalized_length` (tokens over those of `reference`, a name or number) and
    `characters_at_limit` (characters that `context` tokens hold).
    Cost: sums over documents. Deviations: none; fertility and continued words are those of Rust et
    al. with the word rule stated. Raises: OptionError for an unknown reference or a context below 1.
    """
    encoded = Encoded.of(tokenizers, samples)
    tokens = encoded.tokens
    ratios = [
        Ratio("bytes_per_token", "bytes/token", "higher", encoded.bytes, tokens),
        Ratio("characters_per_token", "characters/token", "higher", encoded.characters, tokens),
        Ratio("tokens_per_character", "tokens/character", "lower", tokens, encoded.characters),
        Ratio("fertility", "tokens/word", "lower", tokens, encoded.words),
        Ratio("fertility_unicode", "tokens/word", "lower", tokens, encoded.unicode_words),
        Ratio("continued_words", "%", "lower", encoded.continued, encoded.words, 100),
        Ratio(
            "continued_words_unicode",
            "%",
            "lower",
            encoded.continued_unicode,
            encoded.unicode_words,
            100,
        ),
    ]
    if reference is not None:
        own = tokens[_number(encoded, reference)]
        ratios.append(Ratio("normalized_length", "ratio", "lower", tokens, own))
    if context is not None:
        if context < 1:
            raise OptionError(f"context is {context}; expected a number of tokens, 1 or more")
        ratios.append(
            Ratio(
                "characters_at_limit", "characters", "higher", encoded.characters, tokens, context
            )
        )
    return [*_totals(encoded), *ratio_rows(encoded, ratios)]


def _totals(encoded: Encoded) -> Iterator[Row]:
    for group in encoded.groups:
        totals = encoded.tokens[:, group.documents].sum(axis=1)
        for name, total in zip(encoded.names, totals.tolist(), strict=True):
            yield Row(
                tokenizer=name,
                metric="tokens",
                kind=group.kind,
                group=group.name,
                value=float(total),
                low=None,
                high=None,
                unit="tokens",
                direction="lower",
                n=len(group.documents),
            )


def _number(encoded: Encoded, reference: int | str) -> int:
    if isinstance(reference, str):
        if reference in encoded.names:
            return encoded.names.index(reference)
        raise OptionError(f"reference {reference!r} is not one of {', '.join(encoded.names)}")
    if not 0 <= reference < len(encoded.names):
        raise OptionError(f"reference {reference} is not a number below {len(encoded.names)}")
    return reference
