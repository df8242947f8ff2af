"""Chat templates: messages to the text that a model was trained on.

Templates come with the tokenizer's files, from anywhere, so that they are rendered in a sandbox
without access to Python objects; the helpers that published templates rely on are provided.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tokenworks.errors import FormatError, OptionError, UnsupportedError

Message = Mapping[str, Any]
# The names of a message's reasoning, the one that most templates read first.
_REASONING = ("reasoning_content", "thinking", "reasoning")


def render(
    template: str | None,
    messages: Sequence[Message],
    *,
    special_tokens: Mapping[str, str],
    add_generation_prompt: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> str:
    """Render a conversation.

    Args:
        template: the tokenizer's chat template.
        messages: mappings with "role" and "content".
        special_tokens: `bos_token`, `eos_token` and others, by role.
        add_generation_prompt: end with what opens the model's answer.
        variables: more names for the template, such as `tools`.

    Returns:
        The text.

    Raises:
        UnsupportedError: the tokenizer has no chat template.
        OptionError: the messages are not a conversation, or the template refuses them.
        FormatError: the template itself is damaged.
    """
    if template is None:
        raise UnsupportedError(
            "this tokenizer has no chat template; give a text in place of messages, or load the "
            "tokenizer from the folder of a chat model"
        )
    for index, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise OptionError(
                f'messages[{index}] is {str(message)[:60]!r}; expected {{"role": ..., "content": ...}}'
            )
    if not messages:
        raise OptionError("there are no messages; give one at least")
    import jinja2

    names = {"tools": None, "documents": None, **special_tokens, **_plain(variables or {})}
    try:
        text: str = _compiled(template).render(
            messages=[_named_anew(message) for message in messages],
            add_generation_prompt=add_generation_prompt,
            **names,
        )
    except _RefusedError as error:
        raise OptionError(f"the chat template refuses these messages: {error}") from None
    except jinja2.TemplateSyntaxError as error:
        raise FormatError(
            f"the chat template is damaged: {error.message} (line {error.lineno})"
        ) from None
    except jinja2.TemplateError as error:
        raise OptionError(f"the chat template cannot render these messages: {error}") from None
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, ArithmeticError) as error:
        raise OptionError(f"the chat template cannot render these messages: {error}") from None
    except (RecursionError, MemoryError):
        raise FormatError("the chat template does not end or needs too much memory") from None
    return text


def _named_anew(message: Message) -> dict[str, Any]:
    """A message as transformers hands it over: without what is None, its reasoning under every name.

    Services give `content: None` beside a call of a tool, which templates would spell out.
    """
    held: dict[str, Any] = {key: _plain(v) for key, v in message.items() if v is not None}
    reasoning = next((held[name] for name in _REASONING if name in held), None)
    if reasoning is None:
        return held
    return {"thinking": reasoning, **held, "reasoning_content": reasoning}


def _plain(value: Any) -> Any:
    """JSON's own types; of any other object a template sees the name of its type alone."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return f"<{type(value).__name__}>"


class _RefusedError(Exception):
    """Raised by a template through `raise_exception`."""


def _raise(message: str) -> None:
    raise _RefusedError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Unlike jinja2's own filter, this does not escape for HTML.
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def environment(refuse: Callable[[str], None], now: Callable[[], datetime]) -> Any:
    """Jinja as transformers sets it up: sandboxed, with its filters, functions and blocks.

    Args:
        refuse: what `raise_exception` does in a template.
        now: the day and hour that `strftime_now` writes.
    """
    from jinja2 import nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks the assistant's text for training; here it changes nothing."""

        tags = {"generation"}  # noqa: RUF012 (the base class declares it)

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.filters["tojson"] = _to_json
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = lambda form: now().strftime(form)
    return made


@functools.lru_cache(maxsize=16)
def _compiled(template: str) -> Any:
    return environment(_raise, datetime.now).from_string(template)
