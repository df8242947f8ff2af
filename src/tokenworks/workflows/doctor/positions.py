"""Lines and columns of values in JSON text, found only when a finding needs them.

The standard decoder keeps no positions. A file is therefore parsed once at full speed, and the few
places that a report names are looked up afterwards by walking the text down the path; values that
lie on the way are skipped with the decoder itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]

Step = str | int
_SPACE = re.compile(r"[ \t\n\r]*")
_STRIDE = 256
_STRING = r'"(?:[^"\\]|\\.)*+"'
_PLAIN_ITEM = rf"(?:{_STRING}|\[\s*{_STRING}\s*,\s*{_STRING}\s*\]|-?[0-9.eE+-]+)\s*,\s*"
_PLAIN_ITEMS = re.compile(f"(?:{_PLAIN_ITEM}){{{_STRIDE}}}", re.DOTALL)  # merges, numbers
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def path_text(path: Sequence[Step]) -> str:
    """Write a path as people do: `('model', 'merges', 3)` becomes `model.merges[3]`."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        elif _PLAIN_KEY.match(step):
            out += f".{step}" if out else step
        else:
            out += f"[{json.dumps(step[:60], ensure_ascii=False)}]"
    return out


def line_column(text: str, index: int) -> tuple[int, int]:
    """The 1-based line and column of a character index."""
    line = text.count("\n", 0, index) + 1
    return line, index - (text.rfind("\n", 0, index) + 1) + 1


def locate(text: str, path: Sequence[Step]) -> tuple[int, int] | None:
    """Line and column of the value at `path`, or of the nearest container that exists."""
    index = _skip(text, 0)
    try:
        for step in path:
            found = _child(text, index, step)
            if found is None:
                break
            index = found
    except (ValueError, IndexError, RecursionError):
        return None
    return line_column(text, index)


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _child(text: str, index: int, step: Step) -> int | None:
    opening = text[index]
    decoder = JSONDecoder(strict=False)
    if opening == "{" and isinstance(step, str):
        index = _skip(text, index + 1)
        while text[index] == '"':
            key, index = scanstring(text, index + 1, False)
            index = _skip(text, _skip(text, index) + 1)
            if key == step:
                return index
            _, index = decoder.raw_decode(text, index)
            index = _skip(text, index)
            if text[index] != ",":
                break
            index = _skip(text, index + 1)
        return None
    if opening == "[" and isinstance(step, int):
        index = _skip(text, index + 1)
        while step >= _STRIDE and (plain := _PLAIN_ITEMS.match(text, index)):
            step -= _STRIDE
            index = plain.end()
        for _ in range(step):
            _, index = decoder.raw_decode(text, index)
            index = _skip(text, _skip(text, index) + 1)
        return index
    return None
