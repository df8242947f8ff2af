"""The network of ZeTT (arXiv:2405.07883): from the old tokens that spell a token to its rows.

The modules have the names of the published checkpoints, so that a state is loaded as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tokenworks.transplant.hypernetwork_shape import Shape

_EPSILON = 1e-5  # of the norms of roberta-base


class Rescaler(nn.Module):
    """x w + b in each dimension, with statistics that are measured, not learned."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1, width), requires_grad=False)
        self.b = nn.Parameter(torch.zeros(1, width), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shapes: [..., width] -> the same."""
        return self.w * x + self.b


class Projector(nn.Module):
    """A residual MLP with a norm after it."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense1 = nn.Linear(width, inner)
        self.dense2 = nn.Linear(inner, width)
        self.ln = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shapes: [..., width] -> the same."""
        inner = functional.gelu(self.dense1(x), approximate="tanh")
        added = functional.gelu(self.dense2(inner), approximate="tanh")
        normed: torch.Tensor = self.ln(added + x)
        return normed


@dataclass(frozen=True, slots=True)
class Made:
    """Rows of n tokens: input and, where untied, output [n, width]; bias [n] where there is one."""

    input: torch.Tensor
    output: torch.Tensor | None
    bias: torch.Tensor | None


class Hypernetwork(nn.Module):
    """Rows of tokens from the rows of the old tokens that spell them; each token by itself."""

    def __init__(self, shape: Shape) -> None:
        """Build it with random weights."""
        super().__init__()
        self.shape = shape
        self.languages: tuple[str, ...] = ()  # by number, where they are known
        both = shape.width * (1 if shape.tied else 2)
        hidden, inner = shape.hidden, shape.inner
        self.fallback_embeddings = nn.Embedding(max(shape.extra, 1), both)
        if shape.languages:
            self.lang_embeddings = nn.Embedding(shape.languages, hidden)
        self.in_scaler = Rescaler(both)
        self.input_projection = nn.Sequential(nn.Linear(both, hidden), Projector(hidden, inner))
        self.model = nn.ModuleDict(
            {
                "embeddings": nn.ModuleDict(
                    {
                        "position_embeddings": nn.Embedding(shape.positions, hidden),
                        "token_type_embeddings": nn.Embedding(1, hidden),
                        "LayerNorm": nn.LayerNorm(hidden, eps=_EPSILON),
                    }
                ),
                "encoder": nn.ModuleDict(
                    {"layer": nn.ModuleList(_layer(hidden, inner) for _ in range(shape.layers))}
                ),
            }
        )
        self.output_projection = _head(hidden, inner, both if shape.single_head else shape.width)
        self.scaler = Rescaler(shape.width)
        if not shape.tied:
            self.out_scaler = Rescaler(shape.width)
            if not shape.single_head:
                self.output_projection_out = _head(hidden, inner, shape.width)
        if shape.bias:
            self.bias_projection = nn.Linear(hidden, 1)
        if shape.residual:
            ends = 1 if shape.tied else 2
            means = torch.ones(shape.pieces, shape.pieces).tril()
            means /= means.sum(dim=1, keepdim=True)
            self.pooling = nn.Parameter(means.repeat(ends, 1, 1))  # [end, pieces - 1, place]
            for name in ("output_projection", "output_projection_out"):
                if hasattr(self, name):
                    nn.init.zeros_(getattr(self, name)[1].weight)
                    nn.init.zeros_(getattr(self, name)[1].bias)

    def get_input_embeddings(self) -> nn.Module:
        """What the trainer takes for an embedding."""
        return self.fallback_embeddings

    def get_output_embeddings(self) -> None:
        """There is none."""

    def measure(self, rows: torch.Tensor) -> None:
        """Take the statistics of the rescalers from the old rows, [rows, width] or twice as wide.

        The rows that are read get mean 0 and deviation 1; those that are made get the mean and deviation
        of the old ones, or with the residual the deviation alone.
        """
        mean, deviation = rows.mean(0, keepdim=True), rows.std(0, keepdim=True).clamp_min(1e-8)
        self.in_scaler.w.data, self.in_scaler.b.data = 1 / deviation, -mean / deviation
        width = self.shape.width
        ends = [(self.scaler, slice(None, width))]
        if not self.shape.tied:
            ends.append((self.out_scaler, slice(width, None)))
        for scaler, part in ends:
            scaler.w.data = deviation[:, part].clone()
            scaler.b.data = mean[:, part] * (0.0 if self.shape.residual else 1.0)

    def rows_of(self, pieces: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
        """Rows of pieces, [n, k] -> [n, k, both]; -1, -2, ... are bytes that the vocabulary lacks."""
        found = functional.embedding(pieces.clamp_min(0), sources)
        if self.shape.extra:
            spare = self.fallback_embeddings((-1 - pieces).clamp_min(0))
            return torch.where((pieces < 0)[..., None], spare, found)
        return found

    def forward(self, rows: torch.Tensor, language: int | None = None) -> Made:
        """Make the rows of tokens of equally many pieces.

        Shapes: rows of the pieces, input and output beside each other, [n, k, both] -> `Made`.
        """
        n, k = rows.shape[:2]
        states = self.input_projection(self.in_scaler(rows))
        beside: Any = self.model["embeddings"]
        kinds = beside["token_type_embeddings"].weight
        states = states + (beside["position_embeddings"].weight[:k] + kinds)
        if self.shape.languages:
            told = self.lang_embeddings.weight[language or 0]
            states = torch.cat([states, told.expand(n, 1, -1)], dim=1)
        states = beside["LayerNorm"](states)
        for layer in self.model["encoder"]["layer"]:  # type: ignore[index]
            states = self._read(layer, states)
        first = states[:, 0]
        width = self.shape.width
        made = self.output_projection(first)
        output = None
        if not self.shape.tied:
            single = self.shape.single_head
            output = made[:, width:] if single else self.output_projection_out(first)
            output = self._end(self.out_scaler, output, rows[..., width:], 1)
        bias = self.bias_projection(first)[:, 0].float() if self.shape.bias else None
        return Made(self._end(self.scaler, made[:, :width], rows[..., :width], 0), output, bias)

    def _read(self, layer: Any, states: torch.Tensor) -> torch.Tensor:
        """One layer of RoBERTa, in which every piece sees all others."""
        attention = layer["attention"]
        heads = [
            attention["self"][name](states).unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        ]
        seen = functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        out = attention["output"]
        states = out["LayerNorm"](out["dense"](seen) + states)
        inner = functional.gelu(layer["intermediate"]["dense"](states))
        out = layer["output"]
        normed: torch.Tensor = out["LayerNorm"](out["dense"](inner) + states)
        return normed

    def _end(
        self, scaler: Rescaler, made: torch.Tensor, rows: torch.Tensor, end: int
    ) -> torch.Tensor:
        scaled: torch.Tensor = scaler(made.float())
        if self.shape.residual:
            k = rows.shape[1]
            scaled = scaled + torch.einsum("k,nkd->nd", self.pooling[end, k - 1, :k], rows.float())
        return scaled


def _layer(hidden: int, inner: int) -> nn.ModuleDict:
    def output(width: int) -> nn.ModuleDict:
        norm = nn.LayerNorm(hidden, eps=_EPSILON)
        return nn.ModuleDict({"dense": nn.Linear(width, hidden), "LayerNorm": norm})

    names = ("query", "key", "value")
    own = nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in names})
    return nn.ModuleDict(
        {
            "attention": nn.ModuleDict({"self": own, "output": output(hidden)}),
            "intermediate": nn.ModuleDict({"dense": nn.Linear(hidden, inner)}),
            "output": output(inner),
        }
    )


def _head(hidden: int, inner: int, width: int) -> nn.Sequential:
    return nn.Sequential(Projector(hidden, inner), nn.Linear(hidden, width))
