"""Byte pair encoding over bytes or characters, equal to Hugging Face's trainer merge for merge."""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import layout_of, split_of
from tokenworks.training.characters import character_layout
from tokenworks.training.passes import PretokenPass
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import Layout, definition_of, require_size
from tokenworks.training.words import learn, learn_words

ALPHABETS = ("bytes", "characters")


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
    alphabet: str = "bytes",
    limit_alphabet: int | None = None,
    initial_alphabet: Sequence[str] = (),
) -> Tokenizer:
    """Merge the most frequent pair of neighbouring tokens, again and again.

    Inputs/outputs: text; a tokenizer of exactly `vocab_size` tokens (then padded to a multiple).
    `digits` and `normalizer` are told at `pretokens`. `alphabet` is "bytes" or "characters": those of
    the text (the `limit_alphabet` most frequent ones, `initial_alphabet` in any case), and others
    fall back to bytes. `max_token_length` counts bytes or characters. With a `base` its ids and merges
    come first. Ids are special tokens, bytes, characters, merges, reserved tokens.
    Cost: one pass over the text to count pretokens; merging takes time by the distinct ones.
    Deviations: none; merges equal those of `tokenizers.trainers.BpeTrainer` with the whole byte
    alphabet (or its characters), for the same pretokens. Counts are 64-bit. Of equally rare
    characters those of smaller code point are kept, where the reference leaves it to chance; no merge
    of characters spells a special token or a byte such as <0x41>.
    Raises: OptionError if the text does not yield so many tokens, with the number that it yields.
    """
    if alphabet not in ALPHABETS:
        raise OptionError(f"alphabet {alphabet!r} is not one of {', '.join(ALPHABETS)}")
    split = split_of(base, pattern, digits, normalizer, "cl100k")
    bounds = {"min_frequency": min_frequency, "max_token_length": max_token_length}
    if alphabet == "characters":
        if base is not None:
            raise OptionError("alphabet is that of the base; leave one of the two options out")
        with source.words(PretokenPass(split)) as words:
            layout: Layout = character_layout(
                words,
                vocab_size,
                special,
                reserved,
                pad_to_multiple,
                limit_alphabet,
                initial_alphabet,
            )
            merges = learn(source, layout.start(words), layout, **bounds)
        steps = split.steps[:1]
    else:
        if limit_alphabet is not None or initial_alphabet:
            raise OptionError("limit_alphabet and initial_alphabet go with alphabet 'characters'")
        layout = layout_of(vocab_size, special, reserved, pad_to_multiple, base)
        merges = learn_words(source, split, layout, **bounds)
        steps = split.steps
    require_size(layout, merges)
    return Tokenizer(definition_of("bpe", layout, merges, steps, split.normalizer))
