"""Parts of a definition as people read them: merges as bytes, and the pattern that splits text."""

from __future__ import annotations

from tokenworks.tokenizer.definition import Bpe, Definition
from tokenworks.tokenizer.known_encodings import GPT2_PATTERN


def merges_as_bytes(definition: Definition) -> list[tuple[bytes, bytes]]:
    """Merges of a BPE model, best first; none for other models."""
    model = definition.model
    if not isinstance(model, Bpe):
        return []
    pieces = model.pieces
    return [(pieces[left], pieces[right]) for left, right in model.merges.tolist()]


def single_pattern(definition: Definition) -> str | None:
    """The one pattern among the pretokenizer's steps; None where there is none, or several."""
    found: list[str] = []
    for step in definition.pretokenizer:
        if step["type"] == "Split" and "Regex" in step["pattern"]:
            found.append(step["pattern"]["Regex"])
        elif step["type"] == "ByteLevel" and step["use_regex"]:
            found.append(GPT2_PATTERN)
    return found[0] if len(found) == 1 else None
