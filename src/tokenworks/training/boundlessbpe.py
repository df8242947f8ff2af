"""BoundlessBPE: word merges and superword merges compete for the vocabulary by their counts."""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.superwords import ELIGIBLE, compete, learn_words
from tokenworks.training.vocabulary import Layout


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
    pattern: str = "o200k",
    digits: str | None = None,
    normalizer: Sequence[str | Step] = (),
    eligible: str = ELIGIBLE,
    special: Sequence[str] = (),
    reserved: int = 0,
    pad_to_multiple: int = 1,
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
    layout = Layout(vocab_size, tuple(special), reserved, pad_to_multiple)
    split = pretokens(pattern, digits, normalizer)
    words = learn_words(source, split, layout, min_frequency)
    return compete("boundlessbpe", source, split, layout, words, kept=None, eligible=eligible)
