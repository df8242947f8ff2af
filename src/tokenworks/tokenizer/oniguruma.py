"""Regular expressions of tokenizer.json, whose engine reads one spelling unlike all others.

In Oniguruma, which the `tokenizers` library uses, `x{1,3}+` repeats `x{1,3}`; everywhere else it is
possessive. Definitions hold the spelling of everywhere else.
"""

from __future__ import annotations

import re

from tokenworks.errors import UnsupportedError

# A counted repetition of a set, an escape or a plain character, followed by a plus.
_REPEATED = re.compile(
    r"(\\[pP]\{[^}]*\}|\[\^?\]?(?:[^\]\\]|\\.)*\]|\\.|[^\\()\[\]{}|?*+])(\{\d*,?\d*\})\+", re.DOTALL
)
_LEFT_OVER = re.compile(r"\)\{\d*,?\d*\}\+")


def from_oniguruma(pattern: str) -> str:
    """The pattern as other engines spell it.

    >>> from_oniguruma(r"\\p{N}{1,3}+")
    '(?:\\\\p{N}{1,3})+'

    Raises:
        UnsupportedError: a counted repetition of a group is repeated.
    """
    if _LEFT_OVER.search(pattern):
        raise UnsupportedError(
            "a counted group followed by '+' means something else in every engine; write (?:...)+ "
            "around it"
        )
    return _REPEATED.sub(r"(?:\1\2)+", pattern)
