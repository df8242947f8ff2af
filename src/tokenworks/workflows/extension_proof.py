"""That an extended tokenizer encodes as its base, new tokens apart: by its tables, and on texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import TokenworksError
from tokenworks.text import documents, is_held_out, not_empty
from tokenworks.text.hostile import hostile_texts
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Definition
from tokenworks.tokenizer.model_alone import model_alone
from tokenworks.tokenizer.two_phase import word_phase

_PART = re.compile(r".{1024}[^\n]*\n?", re.DOTALL)
_MOST_KEPT = 32 << 20  # bytes of held-out text in memory; what is past it is left out
_GENERATED = 200_000  # bytes of generated text


class BrokenLawError(TokenworksError):
    """The result does not encode as promised; nothing is written. It names the text."""


@dataclass(frozen=True, slots=True)
class ExtensionProof:
    """What was checked; a proof that exists is one that held.

    kept: the old pieces, ids, merges and steps are there unchanged and the new ones follow them.
    pieces: new pieces, each spelled like no old token and made by one merge. alone: those of them
    that are whole texts, encoded by the base alone into just the tokens they expand to.
    texts, bytes: encoded by both and found equal once every new token is written as old ones.
    """

    kept: bool
    pieces: int
    alone: int
    texts: int
    bytes: int
    without_new: int  # of the texts: no new token occurs, ids are the same

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        return asdict(self)


@dataclass(slots=True)
class Sample:
    """A corpus in parts of some 1 KB: those to learn from as a stream, the held-out ones kept."""

    source: Iterator[str]
    fraction: float
    seed: int
    kept: list[str] = field(default_factory=list)

    def learn(self) -> Iterator[str]:
        """The parts to learn from, once; `kept` is complete when they end."""
        held = 0
        for text in self.source:
            for part in [*_PART.findall(text), _rest(text)]:
                if not part:
                    continue
                if self.fraction and is_held_out(part, self.fraction, seed=self.seed):
                    if held < _MOST_KEPT:
                        self.kept.append(part)
                        held += len(part)
                else:
                    yield part


def _rest(text: str) -> str:
    end = 0
    for match in _PART.finditer(text):
        end = match.end()
    return text[end:]


def sample(
    on: str | Path | Sequence[str | Path], fraction: float, *, field: str, seed: int
) -> Sample:
    """A corpus with a part of it held out, chosen by the text alone."""
    paths = [on] if isinstance(on, str | Path) else list(on)
    stream = not_empty(documents(paths, field=field), ", ".join(map(str, paths)))
    return Sample((document.text for document in stream), fraction, seed)


def new_merges_at(definition: Definition) -> int:
    """Where new merges stand among the old ones: behind all, or behind those of words."""
    model, phases = cast(Bpe, definition.model), definition.two_phase
    return len(model.merges) if phases is None else phases.word_merges


def expansion(old: Tokenizer, new: Tokenizer) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """What each id of the extended tokenizer stands for in old ids.

    Returns:
        Old ids end to end, and where those of each id begin, int64 [highest id + 2].
    """
    model, before = cast(Bpe, new.definition.model), cast(Bpe, old.definition.model)
    parts: list[list[int]] = [[number] for number in before.ids.tolist()]
    at, more = new_merges_at(old.definition), len(model.merges) - len(before.merges)
    for left, right in model.merges[at : at + more].tolist():
        parts.append(parts[left] + parts[right])
    table: list[list[int]] = [[number] for number in range(new.max_id_plus_one)]
    for number, ids in zip(model.ids.tolist(), parts, strict=True):
        table[number] = ids
    starts = np.zeros(len(table) + 1, np.int64)
    np.cumsum([len(ids) for ids in table], out=starts[1:])
    return np.array([number for ids in table for number in ids], np.uint32), starts


def expanded(
    ids: NDArray[np.uint32], table: tuple[NDArray[np.uint32], NDArray[np.int64]]
) -> NDArray[np.uint32]:
    """Ids with every new one written as old ones."""
    flat, starts = table
    sizes = np.diff(starts)[ids]
    begins = np.repeat(starts[ids], sizes)
    within = np.arange(len(begins)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    ids_before: NDArray[np.uint32] = flat[begins + within]
    return ids_before


def prove_extension(
    old: Tokenizer, new: Tokenizer, texts: Sequence[str], *, seed: int = 0
) -> ExtensionProof:
    """Check the law of `extend` on the tables, on every new piece, and on texts.

    Args:
        old: the base.
        new: the extended tokenizer.
        texts: to compare besides generated ones.
        seed: of the generator.

    Raises:
        BrokenLawError: something does not hold.
    """
    before, after = cast(Bpe, old.definition.model), cast(Bpe, new.definition.model)
    n, at = len(before.pieces), new_merges_at(old.definition)
    more = len(after.merges) - len(before.merges)
    fresh = after.pieces[n:]
    _require(
        after.pieces[:n] == before.pieces
        and np.array_equal(after.ids[:n], before.ids)
        and np.array_equal(np.delete(after.merges, slice(at, at + more), 0), before.merges)
        and new.definition.added[: len(old.definition.added)] == old.definition.added
        and new.definition.normalizer == old.definition.normalizer
        and new.definition.pretokenizer == old.definition.pretokenizer,
        "an old piece, id, merge or step is not where it was",
    )
    _require(
        more == len(fresh) == len(set(fresh))
        and not set(fresh) & set(before.pieces)
        and int(after.ids[n:].min(initial=old.max_id_plus_one)) >= old.max_id_plus_one,
        "a new piece is spelled or numbered like another token",
    )
    table = expansion(old, new)
    alone = _pieces_alone(old, after, n, table)
    generated = hostile_texts(seed=seed, budget=_GENERATED, vocabulary=fresh[:2000])
    every = list(chain(fresh_texts(fresh), texts, (one.text for one in generated)))
    tried = size = same = 0
    for begin in range(0, len(every), 4096):
        batch = every[begin : begin + 4096]
        same += _compare(old, new, batch, table)
        tried += len(batch)
        size += sum(len(text.encode()) for text in batch)
    return ExtensionProof(True, len(fresh), alone, tried, size, same)


def fresh_texts(pieces: Sequence[bytes]) -> Iterator[str]:
    """Texts around the first new pieces, where an encoding is most likely to change."""
    for piece in pieces[:2000]:
        text = piece.decode("utf-8", "ignore").replace("▁", " ")
        yield text
        yield f"{text}{text} a{text}a"


def _pieces_alone(
    old: Tokenizer, after: Bpe, n: int, table: tuple[NDArray[np.uint32], NDArray[np.int64]]
) -> int:
    texts, numbers = [], []
    for piece, number in zip(after.pieces[n:], after.ids[n:].tolist(), strict=True):
        try:
            texts.append(piece.decode())
        except UnicodeDecodeError:
            continue
        numbers.append(number)
    definition = old.definition
    words = definition if definition.two_phase is None else word_phase(definition)
    flat, _ = Tokenizer.from_definition(model_alone(words)).encode_batch(texts, specials="text")
    wanted = expanded(np.array(numbers, np.uint32), table)
    _require(np.array_equal(flat, wanted), "a new piece alone is not what it expands to")
    return len(texts)


def _compare(
    old: Tokenizer,
    new: Tokenizer,
    texts: list[str],
    table: tuple[NDArray[np.uint32], NDArray[np.int64]],
) -> int:
    one, starts = old.encode_batch(texts, specials="text")
    two, ends = new.encode_batch(texts, specials="text")
    if not np.array_equal(expanded(two, table), one):
        for index, text in enumerate(texts):
            again = expanded(two[int(ends[index]) : int(ends[index + 1])], table)
            _require(
                np.array_equal(again, one[int(starts[index]) : int(starts[index + 1])]),
                f"the text {text[:200]!r} is not encoded as before",
            )
    sizes_before, sizes_after = np.diff(starts.astype(np.int64)), np.diff(ends.astype(np.int64))
    return int((sizes_before == sizes_after).sum())


def _require(held: bool, what: str) -> None:
    if not held:
        raise BrokenLawError(f"the extended tokenizer breaks its law: {what}; please report this")
