"""A tiny transformer learns to add, its numbers cut from the left, from the right, or in single digits.

    python benchmarks/arithmetic.py [--steps 2000] [--seeds 1] [--spread 1] [--group 2]
                                    [--digits 3 4] [--cut WAY ...] [--json]

After Singh and Strouse (arXiv:2402.14903), who ask large models for sums of 7 to 9 digits in groups of
three. Here the model has two layers and is trained from nothing, on addends of 3 and 4 digits in groups
of two, so that the table of pairs can be learnt in minutes on one core: the question stays whether
groups that begin at the left, and so stand at other places in a longer result, are harder than groups
that begin at the right. Sums are fresh in every batch; a problem counts where the whole answer is right.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional

from tokenworks.evaluation.numbers import chunk

WAYS = {
    "left to right": lambda number, size: chunk(number, size, "left-to-right"),
    "right to left": lambda number, size: chunk(number, size, "right-to-left"),
    "single digits": lambda number, size: list(number),
}
WIDTH, HEADS, LAYERS, BATCH, TESTED = 96, 4, 2, 128, 4000
RATE = 3e-3
PAD, PLUS, EQUALS, END = range(4)
Problem = tuple[int, int]


class Adder(nn.Module):
    """A causal transformer with learnt positions.

    `spread` is the standard deviation at which positions begin; that of tokens is 1. Small ones drown
    beside the tokens, and it takes thousands of steps until digits are told apart by their place.
    """

    def __init__(self, kinds: int, length: int, spread: float) -> None:
        super().__init__()
        self.tokens = nn.Embedding(kinds, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, kinds)
        self.places = nn.Parameter(torch.randn(length, WIDTH) * spread)

    def forward(self, ids: Tensor) -> Tensor:
        """ids [batch, length] -> logits [batch, length, kinds]."""
        length = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        given = self.tokens(ids) + self.places[:length]
        return self.head(self.norm(self.layers(given, mask=mask, is_causal=True)))


class Notation:
    """Sums as ids, numbers cut one way."""

    def __init__(self, way: str, group: int) -> None:
        self.cut, self.group = WAYS[way], group
        spelled = [f"{n:0{size}}" for size in range(1, group + 1) for n in range(10**size)]
        self.number = {text: 4 + n for n, text in enumerate(spelled)}
        self.kinds = 4 + len(spelled)

    def ids(self, number: int) -> list[int]:
        return [self.number[part] for part in self.cut(str(number), self.group)]

    def batch(self, problems: list[Problem]) -> tuple[Tensor, Tensor]:
        """Ids and where answers begin, aligned on the equals sign: [batch, length], int."""
        asked = [[*self.ids(a), PLUS, *self.ids(b), EQUALS] for a, b in problems]
        told = [[*self.ids(a + b), END] for a, b in problems]
        before, after = max(map(len, asked)), max(map(len, told))
        rows = [
            [PAD] * (before - len(ask)) + ask + tell + [PAD] * (after - len(tell))
            for ask, tell in zip(asked, told, strict=True)
        ]
        return torch.tensor(rows), torch.tensor(before)


def problems(count: int, digits: list[int], rng: random.Random) -> list[Problem]:
    """Pairs of addends, their lengths drawn apart."""

    def one() -> int:
        size = rng.choice(digits)
        return rng.randrange(10 ** (size - 1), 10**size)

    return [(one(), one()) for _ in range(count)]


def train(notation: Notation, digits: list[int], steps: int, seed: int, spread: float) -> Adder:
    """A model after so many batches, by AdamW with a linear warm-up and decay."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = Adder(notation.kinds, 4 * max(digits) + 6, spread)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 100) * (1 - step / (steps + 1))
    )
    for _ in range(steps):
        ids, begin = notation.batch(problems(BATCH, digits, rng))
        logits = model(ids[:, :-1])[:, begin - 1 :]
        loss = functional.cross_entropy(
            logits.reshape(-1, notation.kinds), ids[:, begin:].reshape(-1), ignore_index=PAD
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def right(model: Adder, notation: Notation, asked: list[Problem]) -> Tensor:
    """Whether each answer, taken greedily, is right in full: bool [n]."""
    model.eval()
    ids, begin = notation.batch(asked)
    given = ids[:, :begin]
    for _ in range(ids.shape[1] - int(begin)):
        given = torch.cat([given, model(given)[:, -1].argmax(-1, keepdim=True)], dim=1)
    wanted = ids[:, begin:]
    model.train()
    return ((given[:, begin:] == wanted) | (wanted == PAD)).all(dim=1)


def measure(way: str, arguments: argparse.Namespace, seed: int) -> dict[str, float | str]:
    """Train once and count right answers, percent."""
    began = time.perf_counter()
    notation = Notation(way, arguments.group)
    model = train(notation, arguments.digits, arguments.steps, seed, arguments.spread)
    asked = problems(TESTED, arguments.digits, random.Random(10_000 + seed))
    hits = right(model, notation, asked)
    longer = torch.tensor([len(str(a + b)) > max(len(str(a)), len(str(b))) for a, b in asked])
    return {
        "way": way,
        "seed": seed,
        "right": 100 * hits.float().mean().item(),
        "right_where_longer": 100 * hits[longer].float().mean().item(),
        "right_where_not": 100 * hits[~longer].float().mean().item(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": time.perf_counter() - began,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--spread", type=float, default=1.0, help="of positions at the start")
    parser.add_argument("--group", type=int, default=2, help="digits of a group")
    parser.add_argument("--digits", type=int, nargs="+", default=[3, 4], help="of an addend")
    parser.add_argument(
        "--cut", nargs="+", choices=WAYS, default=list(WAYS), help="these ways only"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{arguments.steps} steps of {BATCH} sums, addends of {arguments.digits} digits")
    print(f"{'cut':15} seed   right  longer result  other results  parameters  seconds", flush=True)
    found = []
    for way, seed in product(arguments.cut, range(arguments.seeds)):
        one = measure(way, arguments, seed)
        found.append(one)
        print(
            f"{way:15} {seed:4} {one['right']:6.1f}% {one['right_where_longer']:13.1f}%"
            f" {one['right_where_not']:13.1f}% {one['parameters']:11,} {one['seconds']:8.0f}",
            flush=True,
        )
    if arguments.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
