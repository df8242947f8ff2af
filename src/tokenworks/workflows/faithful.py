"""Does a tokenizer keep a text: unknown tokens, and what decoding gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.workflows.ids import SpecialPolicy

AROUND = 12  # characters of context on each side of the first difference


@dataclass(frozen=True, slots=True)
class Faithful:
    """How a text came through encoding and decoding.

    unknown: tokens that stand for what the vocabulary lacks.
    wanted, got: the text and what decoding gives, around their first difference; empty where equal.
    """

    unknown: int
    wanted: str = ""
    got: str = ""

    @property
    def same(self) -> bool:
        """True if decoding gives the text back."""
        return self.wanted == self.got

    def to_json(self) -> dict[str, Any]:
        shown = {"unknown": self.unknown, "same": self.same}
        return shown if self.same else shown | {"wanted": self.wanted, "got": self.got}


def faithful(tokenizer: Tokenizer, text: str, *, specials: SpecialPolicy = "text") -> Faithful:
    """Encode a text, decode it, and compare.

    Args:
        tokenizer: to try.
        text: without lone surrogates.
        specials: what to do with the text of a special token, as `Tokenizer.encode`.

    Raises:
        TextError: as `Tokenizer.encode`.
    """
    ids = tokenizer.encode(text, specials=specials)
    unk = tokenizer.definition.model.unk_id
    unknown = 0 if unk is None else int(np.count_nonzero(ids == unk))
    got = tokenizer.decode(ids)
    if got == text:
        return Faithful(unknown)
    shorter = min(len(text), len(got))
    at = next((i for i in range(shorter) if text[i] != got[i]), shorter)
    part = slice(max(0, at - AROUND), at + AROUND)
    return Faithful(unknown, text[part], got[part])
