"""Flags in the middle of a regular expression, said as groups that every engine reads alike.

`a(?i)b|c` is `a(?i:b|c)` in Oniguruma, `a(?i:b)|(?i:c)` in the engines of Rust, and `(?i:ab|c)` in
the `regex` library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokenworks.tokenizer.pattern_tokens import tokens

_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")


def scoped(pattern: str, *, by_branch: bool) -> Iterator[tuple[str, int, bool]]:
    """Cut a pattern as `tokens` does, with a group in place of each flag that stands alone.

    Args:
        pattern: to cut.
        by_branch: a flag ends with its branch and begins again in the next, as in Rust; else the
            branches behind it are part of what it governs, as in Oniguruma.

    Returns:
        Each piece, the number of character sets that it stands in, and whether case is ignored.

    >>> "".join(piece for piece, _, _ in scoped("a(?i)b|c", by_branch=False))
    'a(?i:b|c)'
    >>> "".join(piece for piece, _, _ in scoped("a(?i)b|c", by_branch=True))
    'a(?i:b)|(?i:c)'
    """
    groups: list[list[str]] = [[]]  # the flags that stand alone in each open group
    ignores = [False]  # of each open group, one more for each such flag
    place = skip = 0
    for piece, depth in tokens(pattern):
        begin, place = place, place + len(piece)
        if begin < skip:
            continue
        if depth:
            yield piece, depth, ignores[-1]
            continue
        if piece == "(":
            flags = _FLAGS.match(pattern, begin)
            on, off = (flags[1], flags[2] or "") if flags else ("", "")
            ignores.append(("i" in on or ignores[-1]) and "i" not in off)
            if flags and flags[3] == ")":
                skip = flags.end()
                groups[-1].append(flags[0][1:-1] + ":")
                yield from _letters("(" + groups[-1][-1], ignores[-1])
                continue
            groups.append([])
        elif piece == ")" and len(groups) > 1:
            closed = groups.pop()
            del ignores[-1 - len(closed) :]
            yield from _letters(")" * len(closed), ignores[-1])
        elif piece == "|" and by_branch:
            yield from _letters(")" * len(groups[-1]), ignores[-1])
            yield piece, 0, ignores[-1]
            yield from _letters("".join("(" + flags for flags in groups[-1]), ignores[-1])
            continue
        yield piece, 0, ignores[-1]
    yield from _letters(")" * len(groups[0]), False)


def _letters(text: str, ignore: bool) -> Iterator[tuple[str, int, bool]]:
    return ((letter, 0, ignore) for letter in text)
