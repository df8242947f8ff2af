"""The scripts that a piece of a vocabulary can stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import OptionError, UnknownNameError

# Languages that are written in several scripts at once.
_MIXED = {"Japanese": ("Han", "Hiragana", "Katakana"), "Hangul": ("Hangul", "Han")}


def script_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of Unicode scripts ("Latin", "Cyrl"), checked.

    Raises:
        UnknownNameError: Unicode knows no such script; the nearest names are given.
    """
    known = sorted({one.script for one in declarations()} | {"Hiragana", "Katakana"})
    found: list[str] = []
    for name in names:
        if name in _MIXED:
            found.extend(_MIXED[name])
            continue
        try:
            if not name.isidentifier():
                raise regex.error("no name")
            regex.compile(rf"\p{{Script={name}}}")
        except regex.error:
            near = difflib.get_close_matches(name.title(), known, n=3) or known
            raise UnknownNameError(
                f"unknown script {name!r}; did you mean {', '.join(near)}?"
            ) from None
        found.append(name)
    return tuple(dict.fromkeys(found))


def scripts_of_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """The scripts that languages are written in, by BCP 47 tag ("tr", "ja") or ISO 639-3 code.

    Raises:
        UnknownNameError: the script of a language is not known here.
    """
    found: list[str] = []
    for language in languages:
        try:
            script = declaration(language).script
        except UnknownNameError:
            near = difflib.get_close_matches(language, [one.bcp47 for one in declarations()], n=3)
            hint = f" (did you mean {', '.join(near)}?)" if near else ""
            raise UnknownNameError(
                f"unknown language {language!r}{hint}; name its script instead"
            ) from None
        found.extend(_MIXED.get(script, (script,)))
    return tuple(dict.fromkeys(found))


def outside_scripts(
    pieces: Sequence[bytes], scripts: Sequence[str], used: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Pieces with a character of no asked script, nor common to several: bool [n].

    A piece that ends inside a character is judged by all characters that begin so. A piece of only
    the inner bytes of characters says nothing: it is outside where it was not used.

    Args:
        pieces: bytes or UTF-8 text.
        scripts: names from `script_names`.
        used: how often each piece was used, int64 [n].

    Raises:
        OptionError: no script is named.
    """
    if not scripts:
        raise OptionError("no script is named; name one, such as Latin")
    classes = "".join(rf"\p{{Script={name}}}" for name in (*scripts, "Common", "Inherited"))
    allowed = regex.compile(f"[{classes}]")
    only = regex.compile(f"[{classes}]*")

    @cache
    def may_begin(head: bytes) -> bool:
        return any(allowed.match(char) for char in _characters(head))

    out = np.zeros(len(pieces), bool)
    for index, piece in enumerate(pieces):
        text, head, inner = _split(piece)
        if text:
            out[index] = only.fullmatch(text) is None
        if head:
            out[index] |= not may_begin(head)
        if inner and not text and not head:
            out[index] = used[index] == 0
    return out


def _split(piece: bytes) -> tuple[str, bytes, bytes]:
    """Whole characters, the beginning of one at the end, and the rest of one at the beginning."""
    body = piece.lstrip(bytes(range(0x80, 0xC0)))
    inner = piece[: len(piece) - len(body)]
    for back in range(1, min(3, len(body)) + 1):
        lead = body[-back]
        if lead >= 0xC0:
            needed = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            if back < needed:
                return body[:-back].decode("utf-8", "ignore"), body[-back:], inner
            break
    return body.decode("utf-8", "ignore"), b"", inner


def _characters(head: bytes) -> Iterable[str]:
    """All characters whose UTF-8 begins so."""
    size = 2 if head[0] < 0xE0 else 3 if head[0] < 0xF0 else 4
    missing = size - len(head)
    low, high = head + b"\x80" * missing, head + b"\xbf" * missing

    def number(data: bytes) -> int:
        value = data[0] & (0xFF >> (size + 1))
        for byte in data[1:]:
            value = value << 6 | byte & 0x3F
        return value

    least = {2: 0x80, 3: 0x800, 4: 0x10000}[size]
    for code in range(max(number(low), least), min(number(high), 0x10FFFF) + 1):
        if not 0xD800 <= code <= 0xDFFF:
            yield chr(code)
