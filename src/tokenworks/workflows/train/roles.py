"""The special tokens that begin, end and fill up texts: named in the trained tokenizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from tokenworks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Roles:
    """What begins a text, ends it, and fills up a batch: the content of special tokens, or None."""

    bos: str | None = None
    eos: str | None = None
    pad: str | None = None

    def given(self) -> Mapping[str, str]:
        """Role to content, of those that are named."""
        return {role: content for role, content in asdict(self).items() if content is not None}

    def among(self, special: Sequence[str], base: Tokenizer | None) -> tuple[str, ...]:
        """The special tokens to train with: those given, then those of the roles that are in neither."""
        known = base.specials if base is not None else {}
        fresh = (content for content in self.given().values() if content not in known)
        return tuple(dict.fromkeys([*special, *fresh])) if self.given() else tuple(special)

    def name_in(self, tokenizer: Tokenizer) -> Tokenizer:
        """The same tokenizer, whose definition names them."""
        if not self.given():
            return tokenizer
        definition, ids = tokenizer.definition, tokenizer.specials
        return Tokenizer(
            replace(
                definition,
                bos_id=definition.bos_id if self.bos is None else ids[self.bos],
                eos_id=definition.eos_id if self.eos is None else ids[self.eos],
                pad_id=definition.pad_id if self.pad is None else ids[self.pad],
            )
        )
