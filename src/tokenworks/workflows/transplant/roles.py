"""Which special tokens begin and end a text, where a tokenizer's own files do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tokenworks.tokenizer import Tokenizer


def with_ends(new: Tokenizer, notes: list[str]) -> Tokenizer:
    """A tokenizer with one special token has it begin and end texts, as `lm train` does.

    Without it the row of the model's own BOS and EOS would be lost, and generation would never end.
    Tokenizers that name one of both, or have several special tokens, are returned as they are.
    """
    definition = new.definition
    if definition.bos_id is not None or definition.eos_id is not None or len(new.specials) != 1:
        return new
    ((content, number),) = new.specials.items()
    notes.append(
        f"{content} is taken to begin and end texts: it is the only special token of {new.name}"
    )
    return Tokenizer(replace(definition, bos_id=number, eos_id=number))


def with_roles_of_config(own: Tokenizer, config: Mapping[str, Any]) -> Tokenizer:
    """The model's tokenizer with the BOS, EOS and padding of its config.json, where it names none."""
    definition = own.definition
    special = set(own.specials.values())

    def role(named: int | None, key: str) -> int | None:
        said = config.get(key)
        said = said[0] if isinstance(said, list) and said else said
        return said if named is None and type(said) is int and said in special else named

    return Tokenizer(
        replace(
            definition,
            bos_id=role(definition.bos_id, "bos_token_id"),
            eos_id=role(definition.eos_id, "eos_token_id"),
            pad_id=role(definition.pad_id, "pad_token_id"),
        )
    )
