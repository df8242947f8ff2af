"""A text as the pieces that a tokenizer cuts it into, fit to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of whole characters and the ids of its tokens.

    There is one id unless tokens end inside a character, as bytes of rare characters do: then the
    characters that cannot be told apart form one piece with several ids.
    """

    text: str
    ids: tuple[int, ...]


def pieces(tokenizer: Tokenizer, text: str) -> list[Piece]:
    """Cut a text into pieces; their texts join to it, and their ids are those of `encode`."""
    data = text.encode()
    ids, spans = tokenizer.encode_spans(text, specials="text")
    found: list[Piece] = []
    begin = 0
    waiting: list[int] = []
    for identifier, (_, end) in zip(ids.tolist(), spans.tolist(), strict=True):
        waiting.append(identifier)
        at_border = end == len(data) or data[end] & 0xC0 != 0x80
        if at_border and end > begin:
            found.append(Piece(data[begin:end].decode(), tuple(waiting)))
            begin, waiting = end, []
    if waiting and found:  # tokens that stand for no text, at the end
        last = found.pop()
        found.append(Piece(last.text, (*last.ids, *waiting)))
    return found
