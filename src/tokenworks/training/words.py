"""Merges within pretokens: the first stage of every method that keeps words apart."""

from __future__ import annotations

from tokenworks.errors import OptionError
from tokenworks.training.base import BaseLayout
from tokenworks.training.counted_words import CountedWords
from tokenworks.training.merges import Merges, learn_merges
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
    size: int | None = None,
) -> Merges:
    """Merges of words.

    Args:
        source: text.
        split: how it is split.
        layout: what is known before.
        min_frequency, max_token_length: see `learn_merges`.
        size: tokens at which learning ends, if not with the whole vocabulary.

    Raises:
        OptionError: a bound on lengths, which count symbols, over a base vocabulary.
    """
    if max_token_length is not None and isinstance(layout, BaseLayout):
        raise OptionError("max_token_length counts bytes; it does not go together with a base")
    with source.words(PretokenPass(split)) as words:
        return learn(
            source,
            layout.start(words),
            layout,
            min_frequency=min_frequency,
            max_token_length=max_token_length,
            size=size,
        )


def learn(
    source: TextSource,
    words: CountedWords,
    layout: Layout,
    *,
    min_frequency: int | None = 0,
    max_token_length: int | None = None,
    size: int | None = None,
) -> Merges:
    """The same from words of symbols that the layout knows."""
    size = layout.learned_size if size is None else size
    return learn_merges(
        words,
        layout.strings,
        layout.token_of_symbol,
        size,
        min_frequency=min_frequency or 0,
        max_token_length=max_token_length,
        reuse=layout.reuse,
        progress=source.stages("merging", size),
    )
