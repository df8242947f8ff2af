"""What makes a prompt leak: how familiar it is to the model, and a head that reads it off word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel
    from tokenworks.provenance.conversation import Conversation

Floats = NDArray[np.float64]
_NUMBERS = 1 << 28  # of attention weights held at once


@dataclass(frozen=True, slots=True)
class Copying:
    """The prompt as the answer, forced.

    probability: geometric mean over its tokens of what the model gives each. attention: while token i
    is said, the attention to token i of the prompt, mean over i, of the head where that is highest;
    None where the model hands no attention out. uniform: the same for attention spread evenly.
    """

    probability: float
    attention: float | None
    uniform: float


def nats(model: LanguageModel, text: str, before: str = "") -> float:
    """The cost of a text after another, in nats per token; its exponential is the perplexity.

    Raises:
        FormatError: the model gives NaN.
    """
    head = [*model.start, *model.tokenizer.encode(before).tolist()]
    own = model.tokenizer.encode(text).tolist()
    ids = np.array([*head, *own], np.int64)[: model.context]
    if len(ids) <= max(len(head), 1):
        return float(np.log(model.rows))
    first = max(len(head), 1)
    logs = model.log_probs(ids)[first - 1 : -1]
    cost = -float(logs[np.arange(len(logs)), ids[first:]].astype(np.float64).mean())
    if not np.isfinite(cost):
        raise FormatError(f"{model.name} gives NaN; its weights are damaged or overflow")
    return cost


def copying(model: LanguageModel, asked: Conversation) -> Copying:
    """Force the prompt as the answer to a request, and look at how the model comes to it.

    Raises:
        FormatError: the model gives NaN.
    """
    room = len(asked.prompt) if model.context is None else model.context - len(asked.ids)
    copy = asked.prompt[:room]
    ids = np.concatenate([asked.ids, copy])
    before = np.arange(len(asked.ids) - 1, len(ids) - 1)  # where each token of the copy is decided
    logs = model.log_probs(ids)[before, copy].astype(np.float64)
    if not np.isfinite(logs).all():
        raise FormatError(f"{model.name} gives NaN; its weights are damaged or overflow")
    return Copying(
        probability=float(np.exp(logs.mean())),
        attention=_diagonal(model, ids, before, asked.begin + np.arange(len(copy))),
        uniform=float((1 / (before + 1)).mean()),
    )


def _diagonal(
    model: LanguageModel, ids: NDArray[np.int64], queries: Any, keys: Any
) -> float | None:
    """The highest mean over all heads of the attention from each query to its key."""
    import torch

    module, config = model.model, model.model.config.get_text_config()
    heads = getattr(config, "num_attention_heads", 0) * getattr(config, "num_hidden_layers", 0)
    if not 0 < heads * len(ids) ** 2 <= _NUMBERS or not hasattr(module, "set_attn_implementation"):
        return None
    usual = config._attn_implementation
    best: list[float] = []
    try:
        module.set_attn_implementation("eager")  # the fast kernels never form the weights
        with torch.no_grad():
            given = torch.from_numpy(ids[None]).to(model.device)
            layers = module(given, use_cache=False, output_attentions=True).attentions
        for layer in layers or ():
            if layer is not None and layer.shape[-2:] == (len(ids), len(ids)):
                best.append(float(layer[0].float()[:, queries, keys].mean(dim=-1).max()))
    except (ValueError, NotImplementedError, TypeError, AttributeError):
        return None  # a kind of model that has no such weights
    finally:
        module.set_attn_implementation(usual)
    return max(best) if best else None
