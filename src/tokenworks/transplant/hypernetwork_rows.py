"""Rows of any tokens, made by a hypernetwork when they are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch

from tokenworks.errors import OptionError
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids, Part
from tokenworks.transplant.hypernetwork import Hypernetwork
from tokenworks.transplant.surface_forms import SurfaceForms

_AT_ONCE = 1 << 22  # numbers of the rows that are read at once


class HypernetworkRows:
    """A hypernetwork on the matrices of a model; the rows of a token depend on its bytes alone."""

    def __init__(
        self,
        network: Hypernetwork,
        old: Tokenizer,
        embeddings: Embeddings,
        *,
        language: str | None = None,
    ) -> None:
        """Check that they belong together.

        Args:
            network: to use.
            old: the tokenizer of the model.
            embeddings: its matrices; they are read row by row.
            language: one of the network's, where it was trained for several.

        Raises:
            OptionError: the network is for rows of another width, for the other kind of tying, for
                another tokenizer, or needs a language.
        """
        shape = network.shape
        if shape.width != embeddings.input.width:
            raise OptionError(
                f"the hypernetwork makes rows of {shape.width:,} numbers, the model has "
                f"{embeddings.input.width:,}; it was trained for another model"
            )
        if shape.tied != embeddings.tied:
            ours, theirs = ("two matrices", "one for both ends")[:: 1 if shape.tied else -1]
            raise OptionError(f"the model has {ours}, the hypernetwork was trained for {theirs}")
        if shape.languages and language not in network.languages:
            known = ", ".join(network.languages[:30]) or "none is named"
            raise OptionError(
                f"the hypernetwork must be told the language (--option language=...): {known}"
            )
        self._language = network.languages.index(language or "") if shape.languages else None
        self._network = network.eval()
        self._forms = SurfaceForms(old, shape.pieces, shape.extra)
        self._embeddings = embeddings

    def make(self, tokens: Sequence[bytes], part: Part = "input") -> Floats:
        """Rows of tokens by their bytes, float32 [n, width]; those of empty tokens are zeros."""
        width = 1 if part == "bias" else self._network.shape.width
        made = np.zeros((len(tokens), width), np.float32)
        groups: dict[int, list[int]] = defaultdict(list)
        forms = self._forms.of(tokens)
        for place, form in enumerate(forms):
            groups[len(form)].append(place)
        groups.pop(0, None)
        hidden = max(self._network.shape.inner, 2 * width)
        for size, places in groups.items():
            many = max(1, _AT_ONCE // (size * hidden))
            for start in range(0, len(places), many):
                block = places[start : start + many]
                made[block] = self._block(
                    np.array([forms[place] for place in block], np.int64), part
                )
        return made

    @torch.inference_mode()
    def _block(self, pieces: Ids, part: Part) -> Floats:
        distinct, local = np.unique(pieces, return_inverse=True)
        known = np.maximum(distinct, 0)
        ends = [self._embeddings.input, self._embeddings.output]
        rows = [torch.from_numpy(end.take(known)) for end in ends if end is not None]
        sources = torch.cat(rows, dim=1)
        spare = self._network.fallback_embeddings.weight.float()
        beyond = torch.from_numpy(distinct < 0)
        if bool(beyond.any()):
            sources[beyond] = spare[torch.from_numpy(-1 - distinct[distinct < 0])]
        given = sources[torch.from_numpy(local.reshape(pieces.shape))]
        made = self._network(given, self._language)
        found = {"input": made.input, "output": made.output, "bias": made.bias}[part]
        if found is None:
            return np.zeros((len(pieces), 1), np.float32)  # without a bias head it is 0
        array: Floats = found.float().numpy().reshape(len(pieces), -1)
        return array
