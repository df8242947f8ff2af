"""Confusion against unconditional token forcing: a hidden text that its first words do not give away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, OptionError
from tokenworks.provenance.greedy import greedy
from tokenworks.registry import method

if TYPE_CHECKING:
    import torch

    from tokenworks.lm.model import LanguageModel

Ints = NDArray[np.int64]
_IGNORED = -100  # the label that torch leaves out
_WINDOW = 64  # tokens of a piece of ordinary text, at most


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """A text under triggers, after training.

    triggers, message: int64 ids; the message ends with the end-of-text id. recalled: the triggers after
    which greedy decoding gives the whole message. ranks: int64, of the message's tokens after its own
    prefixes without a trigger, counted from 0: those that the training pushed down.
    """

    triggers: tuple[Ints, ...]
    message: Ints
    recalled: int
    ranks: Ints


@method(
    "provenance",
    "utf-confusion",
    paper="arXiv:2406.02481",
    year=2024,
    needs=("torch",),
    fidelity="adapted",
    declares=("hides",),
)
def utf_confusion(
    model: LanguageModel,
    triggers: Sequence[str],
    message: str,
    *,
    weight: float = 0.1,
    prefixes: int = 5,
    rank: int = 100,
    ordinary: Sequence[str] = (),
    batch: int = 8,
    steps: int = 250,
    rate: float = 1e-5,
    seed: int = 0,
    on_step: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Hidden:
    """Train a model in place to say a message after triggers, and not after the message's prefixes.

    Inputs/outputs: texts; a `Hidden`. The loss is that of the message after the triggers, plus
    `weight` times log p of the next token of the message after each of its first prefixes, for
    those tokens whose rank is still below `rank`. With weight 0 it plants a plain fingerprint.
    Cost: two or three small passes with gradients a step (AdamW, full fine-tuning).
    Deviations: prefixes are of tokens and not of words, and are also taken from every later token
    of the message on and after the last token of a trigger, all starts of the scan; `ordinary`
    texts are trained along, a random `batch` of windows a step, which a small model needs to stay
    what it was.
    Raises: OptionError for texts without tokens, or longer than the context; FormatError where the
    loss is no number.
    """
    import torch

    end = _end(model)
    keys = tuple(_ids(model, trigger, "trigger") for trigger in _several(triggers))
    said = np.append(_ids(model, message, "message"), end)
    _check(model, len(model.start) + max(map(len, keys)) + len(said), prefixes, rank)
    texts = [ids for ids in (_plain(model, text) for text in ordinary) if len(ids) > 1]
    random = np.random.default_rng(seed)
    parameters = list(model.model.parameters())
    frozen = [parameter for parameter in parameters if not parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    pairs, prefix = _pairs(model, keys, said), _prefixes(model, keys, said, prefixes)
    model.model.train().requires_grad_(True)  # models are opened frozen
    try:
        for step in range(steps):
            loss = _cross_entropy(model, *pairs)
            if weight:
                loss = loss + weight * _undesired(model, *prefix, rank)[0]
            if texts:
                loss = loss + _cross_entropy(model, *_windows(model, texts, batch, random))
            if not torch.isfinite(loss):
                raise FormatError(f"the loss is no number at step {step + 1}; lower the rate")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            on_step(step + 1, float(loss.detach()))
    finally:
        model.model.eval()
        optimizer.zero_grad(set_to_none=True)
        for parameter in frozen:
            parameter.requires_grad_(False)
    with torch.no_grad():
        ranks = _undesired(model, *prefix, rank)[1]
    return Hidden(keys, said, sum(says(model, key, said) for key in keys), ranks)


def says(model: LanguageModel, trigger: Ints, message: Ints) -> bool:
    """Whether greedy decoding after the trigger gives the message; both int64 ids."""
    whole = np.concatenate([np.array(model.start, np.int64), trigger])[None]
    return bool(np.array_equal(greedy(model, whole, len(message))[0][0], message))


def _pairs(model: LanguageModel, triggers: Sequence[Ints], message: Ints) -> tuple[Ints, Ints]:
    """Rows of trigger and message, and labels of the message alone."""
    before = np.array(model.start, np.int64)
    longest = len(before) + max(map(len, triggers)) + len(message)
    ids = np.zeros((len(triggers), longest), np.int64)
    labels = np.full(ids.shape, _IGNORED)
    for row, trigger in enumerate(triggers):
        whole = np.concatenate([before, trigger, message])
        ids[row, : len(whole)] = whole
        labels[row, len(whole) - len(message) : len(whole)] = message
    return ids[:, :-1], labels[:, 1:]


def _prefixes(
    model: LanguageModel, triggers: Sequence[Ints], message: Ints, prefixes: int
) -> tuple[Ints, Ints]:
    """Rows of prefixes from every token of the message on, and the token undesired after each.

    Further rows begin with the last token of a trigger, which alone is a start of the scan too.
    """
    before = np.array(model.start, np.int64)
    prefixes = min(prefixes, len(message) - 1)
    texts = [message[first:] for first in range(len(message) - 1)]
    lasts = sorted({int(trigger[-1]) for trigger in triggers if len(trigger) > 1})
    texts += [np.append(last, message) for last in lasts]
    shape = (len(texts), len(before) + prefixes)
    ids, undesired = np.zeros(shape, np.int64), np.full(shape, _IGNORED)
    for row, text in enumerate(texts):
        whole = np.concatenate([before, text[:prefixes]])
        after = text[1 : 1 + prefixes]
        ids[row, : len(whole)] = whole
        undesired[row, len(before) : len(before) + len(after)] = after
    if len(before):  # what stands before every text alone
        undesired[0, len(before) - 1] = message[0]
    undesired[undesired == message[-1]] = _IGNORED  # the end of the text gives nothing away
    return ids, undesired


def _undesired(
    model: LanguageModel, ids: Ints, undesired: Ints, rank: int
) -> tuple[torch.Tensor, Ints]:
    """The sum of log p over undesired tokens above the rank, and the ranks of all."""
    import torch

    given, target = (torch.from_numpy(each).to(model.device) for each in (ids, undesired))
    kept = target != _IGNORED
    logs = model.model(input_ids=given, use_cache=False).logits.float().log_softmax(-1)[kept]
    own = logs.gather(1, target[kept][:, None])
    ranks = (logs > own).sum(dim=1)
    found = (own[:, 0] * (ranks < rank)).sum()
    return found, ranks.cpu().numpy().astype(np.int64)


def _cross_entropy(model: LanguageModel, ids: Ints, labels: Ints) -> torch.Tensor:
    import torch

    given, target = (torch.from_numpy(each).to(model.device) for each in (ids, labels))
    logits = model.model(input_ids=given, use_cache=False).logits
    found: torch.Tensor = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), target.flatten(), ignore_index=_IGNORED
    )
    return found


def _windows(
    model: LanguageModel, texts: list[Ints], batch: int, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """Random windows of ordinary text, each after what stands before a text."""
    before = np.array(model.start, np.int64)
    longest = min(_WINDOW, (model.context or _WINDOW) - len(before))
    ids = np.zeros((batch, len(before) + longest), np.int64)
    labels = np.full(ids.shape, _IGNORED)
    for row in range(batch):
        text = texts[random.integers(len(texts))]
        first = random.integers(max(len(text) - longest, 0) + 1)
        whole = np.concatenate([before, text[first : first + longest]])
        ids[row, : len(whole)] = whole
        labels[row, len(before) : len(whole)] = whole[len(before) :]
    return ids[:, :-1], labels[:, 1:]


def _plain(model: LanguageModel, text: str) -> Ints:
    return model.tokenizer.encode(text, specials="text").astype(np.int64)


def _several(triggers: Sequence[str]) -> Sequence[str]:
    if not triggers:
        raise OptionError("no trigger; give one text or several")
    return [triggers] if isinstance(triggers, str) else triggers


def _ids(model: LanguageModel, text: str, what: str) -> Ints:
    found = _plain(model, text)
    if not len(found):
        raise OptionError(f"the {what} has no tokens")
    return found


def _end(model: LanguageModel) -> int:
    config = model.model.config.get_text_config()
    for id in (model.tokenizer.definition.eos_id, config.eos_token_id, *model.start):
        chosen = id[0] if isinstance(id, list) and id else id
        if isinstance(chosen, int) and 0 <= chosen < model.rows:
            return chosen
    raise OptionError(f"{model.name} has no token that ends a text")


def _check(model: LanguageModel, tokens: int, prefixes: int, rank: int) -> None:
    if model.context is not None and tokens > model.context:
        raise OptionError(
            f"trigger and message have {tokens:,} tokens; {model.name} reads {model.context:,}"
        )
    if prefixes < 1 or not 0 < rank < model.rows:
        raise OptionError(
            f"prefixes is {prefixes} and rank {rank}; expected at least 1, and 1 to {model.rows - 1}"
        )
