"""`[[:alpha:]]` and its like, which mean Unicode's classes to one engine and ASCII to another."""

from __future__ import annotations

# As Oniguruma reads them in UTF-8.
UNICODE = {
    "alnum": r"\p{Alphabetic}\p{Nd}",
    "alpha": r"\p{Alphabetic}",
    "ascii": r"\x00-\x7F",
    "blank": r"\p{Zs}\t",
    "cntrl": r"\p{Cc}",
    "digit": r"\p{Nd}",
    "graph": r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}",
    "lower": r"\p{Lowercase}",
    "print": r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs}",
    "punct": r"\p{P}\p{S}",
    "space": r"\s",
    "upper": r"\p{Uppercase}",
    "word": r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}",
    "xdigit": "0-9A-Fa-f",
}
# As the engines of Rust read them, and so tiktoken.
ASCII = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\x0B\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Z_a-z",
    "xdigit": "0-9A-Fa-f",
}


def spelled(piece: str, classes: dict[str, str]) -> str | None:
    """What to write in a set in place of a piece like `[:alpha:]` or `[:^alpha:]`, or None.

    >>> spelled("[:digit:]", ASCII), spelled("[:^digit:]", ASCII)
    ('0-9', '[^0-9]')
    """
    if not (piece.startswith("[:") and piece.endswith(":]")):
        return None
    members = classes.get(piece[2:-2].removeprefix("^"))
    return f"[^{members}]" if members and piece[2] == "^" else members
