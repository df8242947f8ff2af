"""Make a differing text as short and as plain as it can be while it still differs."""

from __future__ import annotations

from collections.abc import Callable

PLAIN = "a 0.\n"


def shrink(text: str, differs: Callable[[str], bool], limit: int = 4000) -> str:
    """Delete and simplify characters of `text` while `differs` holds.

    Delta debugging over characters: ever smaller chunks are cut out, then single characters are
    replaced by plain ones. The result differs, and no single deletion of one character keeps that
    (unless the limit was reached first).

    Args:
        text: a text for which `differs(text)` is true.
        differs: the question; must be deterministic.
        limit: how often it may be asked.
    """
    asked = 0

    def ask(candidate: str) -> bool:
        nonlocal asked
        asked += 1
        return asked <= limit and bool(candidate) and differs(candidate)

    text = _window(text, ask)
    changed = True
    while changed and asked <= limit:
        before = text
        size = max(1, len(text) // 2)
        while size:
            at = 0
            while at < len(text):
                candidate = text[:at] + text[at + size :]
                if ask(candidate):
                    text = candidate
                else:
                    at += size
            size //= 2
        for at, character in enumerate(text):
            for plain in PLAIN[: PLAIN.find(character)] if character in PLAIN else PLAIN:
                candidate = text[:at] + plain + text[at + 1 :]
                if ask(candidate):
                    text = candidate
                    break
        changed = text != before
    return text


def _window(text: str, ask: Callable[[str], bool]) -> str:
    """Cut a long text down quickly: halves and quarters as long as one of them differs."""
    while len(text) > 64:
        half, quarter = len(text) // 2, len(text) // 4
        for part in (text[:half], text[half:], text[quarter : quarter + half]):
            if ask(part):
                text = part
                break
        else:
            return text
    return text
