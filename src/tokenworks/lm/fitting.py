"""The training loop: a module, any iterable of batches, a recipe; state that resumes exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.muon import Muon
from tokenworks.lm.recipe import Recipe

_LOGITS = 32 << 20  # numbers of logits at once
_BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
_ADAM: dict[str, Any] = {"betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.0}


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. loss: nats per token. share: of the full rate. norm: of the gradient."""

    number: int  # counted from 1
    loss: float
    share: float
    norm: float


class Training:
    """A module under training: its optimizers and the step it is at."""

    def __init__(
        self,
        module: Any,
        recipe: Recipe,
        *,
        bf16: bool | None = None,
        objective: Callable[[Any], torch.Tensor] | None = None,
    ) -> None:
        """Prepare; parameters that need no gradient stay as they are.

        Args:
            module: a causal model of transformers, in float32, on its device.
            recipe: the numbers.
            bf16: compute in bfloat16 (weights stay float32); where the hardware has it if left out.
            objective: the loss of a batch where it is not that of the next token; the module may then be
                any, and a batch anything, but there is one process only.
        """
        self._objective = objective
        self.module = module
        self.recipe = recipe
        self.device = next(module.parameters()).device
        self.bf16 = has_bf16(self.device) if bf16 is None else bf16
        self.number = 0
        self._forward = _distributed(module)
        inside, others = _split(module)
        self.optimizers: list[torch.optim.Optimizer] = []
        if inside:
            self.optimizers.append(Muon(inside.values(), lr=recipe.matrix_rate))
        if others:
            adam = torch.optim.AdamW(others.values(), lr=recipe.other_rate, **_ADAM)
            self.optimizers.append(adam)
        if not self.optimizers:
            raise OptionError("no parameter of the model needs a gradient")
        self._names = {id(tensor): name for name, tensor in (inside | others).items()}
        self._trained = [*inside.values(), *others.values()]

    def fit(self, batches: Iterable[Any]) -> Iterator[Step]:
        """Train on batches, [sequences, length + 1] of ids, until the recipe's steps are done.

        Raises:
            FormatError: the loss is no number.
        """
        for batch in batches:
            if self.number >= self.recipe.steps:
                return
            yield self.step(batch)

    def step(self, batch: Any) -> Step:
        """One step on one batch.

        Raises:
            FormatError: the loss is no number.
        """
        self.module.train()
        if self._objective is None:
            loss = self._backward(batch.to(self.device))
        else:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                found = self._objective(batch)
            found.backward()  # type: ignore[no-untyped-call]
            loss = float(found.detach())
        if not math.isfinite(loss):
            raise FormatError(f"the loss is {loss} at step {self.number + 1}; lower the rates")
        norm = torch.nn.utils.clip_grad_norm_(self._trained, self.recipe.clip)
        share = self.recipe.share(self.number)
        for optimizer, rate in self._rates():
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.number += 1
        return Step(self.number, loss, share, float(norm))

    def _rates(self) -> Iterator[tuple[torch.optim.Optimizer, float]]:
        for optimizer in self.optimizers:
            inside = isinstance(optimizer, Muon)
            yield optimizer, self.recipe.matrix_rate if inside else self.recipe.other_rate

    def _backward(self, batch: torch.Tensor) -> float:
        """Gradients of the mean loss over a batch, in parts that fit into memory; that loss."""
        from contextlib import nullcontext

        rows = self.module.get_input_embeddings().weight.shape[0]
        many = max(1, _LOGITS // (rows * (batch.shape[1] - 1)))
        parts = torch.split(batch, many)
        total = torch.zeros((), device=self.device)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            no_sync = getattr(self._forward, "no_sync", nullcontext)
            with nullcontext() if last else no_sync():
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                    logits = self._forward(input_ids=part[:, :-1], use_cache=False).logits
                loss = torch.nn.functional.cross_entropy(
                    logits.float().flatten(0, 1), part[:, 1:].flatten()
                )
                loss = loss * (len(part) / len(batch))
                loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return float(_mean(total))

    # Keeping and taking up ---------------------------------------------------------------------

    def state(self) -> dict[str, torch.Tensor]:
        """Everything the next steps depend on, by name: weights, and what the optimizers remember."""
        found = {f"model.{name}": tensor for name, tensor in self._weights().items()}
        for optimizer in self.optimizers:
            for tensor, kept in optimizer.state.items():
                name = self._names[id(tensor)]
                found.update({f"optimizer.{key}.{name}": value for key, value in kept.items()})
        return {name: tensor.detach().contiguous() for name, tensor in found.items()}

    def restore(self, state: dict[str, torch.Tensor], number: int) -> None:
        """Take up a state after `number` steps.

        Raises:
            FormatError: it is of another model or recipe.
        """
        weights = self._weights()
        if {f"model.{name}" for name in weights} != {n for n in state if n.startswith("model.")}:
            raise FormatError("the checkpoint is of another model")
        with torch.no_grad():
            for name, tensor in weights.items():
                kept = state[f"model.{name}"]
                if kept.shape != tensor.shape:
                    raise FormatError(f"the checkpoint is of another model: the shape of {name}")
                tensor.copy_(kept)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                for tensor in group["params"]:
                    suffix = f".{self._names[id(tensor)]}"
                    optimizer.state[tensor] = {
                        name.removeprefix("optimizer.").removesuffix(suffix): _own(value, tensor)
                        for name, value in state.items()
                        if name.startswith("optimizer.")
                        and name.split(".", 2)[2] == self._names[id(tensor)]
                    }
        self.number = number

    def _weights(self) -> dict[str, torch.Tensor]:
        return dict(self.module.named_parameters())  # tied matrices stand here once


def _own(value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return value.clone() if value.ndim == 0 else value.to(like.device).clone()


def _split(module: Any) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Matrices inside the model, and the rest: embeddings, output layer, norms, biases."""
    ends = {id(module.get_input_embeddings().weight)}
    if module.get_output_embeddings() is not None:
        ends.add(id(module.get_output_embeddings().weight))
    inside: dict[str, torch.Tensor] = {}
    others: dict[str, torch.Tensor] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            target = inside if parameter.ndim == 2 and id(parameter) not in ends else others
            target[name] = parameter
    return inside, others


def has_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 faster than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type != "cpu":
        return False
    tells = [getattr(torch.cpu, name, None) for name in _BF16]  # newer versions of torch have them
    return any(bool(tell()) for tell in tells if tell is not None)


def _distributed(module: Any) -> Any:
    """The module that torchrun's processes train together; the module itself where there is one."""
    if not torch.distributed.is_initialized():
        return module
    return torch.nn.parallel.DistributedDataParallel(module)


def _mean(value: torch.Tensor) -> torch.Tensor:
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(value)
        value = value / torch.distributed.get_world_size()
    return value
