"""The handle on a causal language model: probabilities, cached steps, hidden states, scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.lm.scores import Scores
from tokenworks.lm.state import State
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.as_trained import surrounding

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]

_CONTEXT = ("max_position_embeddings", "max_seq_len")  # the second is that of MPT and its kin


class LanguageModel:
    """A causal model of `transformers` with its tokenizer.

    model: the `transformers` module. tokenizer: ours. name: of its folder. path: that folder, or None.
    Ids given may be 1-D, [n], or 2-D, [batch, n]; results keep the batch axis if it was given.
    """

    def __init__(
        self, model: Any, tokenizer: Tokenizer, *, name: str = "model", path: Path | None = None
    ) -> None:
        """Wrap a module; `tw.lm.load` is the usual way.

        Raises:
            FormatError: the tokenizer has tokens for which the model has no row.
        """
        self.model = model
        self.tokenizer = tokenizer
        self.name = name
        self.path = path
        added = {token.id for token in tokenizer.definition.added}
        outside = [id for id in tokenizer.definition.model.ids.tolist() if id >= self.rows]
        outside = [id for id in outside if id not in added]
        if outside:
            raise FormatError(
                f"{name}: the model has {self.rows:,} rows, the tokenizer {tokenizer.name} has ids up "
                f"to {max(outside):,}; they do not belong together"
            )

    # What it is ------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        device: torch.device = self.input_embeddings.device
        return device

    @property
    def rows(self) -> int:
        """Rows of the embedding: the ids a distribution is over; may exceed the tokenizer's tokens."""
        return int(self.input_embeddings.shape[0])

    @property
    def input_embeddings(self) -> torch.Tensor:
        """The matrix with one row per id, [rows, width], in the model's dtype; no copy."""
        weight: torch.Tensor = self.model.get_input_embeddings().weight.detach()
        return weight

    @property
    def output_embeddings(self) -> torch.Tensor:
        """The matrix of the output layer, [rows, width], in the model's dtype; no copy."""
        weight: torch.Tensor = self.model.get_output_embeddings().weight.detach()
        return weight

    @property
    def output_bias(self) -> torch.Tensor | None:
        """The bias of the output layer, [rows], where it has one."""
        bias = getattr(self.model.get_output_embeddings(), "bias", None)
        return None if bias is None else bias.detach()

    @property
    def tied(self) -> bool:
        """Whether input and output embeddings are the same matrix."""
        return self.input_embeddings.data_ptr() == self.output_embeddings.data_ptr()

    @property
    def parameters(self) -> int:
        """How many numbers were learned; tied matrices count once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @cached_property
    def context(self) -> int | None:
        """The most tokens the model reads at once, as its config says; None where it does not."""
        config = self.model.config.get_text_config()
        lengths = (getattr(config, name, None) for name in _CONTEXT)
        return next((one for one in lengths if isinstance(one, int) and one > 0), None)

    @cached_property
    def token_lengths(self) -> NDArray[np.int64]:
        """Bytes of each id's token, int64 [highest id + 1]; 0 for ids without a token."""
        found = np.zeros(self.tokenizer.max_id_plus_one, np.int64)
        for id in range(len(found)):
            with suppress(OptionError):
                found[id] = len(self.tokenizer.token_bytes(id))
        return found

    @cached_property
    def start(self) -> tuple[int, ...]:
        """The ids that stand before a text: as the tokenizer adds them, else BOS, else EOS, else none."""
        definition, config = self.tokenizer.definition, self.model.config.get_text_config()
        if before := surrounding(definition)[0]:
            return tuple(before)
        for id in (definition.bos_id, config.bos_token_id, definition.eos_id, config.eos_token_id):
            chosen = id[0] if isinstance(id, list) and id else id
            if isinstance(chosen, int) and 0 <= chosen < self.rows:
                return (chosen,)
        return ()

    # What it computes ------------------------------------------------------------------------

    def logits(self, ids: ArrayLike) -> torch.Tensor:
        """What the output layer gives for the token after each position: [..., n, rows], model's dtype.

        Raises:
            OptionError: no ids, more than the context holds, or an id without a row.
        """
        given = self._checked(ids)
        with self._quiet():
            found: torch.Tensor = self.model(given, use_cache=False).logits
        return found if np.ndim(ids) == 2 else found[0]

    def log_probs(self, ids: ArrayLike) -> Floats:
        """Natural logarithms of next-token probabilities.

        Args:
            ids: [n] or [batch, n]; nothing is put before them (see `start`).

        Returns:
            float32 [..., n, rows]: row i is over the token that follows ids[: i + 1].

        Raises:
            OptionError: as `logits`.
        """
        return _log_softmax(self.logits(ids))

    def step(self, ids: ArrayLike, state: State | None = None) -> tuple[Floats, State]:
        """Read on from where `state` ended, computing only the new tokens.

        Args:
            ids: the new tokens, [n] or [batch, n].
            state: of an earlier step; it is used up: keep a `state.copy()` to branch. None begins.

        Returns:
            float32 [..., n, rows] as `log_probs`, and the state after them.

        Raises:
            OptionError: as `logits`, or a batch other than that of the state.
            UnsupportedError: the model keeps no cache of keys and values (a state-space model).
        """
        before = state.length if state else 0
        given = self._checked(ids, before)
        if state and state.batch != given.shape[0]:
            raise OptionError(f"{given.shape[0]} sequences given; the state has {state.batch}")
        with self._quiet():
            cache = state.cache if state else None
            found = self.model(given, past_key_values=cache, use_cache=True)
        after_cache = getattr(found, "past_key_values", None)
        if after_cache is None:
            raise UnsupportedError(
                f"{self.name}: this kind of model has no cache of keys and values"
            )
        after = State(after_cache, before + given.shape[1], given.shape[0])
        return _log_softmax(found.logits if np.ndim(ids) == 2 else found.logits[0]), after

    def hidden_states(self, ids: ArrayLike) -> Floats:
        """What each layer hands on: float32 [layers + 1, ..., n, width].

        The first is the embedding, the last is after the final norm.

        Raises:
            OptionError: as `logits`.
        """
        import torch

        given = self._checked(ids)
        with self._quiet():
            found = self.model(given, use_cache=False, output_hidden_states=True).hidden_states
        stacked = torch.stack([layer.float() for layer in found]).cpu().numpy()
        return stacked if np.ndim(ids) == 2 else stacked[:, 0]

    def score(
        self,
        texts: Iterable[str],
        *,
        window: int | None = None,
        stride: int | None = None,
        on_tokens: Callable[[int], None] | None = None,
    ) -> Scores:
        """What texts cost, token by token; see `Scores` for what is counted.

        Args:
            texts: each is scored by itself, from the start on.
            window: tokens read at once, with those of `start`; the context, at most 2,048, if left out.
            stride: tokens that a window scores where a text is longer than one; half of it if left out.
            on_tokens: called with the number of tokens scored, as they are.

        Raises:
            OptionError: a window or stride that cannot be.
            FormatError: the model gives NaN or infinity.
        """
        from tokenworks.lm.scoring import score

        return score(self, texts, window=window, stride=stride, on_tokens=on_tokens)

    # ------------------------------------------------------------------------------------------

    def _checked(self, ids: ArrayLike, before: int = 0) -> torch.Tensor:
        """The ids as a batch on the model's device."""
        import torch

        given = np.asarray(ids)
        if given.ndim not in (1, 2) or not given.size or given.dtype.kind not in "iu":
            raise OptionError(
                f"ids have shape {given.shape} and dtype {given.dtype}; expected integers, [n] or "
                "[batch, n], at least one (`start` holds what stands before a text)"
            )
        if self.context is not None and before + given.shape[-1] > self.context:
            raise OptionError(
                f"{before + given.shape[-1]:,} tokens; {self.name} reads at most {self.context:,}"
            )
        self.check_rows(given)
        batch = np.atleast_2d(given).astype(np.int64)
        return torch.from_numpy(batch).to(self.device)

    def check_rows(self, ids: NDArray[Any]) -> None:
        """Refuse ids for which the model has no row.

        Raises:
            OptionError: there is one.
        """
        if ids.size and not (ids.min() >= 0 and ids.max() < self.rows):
            wrong = int(ids.min() if ids.min() < 0 else ids.max())
            raise OptionError(f"id {wrong} has no row; {self.name} has {self.rows:,} rows")

    def _quiet(self) -> AbstractContextManager[None]:
        import torch

        return torch.no_grad()

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f"LanguageModel({self.name!r}, {kind}, {self.parameters:,} parameters)"


def _log_softmax(logits: torch.Tensor) -> Floats:
    found: Floats = logits.float().log_softmax(-1).cpu().numpy()
    return found
