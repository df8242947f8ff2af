"""Tokens as the first few old tokens that spell them, which is what a hypernetwork reads.

Bytes that the old vocabulary lacks have negative numbers: -1 for the lowest of them, -2 for the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.errors import OptionError
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.pieces import Speller

_MOST_KEPT = 1_000_000


class SurfaceForms:
    """Spells tokens and keeps what was spelled."""

    def __init__(self, old: Tokenizer, pieces: int, extra: int | None = None) -> None:
        """Prepare.

        Args:
            old: the tokenizer of the model.
            pieces: old tokens of a form, the first ones.
            extra: missing bytes that the network knows; all where it is left out.

        Raises:
            OptionError: the vocabulary lacks more bytes than the network knows.
        """
        self._speller, self._pieces = Speller(old), pieces
        single: dict[bytes, int] = {}
        special = set(old.specials.values())
        self.old_id: dict[bytes, int] = {}  # by bytes; of several tokens the first
        for number in sorted(old.definition.model.ids.tolist(), reverse=True):
            if number not in special:
                self.old_id[old.token_bytes(number)] = number
        single = {token: number for token, number in self.old_id.items() if len(token) == 1}
        missing = [value for value in range(256) if bytes([value]) not in single]
        self.extra = len(missing)
        if extra is not None and extra < len(missing):
            raise OptionError(
                f"{old.name} lacks {len(missing)} single bytes, the hypernetwork knows {extra}; it was "
                "trained for another tokenizer"
            )
        self._byte = {token[0]: number for token, number in single.items()}
        self._byte |= {value: -1 - place for place, value in enumerate(missing)}
        self._bytes = {number: token for token, number in self.old_id.items()}
        self._kept: dict[bytes, tuple[int, ...]] = {}

    def of(self, tokens: Sequence[bytes]) -> list[tuple[int, ...]]:
        """The form of each token; an old token's is itself, an empty token's is empty."""
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        wanted = [token for token in dict.fromkeys(tokens) if token not in self._kept]
        spelled = [token for token in wanted if token not in self.old_id]
        for token, form in zip(spelled, self._speller.spell(spelled), strict=True):
            whole = bool(form)
            if self.extra:
                joined = b"".join(self._bytes.get(number, b"") for number in form)
                whole = whole and joined == token
            found = form if whole else [self._byte[value] for value in token]
            self._kept[token] = tuple(found[: self._pieces])
        for token in wanted:
            if token in self.old_id:
                self._kept[token] = (self.old_id[token],)
        return [self._kept[token] for token in tokens]
