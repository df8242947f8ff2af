"""Regular expressions of tokenizer.json, whose engine reads some spellings unlike all others.

In Oniguruma, which the `tokenizers` library uses, `x{1,3}+` repeats `x{1,3}` (everywhere else it is
possessive), `x{2}?` is `(?:x{2})?`, `^` and `$` stand at every line, `\\Z` before a final line end,
`\\h` is a hexadecimal digit, `(?m)` lets the dot match line ends, a flag that stands alone governs the
branches behind it, `[[:alpha:]]` and its like are those of Unicode, `\\w` counts superscript digits and
fractions but no joiners, and case is ignored in `[\\p{Lu}]` but not in `\\p{Lu}`. Definitions hold the
spelling of everywhere else, chosen so that Oniguruma too reads it alike.

Not followed: where case is ignored, Oniguruma also takes two letters for one (`ss` for `ß`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokenworks._native import knows_pattern
from tokenworks.tokenizer.pattern_flags import scoped
from tokenworks.tokenizer.pattern_tokens import tokens
from tokenworks.tokenizer.posix_classes import ASCII, UNICODE, spelled

# A character by its number as Oniguruma does not know it: `\xE9` is a byte there.
_NUMBER = re.compile(r"\\[uU]\{([0-9A-Fa-f]+)}|\\x([0-9A-Fa-f]{2})")
_COUNT = re.compile(r"\{\d*,?\d*\}")

# `^` does not match behind a final line end; tokenizers never searches an empty text.
_WORD = UNICODE["word"]
_BARE = _WORD + "²³¹¼½¾"  # `\w` outside a set takes the Latin-1 numbers too
_JOINED = _WORD + "\u200c\u200d"


def _boundaries(word: str) -> dict[str, str]:
    return {
        r"\b": f"(?:(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}]))",
        r"\B": f"(?:(?<=[{word}])(?=[{word}])|(?<![{word}])(?![{word}]))",
    }


_HERE = {
    r"\w": f"[{_BARE}]",
    r"\W": f"[^{_BARE}]",
    r"\p{Word}": f"[{_BARE}]",
    **_boundaries(_BARE),
    "^": r"(?<![^\n])(?=[\s\S])",
    "$": r"(?![^\n])",
    r"\Z": r"(?=\n?(?![\s\S]))",
    r"\z": r"(?![\s\S])",
    r"\h": "[0-9a-fA-F]",
    r"\H": "[^0-9a-fA-F]",
}
_HERE_IN_SET = {
    r"\w": _WORD,
    r"\W": f"[^{_WORD}]",
    r"\h": "0-9a-fA-F",
    r"\H": "[^0-9a-fA-F]",
    r"\p{Word}": _WORD,
}
_WORD_THERE = {r"\w": f"[{_JOINED}]", r"\W": f"[^{_JOINED}]", **_boundaries(_JOINED)}
_THERE = {"^": r"\A", "$": r"\z", **_WORD_THERE}
_THERE_BY_LINE = {"^": r"(?<![^\n])", "$": r"(?![^\n])", **_WORD_THERE}
_THERE_IN_SET = {r"\w": _JOINED, r"\W": f"[^{_JOINED}]"}
_BY_LINE = re.compile(r"\(\?[a-z]*m[a-z]*[-:)]")  # where a flag lets anchors stand at every line


def from_oniguruma(pattern: str) -> str:
    """The pattern as other engines spell it; one that the native scanner knows stays as it is.

    >>> from_oniguruma(r"\\p{N}{1,3}+|a$")
    '(?:\\\\p{N}{1,3})+|a(?![^\\\\n])'
    """
    counted = _Rewriting(pattern, {}, possessive=False).text
    if knows_pattern(counted):
        return counted
    return _Rewriting(pattern, _HERE, possessive=False).text


def to_oniguruma(pattern: str) -> str:
    """A pattern of tiktoken's dialect, said so that Oniguruma reads it alike.

    Its anchors stand at the ends of the text, and a counted repetition with + is possessive.

    >>> to_oniguruma(r"\\p{N}{1,3}+$")
    '(?>\\\\p{N}{1,3})\\\\z'
    """
    spellings = _THERE_BY_LINE if _BY_LINE.search(pattern) else _THERE
    return _Rewriting(pattern, {} if knows_pattern(pattern) else spellings, possessive=True).text


class _Rewriting:
    """A pattern taken apart into atoms, so that what a quantifier repeats stands in one string."""

    def __init__(self, pattern: str, spellings: dict[str, str], *, possessive: bool) -> None:
        self._possessive = possessive
        # The flag that lets the dot match line ends is m there; anchors have none.
        self._flags = {"s": "m", "m": ""} if possessive else {"m": "s"} if spellings else {}
        self._open: list[list[str]] = [[]]  # the atoms of each group that is open
        in_set: list[str] = []
        classes = ASCII if possessive else UNICODE
        members = _THERE_IN_SET if possessive else _HERE_IN_SET
        pieces = scoped(pattern, by_branch=possessive) if spellings else _plain(pattern)
        for piece, depth, ignore in pieces:
            if not spellings:
                written = piece
            elif depth:
                written = spelled(piece, classes) or members.get(piece, piece)
            else:
                written = spellings.get(piece, piece)
                if ignore and piece.startswith((r"\p", r"\P")) and written == piece:
                    written = f"[{piece}]" if possessive else f"(?-i:{piece})"
            if possessive and (number := _NUMBER.fullmatch(piece)):
                written = rf"\x{{{number[1] or number[2]}}}"
            if not depth:
                self._add(piece, written)
                continue
            in_set.append(written)
            if piece == "]" and depth == 1:
                self._open[-1].append("".join(in_set))
                in_set.clear()
        self.text = "".join("".join(atoms) for atoms in [*self._open, in_set])

    def _add(self, piece: str, written: str) -> None:
        atoms = self._open[-1]
        if piece == "(":
            self._open.append(["("])
        elif piece == ")" and len(self._open) > 1:
            self._open.pop()
            group = "".join(atoms) + ")"
            self._open[-1].append("" if group == "(?)" else group)
        elif piece == "}" and "{" in atoms:
            begin = len(atoms) - 1 - atoms[::-1].index("{")
            atoms[begin:] = ["".join(atoms[begin:]) + "}"]
        elif piece in ("+", "?") and len(atoms) > 1 and _COUNT.fullmatch(atoms[-1]):
            self._repeat(piece)
        elif piece in self._flags and atoms[:2] == ["(", "?"] and _are_flags(atoms[2:]):
            atoms.append(self._flags[piece])
        else:
            atoms.append(written)

    def _repeat(self, sign: str) -> None:
        *before, repeated, count = self._open[-1]
        if sign == "+" and self._possessive:
            self._open[-1][:] = [*before, f"(?>{repeated}{count})"]
        elif sign == "+" or ("," not in count and not self._possessive):
            self._open[-1][:] = [*before, f"(?:{repeated}{count})", sign]
        else:
            self._open[-1].append(sign)


def _are_flags(letters: list[str]) -> bool:
    return all(letter in "imsx-" for letter in letters)


def _plain(pattern: str) -> Iterator[tuple[str, int, bool]]:
    return ((piece, depth, False) for piece, depth in tokens(pattern))
