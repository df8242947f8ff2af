"""BoundlessBPE: word merges and superword merges compete for the vocabulary by their counts."""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import layout_of, split_of
from tokenworks.training.source import TextSource
from tokenworks.training.superwords import ELIGIBLE, compete
from tokenworks.training.words import learn_words


@method(
    "training",
    "boundlessbpe",
    paper="arXiv:2504.00178",
    year=2025,
    fidelity="faithful",
    declares=("lossless", "order-free", "greedy-counts"),
)
def boundlessbpe(
    source: TextSource,
    vocab_size: int,
    *,
    pattern: str | None = None,
    digits: str | None = None,
    normalizer: Sequence[str | Step] = (),
    eligible: str = ELIGIBLE,
    special: Sequence[str] = (),
    reserved: int = 0,
    pad_to_multiple: int = 1,
    base: Tokenizer | None = None,
    min_frequency: int = 0,
) -> Tokenizer:
    """Replace the rarest word merges by more frequent merges of whole words.

    Inputs/outputs: text; a tokenizer of `vocab_size` tokens that is encoded in two phases.
    `eligible` is the regex of words that may join.
    Cost: two passes over the text; the second counts runs of words once instead of keeping documents.
    Deviations: the two-phase form of arXiv:2604.05192 (equal to one phase; ties go to the word merge),
    without deletion of tokens. Byte alphabet of 256 instead of the 243 bytes of valid UTF-8.
    Raises: OptionError if the text does not yield so many tokens.
    """
    source.require_again()
    layout = layout_of(vocab_size, special, reserved, pad_to_multiple, base)
    split = split_of(base, pattern, digits, normalizer, "o200k")
    words = learn_words(source, split, layout, min_frequency=min_frequency)
    return compete("boundlessbpe", source, split, layout, words, kept=None, eligible=eligible)
