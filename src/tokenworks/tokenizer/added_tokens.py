"""Added tokens of a Hugging Face tokenizer, with the ids that its library really gives them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, TokenworksWarning
from tokenworks.tokenizer.definition import AddedToken
from tokenworks.tokenizer.source import shorten

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class AddedTokens:
    """Numbers added tokens as the `tokenizers` library does, whatever ids a file claims.

    A token that the model knows keeps the model's id; any other gets the next free one. A file can
    therefore say one id and mean another, which `renumbered` records.
    """

    def __init__(self, model_ids: Mapping[bytes, int]) -> None:
        """Start from the model's vocabulary: its tokens as UTF-8 of their spelling, and their ids."""
        self._model_ids = model_ids
        self._by_content: dict[str, AddedToken] = {}
        self._next = len(model_ids)
        # content -> (id in the file, id in effect)
        self.renumbered: dict[str, tuple[int, int]] = {}

    def __contains__(self, content: str) -> bool:
        return content in self._by_content

    def __iter__(self) -> Iterator[AddedToken]:
        return iter(self._by_content.values())

    def get(self, content: str) -> AddedToken | None:
        """The added token of this content, if there is one."""
        return self._by_content.get(content)

    def add(self, fields: Mapping[str, Any], claimed: int | None = None) -> None:
        """Add a token (or change the flags of one that is there)."""
        content = fields["content"]
        if not content:
            return
        known = self._model_ids.get(content.encode())
        if known is None and content in self._by_content:
            known = self._by_content[content].id
        if known is None:
            known = self._next
        self._next = max(self._next, known + 1)
        if claimed is not None and claimed != known:
            self.renumbered[content] = (claimed, known)
        self._by_content[content] = AddedToken(
            id=known, content=content, **{flag: bool(fields.get(flag)) for flag in _FLAGS}
        )

    def checked(self, path: Path) -> tuple[AddedToken, ...]:
        """All added tokens; refuses an id that the model or another token already has.

        Raises:
            FormatError: two tokens with one id.
        """
        taken = {number: content for content, number in self._model_ids.items()}
        for token in self._by_content.values():
            content = token.content.encode()
            if taken.setdefault(token.id, content) != content:
                other = taken[token.id].decode("utf-8", "replace")
                raise FormatError(
                    f"{path}: the added token {shorten(token.content)} gets the id {token.id}, "
                    f"which {shorten(other)} already has; each id must have one token"
                )
        if self.renumbered:
            first, (claimed, real) = next(iter(self.renumbered.items()))
            warnings.warn(
                f"{path}: {len(self.renumbered)} added tokens claim ids that the tokenizers library "
                f"does not give them, e.g. {shorten(first)}: {claimed} in the file, {real} in effect",
                TokenworksWarning,
                stacklevel=2,
            )
        return tuple(self._by_content.values())


def read_added(path: Path, value: Any, added: AddedTokens) -> None:
    """Add the "added_tokens" of a tokenizer.json.

    Raises:
        FormatError: an entry lacks a field or has one of another kind.
    """
    if value is None:
        return
    if not isinstance(value, list):
        raise FormatError(f'{path}: "added_tokens" is {shorten(value)}; expected a list')
    for index, fields in enumerate(value):
        place = f"added_tokens[{index}]"
        if not isinstance(fields, dict):
            raise FormatError(f"{path}: {place} is {shorten(fields)}; expected an object")
        check_fields(path, place, fields)
        number = fields.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**32 - 1:
            raise FormatError(
                f"{path}: {place}.id is {shorten(number)}; expected a number from 0 to 4294967294"
            )
        added.add(fields, number)


def check_fields(path: Path, place: str, fields: Mapping[str, Any]) -> None:
    """Check the content and flags of an added token.

    Raises:
        FormatError: one is missing or of another kind.
    """
    content = fields.get("content")
    if not isinstance(content, str):
        raise FormatError(f"{path}: {place}.content is {shorten(content)}; expected a string")
    try:
        content.encode()
    except UnicodeEncodeError:
        raise FormatError(
            f"{path}: {place}.content {shorten(content)} holds a lone surrogate, which is no text"
        ) from None
    for flag in _FLAGS:
        if not isinstance(fields.get(flag), bool):
            raise FormatError(
                f"{path}: {place}.{flag} is {shorten(fields.get(flag))}; expected true or false"
            )
