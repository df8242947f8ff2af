"""config.json, generation_config.json and the chat template for the new vocabulary."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.matching import Match

_ROLES = {"bos_token_id": "bos_id", "eos_token_id": "eos_id", "pad_token_id": "pad_id"}
GENERATION = "generation_config.json"
_LISTS = ("suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "forced_decoder_ids")


def new_config(config: dict[str, Any], match: Match, notes: list[str]) -> dict[str, Any]:
    """The config of the new model: its rows, and every id said in the new numbers.

    Args:
        config: of the old model.
        match: of the two vocabularies.
        notes: what was decided is added to them.

    Raises:
        UnsupportedError: a token that the model relies on (such as an image token) is not in the new
            vocabulary.
    """
    made = dict(config)
    inner = config.get("text_config")
    if isinstance(inner, dict) and "vocab_size" in inner:
        made["text_config"] = _renumbered({**inner, "vocab_size": match.rows}, match, notes)
    else:
        made["vocab_size"] = match.rows
    return _renumbered(made, match, notes)


def new_generation(folder: Path, match: Match, notes: list[str]) -> dict[str, Any] | None:
    """The generation config in the new numbers, or None where the model has none.

    Raises:
        FormatError: it is damaged.
    """
    path = folder / GENERATION
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON: {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise FormatError(f"{path}: expected an object")
    for name in _LISTS:
        if found.get(name) is not None:
            del found[name]
            notes.append(f"{name} of {GENERATION} named old ids; it is left out")
    return _renumbered(found, match, notes)


def with_chat_template(new: Tokenizer, old: Tokenizer, notes: list[str]) -> Tokenizer:
    """The new tokenizer, with the chat template of the old one where it has none and can have it."""
    template = old.definition.chat_template
    if template is None or new.definition.chat_template is not None:
        return new
    missing = sorted(
        content for content in old.specials if content in template and content not in new.specials
    )
    if missing:
        notes.append(
            "the model's chat template is left out: the new vocabulary has no "
            f"{', '.join(missing[:4])}"
        )
        return new
    notes.append("the chat template is the model's own")
    return Tokenizer(replace(new.definition, chat_template=template))


def _renumbered(config: dict[str, Any], match: Match, notes: list[str]) -> dict[str, Any]:
    """Ids by role for BOS, EOS and padding; by their row for every other `..._token_id`."""
    made = dict(config)
    row_of = {int(old): new for new, old in reversed(list(enumerate(match.source.tolist())))}
    for key, value in config.items():
        if not key.endswith(("_token_id", "_token_index")) or value is None:
            continue
        role = _ROLES.get(key)
        own = None if role is None else getattr(match.new.definition, role)
        if isinstance(value, list):
            moved = [row_of[one] for one in value if isinstance(one, int) and one in row_of]
            made[key] = sorted({*moved, *([own] if own is not None else [])}) or None
            if made[key] is None:
                notes.append(f"{key} was {value}; the new vocabulary has no such token")
        elif own is not None:
            made[key] = own
        elif isinstance(value, int) and value in row_of:
            made[key] = row_of[value]
        elif role is not None:
            made[key] = None
            token = key.removesuffix("_id")
            notes.append(
                f"{key} was {value}; the new vocabulary has no such token (if it has one, name it as "
                f"{token} in its tokenizer_config.json)"
            )
        elif isinstance(value, int) and 0 <= value < len(match.used):
            raise UnsupportedError(
                f"config.json: {key} is {value}, and the new vocabulary has no such token; the model "
                "relies on it"
            )
    return made
