"""How the tokens of one tokenizer lie on the bytes of a batch of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks._native import lay_tokens
from tokenworks.tokenizer.token_bytes import leading_space

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Ints = NDArray[np.int64]

# How tokens spell a text: as it is, with a space before it, or otherwise.
SAME, AFTER_SPACE, OTHER = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A batch of texts end to end. data: their UTF-8, uint8 [bytes]; begins: int64 [n + 1]."""

    texts: list[str]
    data: NDArray[np.uint8]
    begins: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Ids of a batch, uint32 [total]; where each text begins in them, int64 [n + 1]; whether a token
    begins at each byte, bool [bytes + 1]; whether each text does not come back, bool [n]."""

    ids: NDArray[np.uint32]
    starts: Ints
    cut: NDArray[np.bool_]
    altered: NDArray[np.bool_]


class TokenBytes:
    """The bytes of every token of a tokenizer: `spelled` by rising id, as `known`, and as flat arrays."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        size = tokenizer.max_id_plus_one
        known = sorted(
            {*tokenizer.definition.model.ids.tolist(), *(t.id for t in tokenizer.definition.added)}
        )
        self.spelled = [tokenizer.token_bytes(number) for number in known]
        self.known: Ints = np.array(known, dtype=np.int64)
        self.lengths = np.zeros(size, dtype=np.int64)
        self.lengths[self.known] = [len(one) for one in self.spelled]
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.blob = np.frombuffer(b"".join(self.spelled) or b"\0", dtype=np.uint8)
        self.drops_space = self._drops_space()

    @property
    def unknown_id(self) -> int | None:
        """The id that stands for what the vocabulary cannot spell."""
        return self.tokenizer.definition.model.unk_id

    def _drops_space(self) -> bool:
        """Whether decoding does nothing to joined bytes but drop the space before the first word."""
        definition = self.tokenizer.definition
        kinds = {step["type"] for step in definition.decoder}
        return leading_space(definition) and kinds <= {
            *("Replace", "ByteFallback", "Fuse", "Strip", "Metaspace")
        }

    def lay(self, batch: Texts, ids: NDArray[np.uint32], starts: Ints) -> Laid:
        """Find where tokens begin in the texts, and which texts decoding does not give back."""
        cut, spelling = self._laid(batch, ids, starts)
        altered = self._altered(batch, ids, starts, spelling)
        for number in np.flatnonzero(spelling == OTHER).tolist():
            begin = int(batch.begins[number])
            _, spans = self.tokenizer.encode_spans(batch.texts[number], specials="text")
            filled = spans[spans[:, 1] > spans[:, 0]]
            cut[begin + filled[:, 0].astype(np.int64)] = True
        return Laid(ids, starts, cut, altered)

    def altered(self, batch: Texts, ids: NDArray[np.uint32], starts: Ints) -> NDArray[np.bool_]:
        """Which texts decoding does not give back, bool [n]."""
        return self._altered(batch, ids, starts, self._laid(batch, ids, starts)[1])

    def _laid(
        self, batch: Texts, ids: NDArray[np.uint32], starts: Ints
    ) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        """Whether a token begins at each byte, bool [bytes + 1], and how each text is spelled, [n]."""
        cut = np.zeros(len(batch.data) + 1, dtype=np.uint8)
        spelling = lay_tokens(
            self.blob, self.offsets, self.lengths, ids, starts, batch.data, batch.begins, cut
        )
        return cut.view(np.bool_), np.frombuffer(spelling, dtype=np.uint8)

    def _altered(
        self,
        batch: Texts,
        ids: NDArray[np.uint32],
        starts: Ints,
        spelling: NDArray[np.uint8],
    ) -> NDArray[np.bool_]:
        # Without a decoder there are spaces between the tokens of a decoded text.
        doubtful = (spelling != SAME) | (not self.tokenizer.definition.decoder)
        if self.drops_space:
            # The space that a tokenizer puts before the first word is dropped by decoding it.
            first = np.append(batch.data, np.uint8(0))[batch.begins[:-1]]
            known = (spelling == AFTER_SPACE) & (first != ord(" "))
            if self.unknown_id is not None:
                holders = np.flatnonzero(ids == self.unknown_id)
                known[np.searchsorted(starts, holders, side="right") - 1] = False
            doubtful &= ~known
        altered = np.zeros(len(spelling), dtype=bool)
        for number in np.flatnonzero(doubtful).tolist():
            own = ids[int(starts[number]) : int(starts[number + 1])]
            altered[number] = self.tokenizer.decode(own) != batch.texts[number]
        return altered


def spelled_tokens(
    tokenizers: Sequence[Tokenizer], samples: object
) -> Iterator[tuple[str, TokenBytes]]:
    """Names and token bytes of tokenizers, taken from an `Encoded` where that is given."""
    from tokenworks.evaluation.encoded import Encoded, distinct_names

    if isinstance(samples, Encoded):
        yield from zip(samples.names, samples.token_bytes, strict=True)
    else:
        for name, tokenizer in zip(distinct_names(tokenizers), tokenizers, strict=True):
            yield name, TokenBytes(tokenizer)


def joined_texts(texts: list[str]) -> Texts:
    """Texts end to end."""
    sizes = [len(text.encode()) for text in texts]
    begins = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return Texts(texts, np.frombuffer("".join(texts).encode(), np.uint8), begins)


def lay_texts(spelled: TokenBytes, texts: list[str]) -> tuple[Texts, Laid]:
    """Tokenize texts and find where tokens begin in them."""
    batch = joined_texts(texts)
    ids, starts = spelled.tokenizer.encode_batch(texts, specials="text")
    return batch, spelled.lay(batch, ids, starts.astype(np.int64))
