"""SentinelLMs: a keyed vocabulary and moved rows. Obfuscation, and no encryption: see `sentinel_attack`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Held, Ids, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.matching import token_ids

MOTIONS = ("released", "orthogonal")
_SHUFFLES = 10
_PIVOT = 5  # beyond the middle


@method(
    "transplant",
    "sentinel-lms",
    paper="arXiv:2312.17342",
    year=2023,
    fidelity="adapted",
    declares=("transform",),
)
def sentinel_lms(
    embeddings: Embeddings,
    tokenizer: Tokenizer,
    given: Given,
    *,
    key: str = "",
    motion: str = "released",
    factor: int = 2,
) -> tuple[Embeddings, Tokenizer]:
    """Swap the ids of a vocabulary by a key and move the rows by glide reflections.

    Inputs/outputs: matrices and a tokenizer; the moved input matrix, the output matrix with rows swapped
    only (so tied matrices part), and the tokenizer of whoever has the key; `hashed_vocabulary` is what is
    published. `motion`: "released" reflects and shifts along the all-ones vector `factor` times, as the
    published code does; "orthogonal" is a random rotation and shift. `key`: of both; the seed where left
    out. The model must be trained anew on the moved rows. Neither hides the vocabulary from someone who has
    the public model: both are undone in `sentinel_attack`. Deviations: the key's digest seeds the
    generator (the published code has 10,000 seeds). Raises: OptionError.
    """
    if motion not in MOTIONS or factor < 1:
        raise OptionError(
            f"motion {motion!r}, factor {factor}: expected {' or '.join(MOTIONS)}, 1 or more"
        )
    secret = Secret.of(key or str(given.seed), tokenizer, embeddings.input.width, motion, factor)
    swapped = np.arange(embeddings.input.rows)
    swapped[: len(secret.order)] = secret.order
    outer = embeddings.output if embeddings.output is not None else embeddings.input
    bias = None if embeddings.bias is None else Held(embeddings.bias.take(swapped))
    moved = secret.move(whole(embeddings.input))[swapped]
    made = Embeddings(Held(moved), Held(outer.take(swapped)), bias)
    return made, renumbered(tokenizer, secret.order)


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """What a key decides: order, int64 [ids], an involution; and the motion x -> x @ turn + shift."""

    order: Ids
    turn: NDArray[np.float64]
    shift: NDArray[np.float64]

    @classmethod
    def of(cls, key: str, tokenizer: Tokenizer, width: int, motion: str, factor: int = 2) -> Secret:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        draw = np.random.default_rng(int.from_bytes(digest, "big"))
        order = _swaps(tokenizer, draw)
        turn, shift = np.eye(width), np.zeros(width)
        if motion == "orthogonal":
            turn = np.linalg.qr(draw.normal(size=(width, width)))[0]
            return cls(order, turn, draw.normal(size=width))
        line = np.ones(width)
        for _ in range(factor):
            reflect = np.eye(width) - 2 * np.outer(line, line) / (line @ line)
            turn, shift = turn @ reflect, shift @ reflect + draw.normal() * line
        return cls(order, turn, shift)

    def move(self, rows: Floats) -> Floats:
        moved: Floats = (rows @ self.turn + self.shift).astype(np.float32)
        return moved

    def restore(self, rows: Floats) -> Floats:
        """The rows before they were moved, to the precision of float32."""
        back: Floats = ((rows - self.shift) @ self.turn.T).astype(np.float32)
        return back


def hashed_vocabulary(tokenizer: Tokenizer, key: str, order: Ids) -> dict[str, int]:
    """What is published instead of the vocabulary: a keyed BLAKE2b digest of each token, and its new id.

    Special tokens keep their text.
    """
    special = {number: text for text, number in tokenizer.specials.items()}
    secret = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    found = {}
    for number in token_ids(tokenizer).tolist():
        spelled = blake2b(tokenizer.token_bytes(number), key=secret, digest_size=16).hexdigest()
        found[special.get(number, spelled)] = int(order[number])
    return found


def _swaps(tokenizer: Tokenizer, draw: np.random.Generator) -> Ids:
    """Pairs of ids that change places: a shuffled half with the other; special ones stay."""
    order = np.arange(tokenizer.max_id_plus_one, dtype=np.int64)
    definition = tokenizer.definition
    roles = (definition.bos_id, definition.eos_id, definition.pad_id, definition.model.unk_id)
    fixed = {one.id for one in definition.added} | {one for one in roles if one is not None}
    ids = np.setdiff1d(token_ids(tokenizer), np.array(sorted(fixed), np.int64))
    for _ in range(_SHUFFLES):
        draw.shuffle(ids)
    pivot = min(len(ids), len(ids) // 2 + _PIVOT)
    for one, two in zip(ids[:pivot].tolist(), ids[pivot:].tolist(), strict=False):
        order[one], order[two] = two, one
    return order


def renumbered(tokenizer: Tokenizer, order: Ids) -> Tokenizer:
    """The same tokenizer with other numbers for its tokens; added tokens must keep theirs."""
    model = tokenizer.definition.model
    ids = order[model.ids].astype(np.uint32)

    def moved(numbers: frozenset[int]) -> frozenset[int]:
        return frozenset(int(order[number]) for number in numbers)

    if isinstance(model, Bpe):
        outside, own, idle = (
            moved(s) for s in (model.outside_map, model.user_defined, model.unused)
        )
        changed = replace(model, ids=ids, outside_map=outside, user_defined=own, unused=idle)
        return Tokenizer(replace(tokenizer.definition, model=changed))
    if isinstance(model, Unigram):
        own, idle = moved(model.user_defined), moved(model.unused)
        other = replace(model, ids=ids, user_defined=own, unused=idle)
        return Tokenizer(replace(tokenizer.definition, model=other))
    return Tokenizer(replace(tokenizer.definition, model=replace(model, ids=ids)))
