"""Whether a JSON value is of the kind that a field asks for, in words for the report."""

from __future__ import annotations

from typing import Any

from tokenworks.workflows.doctor.component_fields import BEHAVIOURS, SCHEMES

U32 = 0xFFFF_FFFF


def is_id(value: Any) -> bool:
    """True for an integer that readers accept as a token id (0 to 2**32 - 1)."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= U32


def is_number(value: Any) -> bool:
    """True for an integer or float that is not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def describe(value: Any) -> str:
    """A JSON value in a few words: `the string 'a'`, `null`, `a list of 3`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the string {value[:40]!r}" + ("..." if len(value) > 40 else "")
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return f"an object of {len(value):,} keys" if isinstance(value, dict) else type(value).__name__


def fits(value: Any, kind: str) -> str:
    """Empty when the value is of the kind, else what the kind asks for."""
    if kind == "bool":
        return "" if isinstance(value, bool) else "true or false"
    if kind == "string":
        return "" if isinstance(value, str) else "a string"
    if kind == "character":
        return (
            ""
            if isinstance(value, str) and len(value) == 1
            else "a string of exactly one character"
        )
    if kind == "count":
        ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64
        return "" if ok else "an integer of 0 or more"
    if kind == "number":
        return "" if is_number(value) and 0 <= value <= 1 else "a number between 0 and 1"
    if kind in ("vocabulary", "object"):
        return (
            ""
            if isinstance(value, dict)
            else "an object" + (" that maps each token to its id" if kind == "vocabulary" else "")
        )
    if kind in ("merges", "list", "scored vocabulary", "template"):
        return (
            ""
            if isinstance(value, list)
            else "a list" + (" of [piece, score] pairs" if kind == "scored vocabulary" else "")
        )
    if kind == "pattern":
        ok = (
            isinstance(value, dict)
            and len(value) == 1
            and all(k in ("String", "Regex") and isinstance(v, str) for k, v in value.items())
        )
        return "" if ok else '{"String": "..."} or {"Regex": "..."}'
    if kind == "behavior":
        return "" if value in BEHAVIOURS else "one of " + ", ".join(BEHAVIOURS)
    if kind == "prepend scheme":
        return "" if value in SCHEMES else "one of " + ", ".join(SCHEMES)
    if kind == "token and id":
        ok = (
            isinstance(value, list)
            and len(value) == 2
            and isinstance(value[0], str)
            and is_id(value[1])
        )
        return "" if ok else '["token", id]'
    return "" if isinstance(value, str) and value else "base64 text"
