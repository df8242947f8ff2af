"""A hidden prompt and a request to it, as the ids that a chat model reads before it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError, TextError, UnsupportedError
from tokenworks.provenance.greedy import greedy

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """ids: int64 [n], up to where the answer begins. begin, end: those of the prompt, or a part of it."""

    ids: Ints
    begin: int
    end: int

    @property
    def prompt(self) -> Ints:
        """The ids of the prompt, as they stand there."""
        return self.ids[self.begin : self.end]


def conversation(
    model: LanguageModel, prompt: str, request: str, part: str | None = None
) -> Conversation:
    """Put a prompt before a request, as the model's chat template does.

    The prompt is the system message; it opens the user's message where the template knows no other.
    A model without a template reads both as paragraphs.

    Args:
        model: with or without a template.
        prompt, request: texts.
        part: of the prompt whose place is wanted; the whole if left out.

    Raises:
        TextError: one of them spells a special token.
        UnsupportedError: the template leaves the prompt out.
        OptionError: there is no room for an answer.
    """
    try:
        found = _told(model, prompt, request, part or prompt)
    except TextError as error:
        raise TextError(
            f"the prompt or the request: {str(error).partition(';')[0]}, which the model would read as "
            "a mark of its own; take it out"
        ) from None
    if found is None:
        through = (
            "tokenizer" if model.tokenizer.definition.chat_template is None else "chat template"
        )
        raise UnsupportedError(
            f"{model.name}: its {through} does not hand the prompt on as it is; nothing can be "
            "told of a prompt that the model does not see"
        )
    if model.context is not None and len(found.ids) >= model.context:
        raise OptionError(
            f"prompt and request have {len(found.ids):,} tokens; {model.name} reads at most "
            f"{model.context:,}, with the answer: shorten the prompt"
        )
    return found


def answer(model: LanguageModel, before: Ints, length: int) -> Ints:
    """What the model answers by greedy decoding, up to the end of its turn or `length` tokens."""
    ends = ends_of(model)
    ids = greedy(model, before[None], length, ends=ends)[0][0]
    over = np.flatnonzero(np.isin(ids, ends))
    said: Ints = ids[: over[0]] if len(over) else ids
    return said


def ends_of(model: LanguageModel) -> Ints:
    """The ids that end a turn: int64."""
    config = model.model.config.get_text_config()
    generation = getattr(model.model, "generation_config", None)
    found: set[int] = set()
    for ids in (
        model.tokenizer.definition.eos_id,
        config.eos_token_id,
        getattr(generation, "eos_token_id", None),
    ):
        found.update(ids if isinstance(ids, list) else [ids] if isinstance(ids, int) else [])
    return np.array(sorted(found), np.int64)


def text_of(model: LanguageModel, ids: Ints) -> str:
    """The text of ids; special tokens, and rows without a token, are left out."""
    lengths = model.token_lengths
    known = [id for id in ids.tolist() if id < len(lengths) and lengths[id]]
    return model.tokenizer.decode_bytes(known, skip_special=True).decode("utf-8", "replace")


def _told(model: LanguageModel, prompt: str, request: str, part: str) -> Conversation | None:
    if model.tokenizer.definition.chat_template is None:
        ids = [*model.start, *model.tokenizer.encode(f"{prompt}\n\n{request}\n\n").tolist()]
        return _placed(model, ids, part)
    return _through_template(model, prompt, request, part)


def _through_template(
    model: LanguageModel, prompt: str, request: str, part: str
) -> Conversation | None:
    system = [{"role": "system", "content": prompt}, {"role": "user", "content": request}]
    user = [{"role": "user", "content": f"{prompt}\n\n{request}"}]
    refused: OptionError | None = None
    for messages in (system, user):
        try:
            ids = model.tokenizer.ids_as_trained(messages, add_generation_prompt=True)
        except TextError:
            raise
        except OptionError as error:  # many templates refuse a system message
            refused = error
            continue
        refused = None
        found = _placed(model, ids.tolist(), part)
        if found is not None:
            return found
    if refused is not None:
        raise refused
    return None


def _placed(model: LanguageModel, ids: list[int], part: str) -> Conversation | None:
    """Where the tokens stand that spell a part of the prompt; None where none do."""
    lengths = model.token_lengths
    known = [id < len(lengths) and lengths[id] > 0 for id in ids]
    pieces = [
        model.tokenizer.token_bytes(id) if it else b"" for id, it in zip(ids, known, strict=True)
    ]
    ends = np.cumsum([len(piece) for piece in pieces])
    wanted = part.encode("utf-8")
    first = b"".join(pieces).find(wanted)
    if first < 0:
        return None
    begin = int(np.searchsorted(ends, first, side="right"))
    end = int(np.searchsorted(ends, first + len(wanted), side="left")) + 1
    return Conversation(np.array(ids, np.int64), begin, end)
