"""What a hypernetwork is trained for: that a frozen model reads and predicts with the rows that it makes.

arXiv:2405.07883. First it learns to make the old rows themselves; then each step draws a vocabulary and
texts, and the loss is that of the model on the texts in that vocabulary, and how far the rows of old tokens
are from what they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from tokenworks.transplant.hypernetwork import Hypernetwork
from tokenworks.transplant.sampled_vocabularies import QUEUE, VocabularySampler
from tokenworks.transplant.surface_forms import SurfaceForms

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

AUXILIARY = 0.5  # weight of the distance to the old rows
NEGATIVES = 1024  # tokens that do not occur in a batch, drawn for its softmax
_MIMICKED = 2048  # old rows of a step of the warm-up
_COMPARED = 256  # old rows of a step after it
_NOTHING = -100  # the label of what is not predicted


class Objective:
    """The loss of a step, by its number; steps depend on the seed and their number alone."""

    def __init__(
        self,
        model: LanguageModel,
        network: Hypernetwork,
        texts: Callable[[int], Sequence[str]],
        sampler: VocabularySampler,
        *,
        length: int,
        mimic: int,
        seed: int = 0,
    ) -> None:
        """Prepare.

        Args:
            model: which stays as it is.
            network: to train.
            texts: the batch of this number.
            sampler: of vocabularies.
            length: tokens of a text that are read, the start token not among them.
            mimic: steps of the warm-up, which only regress the old rows.
            seed: of the tokens drawn.
        """
        self.model, self.network = model, network
        self._device = model.device
        self.texts, self.sampler = texts, sampler
        self.length, self.mimic, self.seed = length, mimic, seed
        ends = [model.input_embeddings, model.output_embeddings]
        self.sources = torch.cat(ends[: 1 if network.shape.tied else 2], dim=1).float()
        old = model.tokenizer
        self._forms = SurfaceForms(old, network.shape.pieces, network.shape.extra)
        self._old = self._forms.old_id
        self._ids = np.array(sorted(self._old.values()))
        self._bytes = [old.token_bytes(number) for number in self._ids.tolist()]
        norms = self.sources[self._on(self._ids)].reshape(len(self._ids), -1, network.shape.width)
        self._norm = norms.norm(dim=2).mean(0)  # [ends]
        named = {id(tensor): name for name, tensor in model.model.named_parameters()}
        module = model.model
        self._input = named[id(module.get_input_embeddings().weight)]
        self._output = named.get(id(module.get_output_embeddings().weight), self._input)
        bias = getattr(module.get_output_embeddings(), "bias", None)
        self._bias = None if bias is None else named[id(bias)]
        self._old_bias = None if bias is None else bias.detach()
        module.get_input_embeddings().padding_idx = None  # rows are numbered anew in each step

    def __call__(self, step: int) -> torch.Tensor:
        """The loss of the step of this number, counted from 0."""
        random = np.random.default_rng([self.seed, 1, step])
        if step < self.mimic:
            return self._mimicry(random)
        return self._language(step, random)

    # The warm-up -----------------------------------------------------------------------------------

    def _mimicry(self, random: np.random.Generator) -> torch.Tensor:
        """How far made rows are from the old ones: of tokens as they are, and cut in two."""
        chosen = random.choice(len(self._ids), min(_MIMICKED, len(self._ids)), replace=False)
        whole, cut = np.array_split(chosen, 2)
        loss = self._distance(self._ids[whole], [[int(one)] for one in self._ids[whole]])
        halves: list[bytes] = []
        kept: list[int] = []
        for place in cut.tolist():
            token = self._bytes[place]
            if len(token) > 1:
                at = int(random.integers(1, len(token)))
                halves += [token[:at], token[at:]]
                kept.append(int(self._ids[place]))
        spelled = self._forms.of(halves)
        forms = [
            (spelled[at] + spelled[at + 1])[: self.network.shape.pieces]
            for at in range(0, len(spelled), 2)
        ]
        return loss + self._distance(np.array(kept), forms) if kept else loss

    def _distance(self, ids: NDArray[np.int64], forms: Sequence[Sequence[int]]) -> torch.Tensor:
        """Squared distance of the rows made from these pieces and the old rows, over the mean norm."""
        made, _ = self._made(forms)
        wanted = self.sources[self._on(ids)]
        apart = (made - wanted).reshape(len(ids), -1, self.network.shape.width)
        distance: torch.Tensor = (apart.square().sum(2).mean(0) / self._norm).mean()
        return distance

    # The language model ----------------------------------------------------------------------------

    def _language(self, step: int, random: np.random.Generator) -> torch.Tensor:
        drawn = self.sampler.draw(step + QUEUE)  # the first batches give substrings alone
        texts = list(self.texts(step + QUEUE))
        ids, starts = drawn.tokenizer.encode_batch(texts, specials="text", errors="replace")
        start = self.model.start
        first = len(start)
        present, local = np.unique(ids, return_inverse=True)
        others = np.setdiff1d(np.arange(len(drawn.tokens)), present)
        absent = random.choice(others, min(NEGATIVES, len(others)), replace=False)
        tokens = [drawn.tokens[number] for number in [*present.tolist(), *absent.tolist()]]
        many = len(starts) - 1
        inputs = np.zeros((many, first + self.length), np.int64)
        labels = np.full((many, first + self.length), _NOTHING, np.int64)
        for row in range(many):
            own = local[starts[row] : starts[row + 1]][: self.length] + first
            inputs[row, :first] = np.arange(first)
            inputs[row, first : first + len(own)] = own
            predicted = own if first else own[1:]  # nothing is before a first token alone
            labels[row, max(first - 1, 0) :][: len(predicted)] = predicted
        rows, bias = self._candidates(tokens, list(start))
        # Those not in the batch stand for all that are not in it.
        weights = rows.new_zeros(len(rows))
        weights[first + len(present) :] = np.log(len(others) / max(1, len(absent)))
        logits = self._logits(self._on(inputs), rows, bias) + weights
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), self._on(labels).flatten(), ignore_index=_NOTHING
        )
        known = [self._old[token] for token in tokens if token in self._old]
        if known:
            shown = np.array(known)[random.permutation(len(known))[:_COMPARED]]
            loss = loss + AUXILIARY * self._distance(shown, [[int(one)] for one in shown])
        return loss

    def _candidates(
        self, tokens: list[bytes], start: list[int]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Rows of the start tokens and these tokens: copies where the old vocabulary has them."""
        new = [place for place, token in enumerate(tokens) if token not in self._old]
        made, biases = self._made(self._forms.of([tokens[place] for place in new]))
        source = [self._old.get(token, 0) for token in tokens]
        at = self._on(np.array(new, np.int64)) + len(start)
        copied = self._on(np.array(start + source, np.int64))
        rows = self.sources[copied].index_copy(0, at, made)
        if self._old_bias is None:
            return rows, None
        return rows, self._old_bias.float()[copied].index_copy(0, at, biases)

    def _logits(
        self, inputs: torch.Tensor, rows: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        width = self.network.shape.width
        given = {self._input: rows[:, :width]}
        if self._output != self._input:
            given[self._output] = rows[:, width:]
        if self._bias is not None and bias is not None:
            given[self._bias] = bias
        options = {"input_ids": inputs, "use_cache": False}
        found = torch.func.functional_call(self.model.model, given, args=(), kwargs=options)
        logits: torch.Tensor = found.logits.float()
        return logits

    # Rows ------------------------------------------------------------------------------------------

    def _on(self, array: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)

    def _made(self, forms: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows from pieces, float32 [n, both], and biases [n]; those of no piece are the mean row."""
        width = self.sources.shape[1]
        if not forms:
            return self.sources.new_zeros((0, width)), self.sources.new_zeros(0)
        groups: dict[int, list[int]] = defaultdict(list)
        for place, form in enumerate(forms):
            groups[len(form)].append(place)
        rows, biases = [], []
        for size, places in groups.items():
            bias: torch.Tensor | None = None
            if size:
                pieces = self._on(np.array([forms[place] for place in places], np.int64))
                found = self.network(self.network.rows_of(pieces, self.sources))
                ends = [found.input] if found.output is None else [found.input, found.output]
                made, bias = torch.cat(ends, dim=1).float(), found.bias
            else:
                made = self.sources.mean(0, keepdim=True).expand(len(places), -1)
            rows.append(made)
            biases.append(made.new_zeros(len(places)) if bias is None else bias)
        order = np.argsort([place for places in groups.values() for place in places])
        back = self._on(order)
        return torch.cat(rows)[back], torch.cat(biases)[back]
