"""Generating with a large dynamic vocabulary: made rows go in, an index says what may come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.dynamic_vocabulary import RetrievedSoftmax
from tokenworks.transplant.embeddings import Floats, Ids, Rows

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

_TOLERANCE = 1e-3  # of the largest logit


@dataclass(frozen=True, slots=True, eq=False)
class DynamicModel:
    """A model that reads and writes the tokens of another, larger vocabulary, its weights unchanged.

    model: of transformers, with its own vocabulary. tokenizer: the larger one, whose first tokens need
    not be those of the model. rows: of its input matrix. head: what follows a state. Raises
    UnsupportedError for a model whose logits are not the products of its last state with its rows.
    """

    model: LanguageModel
    tokenizer: Tokenizer
    rows: Rows
    head: RetrievedSoftmax

    def __post_init__(self) -> None:
        _check_plain(self.model)
        if self.rows.rows < self.tokenizer.max_id_plus_one:
            raise OptionError(
                f"{self.rows.rows:,} rows are given, {self.tokenizer.name} needs "
                f"{self.tokenizer.max_id_plus_one:,}"
            )

    def states(self, ids: Ids, cache: Any = None) -> tuple[Floats, Any]:
        """Read on: the last states of the model after each token, float32 [n, width], and its cache."""
        import torch

        vectors = torch.from_numpy(self.rows.take(np.asarray(ids, np.int64)))[None]
        inner = self.model.model.base_model
        with torch.no_grad():
            found = inner(
                inputs_embeds=vectors.to(self.model.device, self.model.input_embeddings.dtype),
                past_key_values=cache,
                use_cache=True,
            )
        return found.last_hidden_state[0].float().cpu().numpy(), found.past_key_values

    def generate(
        self, prompt: str, *, tokens: int = 50, temperature: float = 0.0, seed: int = 0
    ) -> str:
        """What follows a text.

        Args:
            prompt: read with the tokens of the large vocabulary.
            tokens: at most; it also ends with the tokenizer's end of text, or a full context.
            temperature: 0 takes the most likely token; otherwise tokens are drawn.
            seed: of what is drawn.

        Raises:
            OptionError: fewer than one token, a negative temperature, or a prompt longer than the context.
        """
        if tokens < 1 or temperature < 0:
            raise OptionError(
                f"tokens is {tokens}, temperature {temperature}: expected 1 or more, 0 or more"
            )
        ids = [*_start(self.tokenizer), *self.tokenizer.encode(prompt, specials="text").tolist()]
        if not ids:
            raise OptionError("the prompt is empty, and the tokenizer has no token to begin with")
        context = self.model.context
        if context is not None and len(ids) >= context:
            raise OptionError(f"the prompt has {len(ids):,} tokens; the model reads {context:,}")
        most = tokens if context is None else min(tokens, context - len(ids))
        draw = np.random.default_rng(seed)
        made: list[int] = []
        given, cache = np.array(ids, np.int64), None
        end = self.tokenizer.definition.eos_id
        while len(made) < most:
            states, cache = self.states(given, cache)
            found, logs = self.head.log_probs(states[-1:])
            chosen = int(found[0, _choice(logs[0], temperature, draw)])
            if chosen == end:
                break
            made.append(chosen)
            given = np.array([chosen], np.int64)
        return self.tokenizer.decode(made)


def _start(tokenizer: Tokenizer) -> tuple[int, ...]:
    definition = tokenizer.definition
    first = definition.bos_id if definition.bos_id is not None else definition.eos_id
    return () if first is None else (first,)


def _choice(logs: Any, temperature: float, draw: np.random.Generator) -> int:
    if temperature == 0:
        return int(logs.argmax())
    scaled = np.exp((logs - logs.max()) / temperature)
    return int(draw.choice(len(scaled), p=scaled / scaled.sum()))


def _check_plain(model: LanguageModel) -> None:
    """One short run: rows go in and come out as they are, without scaling, capping or another layer."""
    import torch

    ids = torch.arange(min(6, model.context or 6), device=model.device)[None] % model.rows
    with torch.no_grad():
        vectors = model.input_embeddings[ids]
        states = model.model.base_model(inputs_embeds=vectors, use_cache=False).last_hidden_state
        made = states @ model.output_embeddings.T
    if model.output_bias is not None:
        made = made + model.output_bias
    own = model.logits(ids[0].cpu().numpy())[None]
    if (made - own).abs().max() > _TOLERANCE * max(1.0, float(own.abs().max())):
        raise UnsupportedError(
            f"{model.name}: its logits are more than products of its last state with its rows; such "
            "models cannot take other rows from outside"
        )
