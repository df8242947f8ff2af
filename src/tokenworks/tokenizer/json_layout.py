"""JSON text in the layout of a file that was read, byte for byte.

New files are laid out as the `tokenizers` library writes them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Layout:
    """How a JSON file is laid out."""

    indent: int | None = 2  # None: all on one line
    item: str = ","  # between items (a line end follows where there is an indent)
    colon: str = ": "
    ascii: bool = False  # characters past ASCII are escaped
    end: str = ""  # after the last brace


def layout_of(data: bytes) -> Layout:
    """Recognize the layout of a JSON file.

    Args:
        data: the file; any bytes.

    Returns:
        The layout of its first lines; of an odd file, merely the nearest.
    """
    body = data.rstrip()
    end = data[len(body) :].decode("ascii", "replace")
    escaped = data.isascii() and any(
        mark in data for mark in (b"\\u2", b"\\u0120", b"\\u00c", b"\\u00e", b"\\u01")
    )
    first, _, rest = body[:400].partition(b"\n")
    indent = len(rest) - len(rest.lstrip(b" ")) if rest else None
    colon = ": " if b'": ' in body[:400] else ":"
    if indent is not None:
        return Layout(indent, ",", colon, escaped, end)
    return Layout(None, ", " if b'", "' in first else ",", colon, escaped, end)


def json_text(value: Any, layout: Layout = Layout()) -> str:
    """JSON of a value in a layout.

    Floats are written with the fewest digits that read back equal, in the notation of the Rust
    library that tokenizer.json comes from.

    Raises:
        ValueError: a float that is no finite number.
    """
    parts: list[str] = []
    _add(parts, value, layout, "" if layout.indent is None else "\n")
    return "".join(parts) + layout.end


def _add(parts: list[str], value: Any, layout: Layout, newline: str) -> None:
    if isinstance(value, str):
        parts.append(json.dumps(value, ensure_ascii=layout.ascii))
    elif isinstance(value, float):
        parts.append(float_text(value))
    elif isinstance(value, dict | list | tuple) and value:
        deeper = newline + " " * (layout.indent or 0)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        flat = _flat(value, layout, deeper)
        if flat is not None:
            parts.append(opening + deeper + flat + newline + closing)
            return
        lead = opening + deeper
        for item in value:
            parts.append(lead)
            if isinstance(value, dict):
                parts.append(json.dumps(item, ensure_ascii=layout.ascii) + layout.colon)
                _add(parts, value[item], layout, deeper)
            else:
                _add(parts, item, layout, deeper)
            lead = layout.item + deeper
        parts.append(newline + closing)
    else:
        parts.append(json.dumps(value))


def _flat(value: Any, layout: Layout, deeper: str) -> str | None:
    """The items of a vocabulary or of a merge, which make up nearly the whole of a file, at once."""
    separator = layout.item + deeper
    quoted = (
        json.encoder.encode_basestring_ascii if layout.ascii else json.encoder.encode_basestring
    )
    if isinstance(value, dict):
        if not all(type(key) is str and type(item) is int for key, item in value.items()):
            return None
        return separator.join([f"{quoted(key)}{layout.colon}{item}" for key, item in value.items()])
    if all(type(item) is str for item in value):
        return separator.join(map(quoted, value))
    if not all(type(item) is list and list(map(type, item)) == [str, str] for item in value):
        return None
    inner = deeper + " " * (layout.indent or 0) if layout.indent is not None else ""
    between, closing = layout.item + inner, deeper + "]"
    return separator.join(
        [f"[{inner}{quoted(left)}{between}{quoted(right)}{closing}" for left, right in value]
    )


def float_text(value: float) -> str:
    """The shortest decimal of a float; exponents below 1e-5 and from 1e16 on, as the library has them.

    >>> float_text(1.5e-05), float_text(1.5e-07), float_text(1e16), float_text(2.0)
    ('0.000015', '1.5e-7', '1e+16', '2.0')
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written as JSON")
    digits, mark, exponent = repr(value).partition("e")
    if not mark or exponent.startswith("+"):
        return digits + mark + exponent
    if int(exponent) == -5:  # Python changes to exponents one power of ten earlier
        sign = "-" if value < 0 else ""
        return f"{sign}0.0000{digits.lstrip('-').replace('.', '')}"
    return f"{digits}e{int(exponent)}"
