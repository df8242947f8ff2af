"""Supertokens: byte pair encoding over chunks of random length, so that tokens may hold several words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import layout_of, split_of
from tokenworks.training.passes import DocumentPass
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import definition_of, require_size
from tokenworks.training.words import learn

_BYTE_LEVEL = (
    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
)


@dataclass(frozen=True, slots=True)
class _RandomChunks:
    """Cuts a document into chunks; the cuts depend on nothing but the document and the seed."""

    split: Pretokens
    lengths: tuple[int, ...]
    weights: tuple[float, ...]
    seed: int

    def __call__(self, counter: _native.Counter, document: bytes) -> None:
        counter.add_pretokens(document, self.edges(document))

    def edges(self, document: bytes) -> NDArray[np.uint64]:
        """Begin and end of the chunks in turn, in bytes."""
        text = document.decode("utf-8")
        if self.split.scanner:
            ends = _native.find_matches(self.split.scanner, text)[:, 1].astype(np.uint64)
        else:
            ends = self.split.spans(text)[1::2]
        shares = np.array(self.weights, dtype=np.float64)
        cumulative = np.cumsum(shares / shares.sum())
        entropy = hashlib.blake2b(document, digest_size=8).digest()
        random = np.random.default_rng([self.seed, int.from_bytes(entropy, "little")])
        drawn = np.searchsorted(cumulative, random.random(len(ends)), side="right")
        counts = np.asarray(self.lengths)[np.minimum(drawn, len(self.lengths) - 1)]
        last = np.cumsum(counts)
        last = np.append(last[last < len(ends)], len(ends)) - 1
        edges = np.concatenate([np.zeros(1, np.uint64), ends[last]])
        return np.stack([edges[:-1], edges[1:]], axis=1).reshape(-1)


@method(
    "training",
    "supertokens",
    paper="arXiv:2505.09738",
    year=2025,
    fidelity="adapted",
    declares=("lossless", "order-free", "greedy-counts"),
)
def supertokens(
    source: TextSource,
    vocab_size: int,
    *,
    lengths: Sequence[int] = (1, 2, 3, 4),
    weights: Sequence[float] = (0.4, 0.3, 0.2, 0.1),
    pattern: str | None = None,
    digits: str | None = None,
    normalizer: Sequence[str | Step] = (),
    special: Sequence[str] = (),
    reserved: int = 0,
    pad_to_multiple: int = 1,
    base: Tokenizer | None = None,
    min_frequency: int = 0,
    seed: int = 0,
) -> Tokenizer:
    """Cut the training text into chunks of a random number of pretokens and merge freely within them.

    Inputs/outputs: text; a tokenizer of `vocab_size` tokens that splits no text before merging.
    A chunk has `lengths[i]` pretokens with the probability `weights[i]`, drawn from `seed` and the
    document, so that neither the order of documents nor the number of threads matters.
    Cost: one pass over the text, in Python; distinct chunks are several times as many as pretokens.
    Deviations: no reference trainer is public. Lengths are drawn in pretokens, since the paper does not
    give its distribution; chunks are cut without writing a delimiter into the text.
    Raises: OptionError if the text does not yield so many tokens.
    """
    layout = layout_of(vocab_size, special, reserved, pad_to_multiple, base)
    split = split_of(base, pattern, digits, normalizer, "o200k")
    shares = np.array(weights, dtype=np.float64)
    if len(lengths) != len(shares) or not len(shares) or min(lengths) < 1 or (shares < 0).any():
        raise OptionError(
            "lengths and weights must be as many, lengths at least 1, weights not negative"
        )
    if not shares.sum() > 0:
        raise OptionError("the weights of the lengths must not all be 0")
    chunks = _RandomChunks(split, tuple(lengths), tuple(weights), seed)
    with source.words(DocumentPass(split, chunks, repr(chunks), is_text=True)) as pieces:
        merges = learn(source, layout.start(pieces), layout, min_frequency=min_frequency)
    require_size(layout, merges)
    return Tokenizer(definition_of("supertokens", layout, merges, _BYTE_LEVEL, split.normalizer))
