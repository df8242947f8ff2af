"""Refuse what is no regular expression while a file is read, where its place is known."""

from __future__ import annotations

from tokenworks._native import knows_pattern
from tokenworks.errors import FormatError
from tokenworks.tokenizer.source import shorten


def check_pattern(place: str, pattern: str) -> None:
    """Compile a pattern for which there is no native scanner.

    Args:
        place: the file and field, named in the message.
        pattern: in the dialect of tiktoken.

    Raises:
        FormatError: it is no regular expression.
    """
    if knows_pattern(pattern):
        return
    from tokenworks.tokenizer.pattern_split import compiled

    try:
        compiled(pattern)
    except FormatError as error:
        why = str(error).rpartition("is no regular expression: ")[2]
        raise FormatError(
            f"{place} is {shorten(pattern)}, which is no regular expression: {why}"
        ) from None
