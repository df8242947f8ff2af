"""The text and the label of a record."""

from __future__ import annotations

from typing import Any

_SHOWN = 12


class FieldError(Exception):
    """The record has no text where it should; the message says what it has."""


def pick(record: Any, field: str) -> Any:
    """The value of a key, or of a dotted path of keys; None if there is none.

    >>> pick({"meta": {"lang": "tr"}}, "meta.lang")
    'tr'
    """
    if not isinstance(record, dict):
        return None
    if field in record:
        return record[field]
    head, dot, rest = field.partition(".")
    return pick(record.get(head), rest) if dot else None


def text_of(record: Any, field: str) -> str:
    """The text of a record: the record itself if it is a string, or its field.

    Raises FieldError with the fields that there are.
    """
    if isinstance(record, str):
        return record
    if not isinstance(record, dict):
        raise FieldError(f"{_kind(record)} is not a record: expected an object with {field!r}")
    value = pick(record, field)
    if isinstance(value, str):
        return value
    if value is None and field not in record:
        names = [repr(name) for name in list(record)[:_SHOWN]]
        more = ", ..." if len(record) > _SHOWN else ""
        there = f"it has {', '.join(names)}{more}" if names else "it is empty"
        raise FieldError(f"the record has no {field!r} ({there}); name the one with the text")
    raise FieldError(f"{field!r} holds {_kind(value)}; expected a string")


def label_of(record: Any, column: str | None) -> str | None:
    """The value of the label column as text; None if there is none."""
    value = pick(record, column) if column else None
    return value if isinstance(value, str) else None if value is None else str(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", bool: "a truth value", str: "a string"}
    return kinds.get(type(value), "a number")
