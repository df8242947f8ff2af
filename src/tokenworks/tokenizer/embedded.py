"""The tokenizers that come with the package, all under the MIT or Apache-2.0 licence."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

from tokenworks.errors import UnknownNameError
from tokenworks.tokenizer.compact import unpack
from tokenworks.tokenizer.definition import Definition


@functools.cache
def index() -> dict[str, dict[str, Any]]:
    """All embedded tokenizers: name to what it is, with "file", "licence", "source", "sha256"."""
    text = (resources.files(__package__) / "data" / "index.json").read_text("utf-8")
    entries: dict[str, dict[str, Any]] = json.loads(text)
    return entries


def names() -> list[str]:
    """The names of the embedded tokenizers, aliases among them, sorted."""
    return sorted(
        [*index(), *(alias for entry in index().values() for alias in entry.get("aliases", ()))]
    )


def load(name: str) -> Definition:
    """Read an embedded tokenizer.

    Args:
        name: one of `names()`.

    Returns:
        The definition, named as asked for.

    Raises:
        UnknownNameError: there is none of this name.
    """
    from dataclasses import replace

    for key, entry in index().items():
        if name == key or name in entry.get("aliases", ()):
            data = (resources.files(__package__) / "data" / entry["file"]).read_bytes()
            definition = unpack(data, entry["file"])
            return definition if definition.name == name else replace(definition, name=name)
    raise UnknownNameError(f"no embedded tokenizer {name!r}; there are {', '.join(names())}")
