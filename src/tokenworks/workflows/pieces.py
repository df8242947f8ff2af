"""A text as the pieces that a tokenizer cuts it into, fit to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.workflows.ids import SpecialPolicy


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of whole characters and the ids of its tokens.

    There is one id unless tokens end inside a character, as bytes of rare characters do: then the
    characters that cannot be told apart form one piece with several ids.
    """

    text: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CutText:
    """The pieces of the beginning of a text, and the tokens of all of it."""

    tokens: int
    pieces: list[Piece]


def pieces(tokenizer: Tokenizer, text: str) -> list[Piece]:
    """Cut a text into pieces; their texts join to it, and their ids are those of `encode`."""
    return cut_text(tokenizer, text).pieces


def cut_text(
    tokenizer: Tokenizer,
    text: str,
    *,
    specials: SpecialPolicy = "text",
    shown: int | None = None,
) -> CutText:
    """Cut a text into pieces, all of them or those at its beginning.

    Args:
        tokenizer: which cuts.
        text: to cut, without lone surrogates.
        specials: what to do with the text of a special token, as `Tokenizer.encode`.
        shown: stop after the piece that reaches this many bytes.

    Raises:
        TextError: a lone surrogate, or a special token with specials="error".
    """
    ids, spans = tokenizer.encode_spans(text, specials=specials)
    data = np.frombuffer(text.encode(), np.uint8)
    starts = (data & 0xC0) != 0x80  # bytes that begin a character
    ends = spans[:, 1].astype(np.int64)
    border = np.append(starts, True)[ends]
    last = np.flatnonzero(border)  # the token that each piece ends with: its end is a new border
    reached = np.maximum.accumulate(np.append(0, ends[last]))
    last = last[reached[1:] > reached[:-1]]
    places = np.append(np.cumsum(starts) - 1, len(text))[ends[last]].tolist()  # in characters
    tokens, stops = ids.tolist(), (last + 1).tolist()
    if shown is not None and shown < len(data):
        kept = int(np.searchsorted(ends[last], shown)) + 1
        del places[kept:], stops[kept:]
    if len(stops) == len(last):
        # The end of a text may have no token (a normalizer dropped it), and a token may stand for none.
        places[-1:], stops[-1:] = [len(text)], [len(tokens)]
    found: list[Piece] = []
    first = begin = 0
    for stop, end in zip(stops, places, strict=True):
        found.append(Piece(text[begin:end], tuple(tokens[first:stop])))
        first, begin = stop, end
    return CutText(len(tokens), [piece for piece in found if piece.text])
