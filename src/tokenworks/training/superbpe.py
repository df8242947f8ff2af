"""SuperBPE: words first, then tokens that bridge the spaces between them."""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import layout_of, split_of
from tokenworks.training.chunks import learn_chunks
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.superwords import ELIGIBLE, SINGLE_PASS, compete
from tokenworks.training.vocabulary import Layout, definition_of, require_size
from tokenworks.training.words import learn_words

VARIANTS = ("runs", "chunks")


@method(
    "training",
    "superbpe",
    paper="arXiv:2503.13423",
    year=2025,
    fidelity="faithful",
    declares=("lossless", "order-free", "greedy-counts"),
)
def superbpe(
    source: TextSource,
    vocab_size: int,
    *,
    variant: str = "runs",
    transition: float | str = 0.8,
    max_words: int | None = None,
    veto_colon_space: bool | None = None,
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
    """Learn a share of the vocabulary within words, the rest across the spaces between them.

    Inputs/outputs: text; a tokenizer of `vocab_size` tokens. `transition` is the size of the
    vocabulary at which words end, as a share (0.8), a number of tokens (26214), or "auto": where word
    merges stop being the more frequent ones. `variant` "runs" merges whole words only, from counted
    runs of words (arXiv:2604.05192), and is encoded in two phases; "chunks" is the published second
    stage on the same text with wider pretokens, encoded in a single pass by any BPE library.
    `max_words` and `veto_colon_space` default to none and False for runs, 4 and True for chunks.
    Cost: two passes over the text; "chunks" holds each distinct chunk as tokens of the first stage.
    Deviations: documents are not cut at a percentile of their lengths. All words that are tokens may
    join. In "chunks" exactly the first-stage merges are inherited (the published script drops one).
    Raises: OptionError if the text does not yield so many tokens.
    """
    if variant not in VARIANTS:
        raise OptionError(f"variant {variant!r} is not one of {', '.join(VARIANTS)}")
    source.require_again()
    layout = layout_of(vocab_size, special, reserved, pad_to_multiple, base)
    split = split_of(base, pattern, digits, normalizer, "o200k")
    known = len(layout.strings)
    kept = None if transition == "auto" else _kept(transition, layout, known)
    if variant == "chunks" and kept is None:
        raise OptionError("transition 'auto' is for runs; give chunks a share or a size")
    size = None if kept is None else known + kept
    words = learn_words(source, split, layout, min_frequency=min_frequency, size=size)
    if variant == "chunks" and kept is not None:
        wide = pretokens(SINGLE_PASS, digits, normalizer)
        merges = learn_chunks(
            source,
            wide,
            layout,
            words.first(kept),
            max_words=4 if max_words is None else max_words,
            veto_colon_space=veto_colon_space is not False,
        )
        require_size(layout, merges)
        definition = definition_of(
            "superbpe",
            layout,
            merges,
            wide.steps,
            wide.normalizer,
            phases=(merges.counts[:kept], merges.counts[kept:]),
        )
        return Tokenizer(definition)
    return compete(
        "superbpe",
        source,
        split,
        layout,
        words,
        kept=kept,
        eligible=eligible,
        max_words=max_words or 0,
        veto_colon_space=bool(veto_colon_space),
    )


def _kept(transition: float | str, layout: Layout, known: int) -> int:
    """How many word merges there are."""
    try:
        asked = float(transition)
    except ValueError:
        asked = -1.0
    size = layout.vocab_size
    words = round(asked * size) if asked < 1 else round(asked)
    if asked < 0 or words > layout.learned_size:
        raise OptionError(
            f"transition is {transition!r}; expected 'auto', a share below 1, or a number of tokens "
            f"up to {layout.learned_size}"
        )
    return max(0, words - known)
