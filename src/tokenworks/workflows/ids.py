"""Encoding texts and decoding ids as lines, for people, pipes and machines."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

SpecialPolicy = Literal["error", "allow", "text"]


def special_policy(value: str) -> SpecialPolicy:
    """The policy of this name, for callers that have checked it against the three allowed."""
    return cast(SpecialPolicy, value)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The ids of one text."""

    name: str
    ids: NDArray[np.uint32]  # [n]
    spans: NDArray[np.uint32] | None = None  # [n, 2], bytes of the UTF-8 text

    def plain_line(self) -> str:
        return " ".join(map(str, self.ids.tolist())) + "\n"

    def json_line(self) -> str:
        value: dict[str, object] = {"text": self.name} if self.name else {}
        value |= {"count": len(self.ids), "ids": self.ids.tolist()}
        if self.spans is not None:
            value["spans"] = self.spans.tolist()
        return json.dumps(value, ensure_ascii=False) + "\n"


def encode_text(
    tokenizer: Tokenizer,
    text: str,
    *,
    name: str = "",
    specials: SpecialPolicy = "error",
    add_special: bool = False,
    spans: bool = False,
) -> Encoded:
    """The ids of a text, with byte spans where asked.

    Raises:
        TextError: the text spells a special token and the policy is `error`.
    """
    if spans:
        ids, places = tokenizer.encode_spans(text, specials=specials)
        return Encoded(name, ids, places)
    return Encoded(name, tokenizer.encode(text, add_special=add_special, specials=specials))


def parse_ids(text: str, source: str) -> list[NDArray[np.uint32]]:
    """Sequences of ids, one per line: numbers, a JSON list, or a JSON object with `ids`.

    Numbers are separated by spaces or commas. Empty lines are empty sequences; a JSON value may
    also span all lines.

    Raises:
        FormatError: names the line, what stands there and what is expected.
    """
    if text.lstrip().startswith(("[", "{")):
        try:
            return [_from_json(json.loads(text), source, 1)]
        except (json.JSONDecodeError, RecursionError):
            pass  # one value per line, or a fault that the line below names
    lines = text.splitlines() or [""]
    return [_parse_line(line, source, number) for number, line in enumerate(lines, 1)]


def _parse_line(line: str, source: str, number: int) -> NDArray[np.uint32]:
    if line.lstrip().startswith(("[", "{")):
        try:
            return _from_json(json.loads(line), source, number)
        except (json.JSONDecodeError, RecursionError) as error:
            raise FormatError(f"{source}:{number}: not JSON: {error}") from None
    return _checked([word for word in re.split(r"[\s,]+", line) if word], source, number)


def _from_json(value: object, source: str, number: int) -> NDArray[np.uint32]:
    if isinstance(value, dict):
        value = value.get("ids")
    if not isinstance(value, list):
        raise FormatError(f"{source}:{number}: expected a list of ids, or an object with `ids`")
    return _checked(value, source, number)


def _checked(items: list[object], source: str, number: int) -> NDArray[np.uint32]:
    ids = np.empty(len(items), np.uint32)
    for index, item in enumerate(items):
        digits = str(item)
        if isinstance(item, bool) or not re.fullmatch(r"[0-9]{1,10}", digits):
            raise FormatError(f"{source}:{number}: {digits[:40]!r} is not a token id")
        if int(digits) > 0xFFFFFFFF:
            raise FormatError(f"{source}:{number}: {digits} is larger than any token id")
        ids[index] = int(digits)
    return ids
