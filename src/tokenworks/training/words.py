"""Merges within pretokens: the first stage of every method that keeps words apart."""

from __future__ import annotations

from tokenworks.errors import OptionError
from tokenworks.training.base import BaseLayout
from tokenworks.training.merges import CountedWords, Merges, Words, learn_merges
from tokenworks.training.passes import PretokenPass
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import Layout


def learn_words(
    source: TextSource,
    split: Pretokens,
    layout: Layout,
    *,
    min_frequency: int | None = 0,
    max_token_length: int | None = None,
) -> Merges:
    """Merges for the whole vocabulary.

    Raises:
        OptionError: a bound on lengths, which count symbols, over a base vocabulary.
    """
    if type(layout) is Layout:  # bytes are its symbols, whatever words there are
        words = source.learnable(PretokenPass(split), len(layout.strings), layout.learned_size)
    else:
        words = layout.start(source.counts(split))
    return learn(
        source,
        words,
        layout,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
    )


def learn(
    source: TextSource,
    words: Words | CountedWords,
    layout: Layout,
    *,
    min_frequency: int | None = 0,
    max_token_length: int | None = None,
) -> Merges:
    """Merges for the whole vocabulary, from words of symbols that the layout knows."""
    if max_token_length is not None and isinstance(layout, BaseLayout):
        raise OptionError("max_token_length counts bytes; it does not go together with a base")
    return learn_merges(
        words,
        layout.strings,
        layout.token_of_symbol,
        layout.learned_size,
        min_frequency=min_frequency or 0,
        max_token_length=max_token_length,
        reuse=layout.reuse,
        progress=source.stages("merging", layout.learned_size),
    )
