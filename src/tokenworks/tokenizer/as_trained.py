"""Ids as the model saw them in training: special tokens around a text, or a chat template."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.errors import OptionError, TokenworksWarning
from tokenworks.tokenizer import templates
from tokenworks.tokenizer.definition import Definition
from tokenworks.tokenizer.encoding import Ids
from tokenworks.tokenizer.huggingface_config import surrounding_ids
from tokenworks.tokenizer.text_policy import Specials, check_policy

if TYPE_CHECKING:
    from tokenworks.tokenizer.tokenizer import Tokenizer


def surrounding(definition: Definition) -> tuple[list[int], list[int]]:
    """The ids that belong before and after a single text."""
    if definition.postprocessor:
        return surrounding_ids(definition.postprocessor)
    before = [definition.bos_id] if definition.add_bos and definition.bos_id is not None else []
    after = [definition.eos_id] if definition.add_eos and definition.eos_id is not None else []
    return before, after


def ids_as_trained(
    tokenizer: Tokenizer,
    text_or_messages: str | Sequence[Mapping[str, Any]],
    *,
    add_generation_prompt: bool,
    specials: Specials,
    variables: Mapping[str, Any] | None,
) -> Ids:
    """See `Tokenizer.ids_as_trained`."""
    check_policy(specials)
    if isinstance(text_or_messages, str):
        return _text(tokenizer, text_or_messages, specials)
    messages = _messages(text_or_messages)
    if specials == "text":
        raise OptionError(
            "specials='text' cannot be told apart inside a chat template; remove special tokens "
            "from the messages, or allow them with specials='allow'"
        )
    if specials == "error":
        given = {key: (variables or {}).get(key) for key in ("tools", "documents")}
        _refuse_specials(tokenizer, [*messages, given])
    definition = tokenizer.definition
    named = definition.origin.extra.get("chat_templates", {})
    with_tools = "tool_use" in named and (variables or {}).get("tools") is not None
    text = templates.render(
        named["tool_use"] if with_tools else definition.chat_template,
        messages,
        special_tokens=_roles(tokenizer),
        add_generation_prompt=add_generation_prompt,
        variables=variables,
    )
    ids = tokenizer.encode(text, specials="allow")
    bos = definition.bos_id
    if bos is not None and ids[:2].tolist() == [bos, bos]:
        warnings.warn(
            f"the chat template of {tokenizer.name} writes BOS twice; kept once",
            TokenworksWarning,
            stacklevel=4,
        )
        ids = ids[1:]
    return ids


def _messages(given: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(given, bytes) or not isinstance(given, Sequence):
        kind = type(given).__name__
        raise OptionError(f"a text or a list of messages is expected, not {kind}")
    return given


def _text(tokenizer: Tokenizer, text: str, specials: Specials) -> Ids:
    before, after = surrounding(tokenizer.definition)
    ids = tokenizer.encode(text, specials=specials)
    if before and ids[: len(before)].tolist() == before:
        warnings.warn(
            f"the text begins with the BOS that {tokenizer.name} adds itself; kept once",
            TokenworksWarning,
            stacklevel=4,
        )
        ids = ids[len(before) :]
    around = [np.array(before, np.uint32), ids, np.array(after, np.uint32)]
    return np.concatenate(around)


def _refuse_specials(tokenizer: Tokenizer, value: Any) -> None:
    """Wherever a text from outside may stand: the content, a call's arguments, a tool's description."""
    if isinstance(value, str):
        tokenizer.encode(value, specials="error", errors="replace")
    elif isinstance(value, Mapping):
        for part in value.values():
            _refuse_specials(tokenizer, part)
    elif isinstance(value, Sequence):
        for part in value:
            _refuse_specials(tokenizer, part)


def _roles(tokenizer: Tokenizer) -> dict[str, str]:
    """Special tokens by the names that chat templates use."""
    definition = tokenizer.definition
    config = definition.origin.extra.get("companions", {}).get("tokenizer_config.json", {})
    roles = {
        role: value["content"] if isinstance(value, Mapping) else value
        for role, value in config.items()
        if role.endswith("_token") and isinstance(value, str | Mapping)
    }
    for role in ("bos", "eos", "pad"):
        number = getattr(definition, f"{role}_id")
        if number is not None and f"{role}_token" not in roles:
            roles[f"{role}_token"] = tokenizer.token_bytes(number).decode("utf-8", "replace")
    return roles
