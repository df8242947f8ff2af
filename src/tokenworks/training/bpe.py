"""Byte-level byte pair encoding, equal to Hugging Face's trainer merge for merge."""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import layout_of, split_of
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import definition_of, require_size
from tokenworks.training.words import learn_words


@method(
    "training",
    "bpe",
    paper="doi:10.18653/v1/P16-1162",
    year=2016,
    fidelity="exact",
    declares=("lossless", "order-free", "greedy-counts"),
)
def bpe(
    source: TextSource,
    vocab_size: int,
    *,
    pattern: str | None = None,
    digits: str | None = None,
    normalizer: Sequence[str | Step] = (),
    special: Sequence[str] = (),
    reserved: int = 0,
    pad_to_multiple: int = 1,
    base: Tokenizer | None = None,
    min_frequency: int = 0,
    max_token_length: int | None = None,
) -> Tokenizer:
    """Merge the most frequent pair of neighbouring tokens, again and again.

    Inputs/outputs: text; a tokenizer of exactly `vocab_size` tokens (then padded to a multiple).
    `digits` and `normalizer` are told at `pretokens`. `max_token_length` is in bytes.
    Ids are special tokens, bytes, merges, reserved tokens.
    Cost: one pass over the text to count pretokens; merging takes time by the distinct ones.
    Deviations: none; merges equal those of `tokenizers.trainers.BpeTrainer` with the whole byte
    alphabet, for the same pretokens. Counts are 64-bit.
    Raises: OptionError if the text does not yield so many tokens, with the number that it yields.
    """
    layout = layout_of(vocab_size, special, reserved, pad_to_multiple, base)
    split = split_of(base, pattern, digits, normalizer, "cl100k")
    merges = learn_words(
        source,
        split,
        layout,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
    )
    require_size(layout, merges)
    return Tokenizer(definition_of("bpe", layout, merges, split.steps, split.normalizer))
