"""How the tokens of one tokenizer lie on the bytes of a batch of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer.token_bytes import leading_space

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Ints = NDArray[np.int64]


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
    """The bytes of every token of a tokenizer as flat arrays."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        size = tokenizer.max_id_plus_one
        known = sorted(
            {*tokenizer.definition.model.ids.tolist(), *(t.id for t in tokenizer.definition.added)}
        )
        spelled = [tokenizer.token_bytes(number) for number in known]
        self.known: Ints = np.array(known, dtype=np.int64)
        self.lengths = np.zeros(size, dtype=np.int64)
        self.lengths[self.known] = [len(one) for one in spelled]
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.blob = np.frombuffer(b"".join(spelled), dtype=np.uint8)
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

    def joined(self, ids: NDArray[np.uint32], ends: Ints) -> NDArray[np.uint8]:
        """The bytes of ids end to end; `ends` are the cumulative lengths."""
        lengths = self.lengths[ids]
        shift = self.offsets[ids] - ends + lengths
        if len(ends) and int(ends[-1]) < 1 << 30:  # a batch; half the memory traffic
            shift = shift.astype(np.int32)
        index = np.repeat(shift, lengths)
        index += np.arange(len(index), dtype=index.dtype)
        found: NDArray[np.uint8] = self.blob[index]
        return found

    def _unknown(self, ids: NDArray[np.uint32]) -> bool:
        return self.unknown_id is not None and bool((ids == self.unknown_id).any())

    def lay(self, batch: Texts, ids: NDArray[np.uint32], starts: Ints) -> Laid:
        """Find where tokens begin in the texts, and which texts decoding does not give back."""
        lengths = self.lengths[ids]
        ends = np.cumsum(lengths)
        edges = np.concatenate([[0], ends])[starts]  # [n + 1], in joined bytes
        joined = self.joined(ids, ends)
        cut = np.zeros(len(batch.data) + 1, dtype=bool)
        n = len(batch.texts)
        if np.array_equal(edges, batch.begins) and np.array_equal(joined, batch.data):
            cut[(ends - lengths)[lengths > 0]] = True
            return Laid(ids, starts, cut, np.zeros(n, dtype=bool))
        altered = np.zeros(n, dtype=bool)
        for number in range(n):
            first, last = int(starts[number]), int(starts[number + 1])
            begin, end = int(batch.begins[number]), int(batch.begins[number + 1])
            text = batch.data[begin:end]
            spelled = joined[int(edges[number]) : int(edges[number + 1])]
            extra = len(spelled) - len(text)  # 1: the space put before the first word
            if (extra == 0 and np.array_equal(spelled, text)) or (
                extra == 1 and spelled[0] == 0x20 and np.array_equal(spelled[1:], text)
            ):
                at = ends[first:last] - lengths[first:last] - edges[number] - extra
                cut[begin + np.maximum(at, 0)] = True
                known = self.drops_space and not self._unknown(ids[first:last])
                if extra and (not known or text[:1].tobytes() == b" "):
                    again = self.tokenizer.decode(ids[first:last])
                    altered[number] = again != batch.texts[number]
                continue
            altered[number] = self.tokenizer.decode(ids[first:last]) != batch.texts[number]
            _, spans = self.tokenizer.encode_spans(batch.texts[number], specials="text")
            filled = spans[spans[:, 1] > spans[:, 0]]
            cut[begin + filled[:, 0].astype(np.int64)] = True
        return Laid(ids, starts, cut, altered)


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


def lay_texts(spelled: TokenBytes, texts: list[str]) -> tuple[Texts, Laid]:
    """Tokenize texts and find where tokens begin in them."""
    sizes = [len(text.encode()) for text in texts]
    begins = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    batch = Texts(texts, np.frombuffer("".join(texts).encode(), np.uint8), begins)
    ids, starts = spelled.tokenizer.encode_batch(texts, specials="text")
    return batch, spelled.lay(batch, ids, starts.astype(np.int64))
