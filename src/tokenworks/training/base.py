"""Learning that goes on from a tokenizer: its ids and merges stay, new merges rank behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Step
from tokenworks.tokenizer.model_alone import model_alone, unmerged
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.pretokens import Pretokens, pretokens
from tokenworks.training.vocabulary import Layout, byte_layout, checked_options


@dataclass(frozen=True, slots=True, eq=False)
class BaseLayout(Layout):
    """The tokens of a base vocabulary come first. Counted pretokens are encoded with its model."""

    @property
    def reuse(self) -> bool:
        # that token has other parts where the base makes it
        return False

    def start(self, counted: CountedWords) -> CountedWords:
        encode = Encoded(self.template)
        return counted.spelled(encode, f"encoded by {encode.alone.sha256}")


def layout_of(
    vocab_size: int,
    special: Sequence[str],
    reserved: int,
    pad_to_multiple: int,
    base: Tokenizer | None,
) -> Layout:
    """The layout over the bytes, or over a base vocabulary.

    Raises:
        OptionError: the options leave no room for merges, or contradict each other.
        UnsupportedError: the base is no byte-level BPE tokenizer of one phase.
    """
    if base is None:
        return byte_layout(vocab_size, special, reserved, pad_to_multiple)
    definition = base.definition
    model = require_byte_level(definition)
    taken = {token.content for token in definition.added} | set(map(to_characters, model.pieces))
    for content in special:
        if content in taken:
            raise OptionError(f"special token {content!r} is in the base vocabulary already")
    held = set(model.ids.tolist())
    apart = [token for token in definition.added if token.id not in held]
    known = len(model.pieces) + len(apart)
    checked_options(
        vocab_size, special, reserved, pad_to_multiple, known, f"the {known} of {base.name}"
    )
    first = base.max_id_plus_one
    fresh = [AddedToken(first + i, content) for i, content in enumerate(special)]
    content_of = {token.id: token.content.encode() for token in definition.added}
    after = [token.content.encode() for token in (*apart, *fresh)]
    strings = [
        content_of.get(id) or to_characters(piece).encode()
        for piece, id in zip(model.pieces, model.ids.tolist(), strict=True)
    ]
    total = known + len(fresh)
    return BaseLayout(
        vocab_size,
        strings=(*strings, *after),
        pieces=(*model.pieces, *after),
        ids=np.concatenate(
            [model.ids, np.array([token.id for token in (*apart, *fresh)], np.uint32)]
        ),
        added=(*definition.added, *fresh),
        reserved=reserved,
        pad_to_multiple=pad_to_multiple,
        token_of_symbol=np.arange(total, dtype=np.int64),
        template=definition,
        merges=model.merges.reshape(-1, 2),
    )


def require_byte_level(definition: Definition) -> Bpe:
    """The model of a base.

    Raises:
        UnsupportedError: it is no byte-level BPE model of one phase.
    """
    model = definition.model
    if not isinstance(model, Bpe) or not model.byte_level:
        raise UnsupportedError(
            f"the base {definition.name} is no byte-level BPE tokenizer; `tokenworks extend` learns "
            "on top of other BPE tokenizers"
        )
    if definition.two_phase is not None:
        raise UnsupportedError(
            f"the base {definition.name} holds superwords already; name the tokenizer of words that "
            "it was learned from"
        )
    if model.unused or model.user_defined or model.merge_ranks is not None:
        raise UnsupportedError(f"the base {definition.name} does not merge by rank alone")
    return model


def split_of(
    base: Tokenizer | None,
    pattern: str | None,
    digits: str | None,
    normalizer: Sequence[str | Step],
    default: str,
) -> Pretokens:
    """How text is prepared: as asked for, else as the base does it, else by the default.

    Raises:
        OptionError: the base splits text in several steps and no pattern was named.
        UnsupportedError: it cannot be gone on from.
    """
    if base is None:
        return pretokens(pattern or default, digits, normalizer)
    require_byte_level(base.definition)
    if pattern is None and base.pattern is None:
        raise OptionError(
            f"the base {base.name} splits text in several steps; name the pattern to learn with"
        )
    return pretokens(pattern or str(base.pattern), digits, normalizer or base.definition.normalizer)


class Encoded:
    """Counted pretokens as tokens of a model: symbols are numbers of its pieces, uint32.

    Pretokens that were cut inside a character are left out.
    """

    def __init__(self, definition: Definition) -> None:
        model = definition.model
        assert isinstance(model, Bpe)
        self.alone = Tokenizer.from_definition(model_alone(definition))
        self._number = np.zeros(int(model.ids.max()) + 1, np.uint32)
        self._number[model.ids] = np.arange(len(model.ids), dtype=np.uint32)

    def __call__(self, counted: Words) -> Words:
        text, edges = counted.symbols.tobytes(), counted.starts.tolist()
        words, kept = [], []
        for index in range(len(counted)):
            try:
                words.append(text[edges[index] : edges[index + 1]].decode())
            except UnicodeDecodeError:
                continue
            kept.append(index)
        ids, starts = self.alone.encode_batch(words, specials="text")
        return Words(self._number[ids], starts, counted.counts[np.array(kept, np.int64)])


def unreachable(definition: Definition) -> frozenset[int]:
    """Numbers of pieces that merging their own spelling does not give."""
    model = definition.model
    if not isinstance(model, Bpe) or model.ignore_merges or not len(model.merges):
        return frozenset()
    found: NDArray[np.int64] = unmerged(replace(definition, two_phase=None))
    return frozenset(found.tolist())
