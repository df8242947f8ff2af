"""The SHA-256 of what a definition says, whatever file it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from tokenworks.tokenizer.definition import Definition


def digest(definition: Definition) -> str:
    """Hash a definition without its name and origin.

    Args:
        definition: of the tokenizer.

    Returns:
        64 hexadecimal digits. Equal for equal definitions in any two formats and on any machine.
    """
    state = hashlib.sha256(type(definition.model).__name__.encode())
    model = definition.model
    for item in fields(model):
        state.update(f"\0{item.name}\0".encode())
        _update(state, getattr(model, item.name))
    rest = {
        name: getattr(definition, name)
        for name in (
            "normalizer",
            "pretokenizer",
            "postprocessor",
            "decoder",
            "bos_id",
            "eos_id",
            "pad_id",
            "add_bos",
            "add_eos",
            "chat_template",
        )
    }
    if definition.two_phase is not None:
        rest["two_phase"] = [definition.two_phase.pattern, definition.two_phase.word_merges]
    rest["added"] = sorted(
        (asdict(token) for token in definition.added),
        key=lambda token: (token["id"], token["content"]),
    )
    state.update(json.dumps(rest, sort_keys=True, ensure_ascii=True).encode())
    return state.hexdigest()


def _update(state: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"))
        state.update(np.ascontiguousarray(little).tobytes())
    elif isinstance(value, tuple):  # pieces
        lengths = np.fromiter(map(len, value), np.uint32, len(value))
        state.update(lengths.astype("<u4").tobytes() + b"".join(value))
    elif isinstance(value, frozenset):
        numbers: Iterable[int] = value
        state.update(repr(sorted(numbers)).encode())
    else:
        state.update(repr(value).encode())
