"""A corpus as one file of ids, and the batches of a run drawn from it by step alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError
from tokenworks.files import atomic_file, write_json
from tokenworks.lm.recipe import Recipe
from tokenworks.text.grouping import grouped
from tokenworks.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch

_DECODED = 1 << 20  # characters that are decoded again
_TOGETHER, _CHARACTERS = 64, 16 << 20  # documents encoded at a time, and characters


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Ids of a corpus: each document after the separator.

    tokenizer: the hash of the tokenizer. tokens: separators among them. bytes: of the text. exact:
    whether the tokens give back every byte of the text, as far as its beginning shows.
    """

    path: Path
    dtype: str
    tokens: int
    bytes: int
    documents: int
    tokenizer: str
    separator: int
    exact: bool = True

    def ids(self) -> NDArray[np.unsignedinteger]:
        """All ids, mapped from the file."""
        found: NDArray[np.unsignedinteger] = np.memmap(self.path, self.dtype, "r")
        return found

    @property
    def bytes_per_token(self) -> float:
        return self.bytes / max(self.tokens, 1)


def write_tokens(
    path: Path,
    texts: Iterable[str],
    tokenizer: Tokenizer,
    separator: int,
    progress: Callable[[int], None] | None = None,
) -> TokenFile:
    """Encode texts into a file; special tokens that they spell are plain text.

    Raises:
        FormatError: there is no text.
        WriteError: it cannot be written.
    """
    dtype = np.uint16 if tokenizer.max_id_plus_one <= 1 << 16 else np.uint32
    tokens = size = documents = looked_at = 0
    exact = True
    with atomic_file(path) as out:
        for group in grouped(texts, _CHARACTERS, _TOGETHER):
            ids, starts = tokenizer.encode_batch(group, specials="text", errors="replace")
            for number, text in enumerate(group):
                if not exact or looked_at >= _DECODED:
                    break
                looked_at += len(text)
                part = ids[int(starts[number]) : int(starts[number + 1])]
                exact = tokenizer.decode_bytes(part) == text.encode("utf-8", "surrogatepass")
            whole = np.insert(ids, starts[:-1].astype(np.int64), separator).astype(dtype)
            out.write(whole.tobytes())
            tokens += len(whole)
            documents += len(group)
            held = sum(len(text.encode("utf-8", "replace")) for text in group)
            size += held
            if progress:
                progress(held)
    if not size:
        raise FormatError("the corpus holds no text")
    found = TokenFile(
        path, np.dtype(dtype).name, tokens, size, documents, tokenizer.sha256, separator, exact
    )
    write_json(_beside(path), {**asdict(found), "path": path.name})
    return found


def read_tokens(path: Path, tokenizer: Tokenizer) -> TokenFile | None:
    """The file of an earlier run; None where there is none, or it is of another tokenizer."""
    try:
        kept = json.loads(_beside(path).read_text("utf-8"))
        found = TokenFile(**{**kept, "path": path})
        whole = path.stat().st_size == found.tokens * np.dtype(found.dtype).itemsize
    except (OSError, ValueError, TypeError):
        return None
    return found if whole and found.tokenizer == tokenizer.sha256 else None


def batches(
    file: TokenFile, recipe: Recipe, *, step: int = 0, rank: int = 0, world: int = 1
) -> Iterator[torch.Tensor]:
    """The batches from a step on, without end: [batch / world, length + 1] of ids, int64.

    Sequences follow each other in the text; each epoch cuts them at another offset and shuffles them.
    A batch depends on seed and step alone, so that a run resumes at any step.

    Raises:
        FormatError: the text is shorter than one sequence.
    """
    import torch

    ids = file.ids()
    many = sequences(file, recipe.length)
    epoch, order, offset = -1, np.empty(0, np.int64), 0
    while True:
        rows = []
        for place in range(step * recipe.batch, (step + 1) * recipe.batch):
            if place // many != epoch:
                epoch = place // many
                random = np.random.default_rng([recipe.seed, epoch])
                order, offset = random.permutation(many), int(random.integers(recipe.length))
            begin = offset + int(order[place % many]) * recipe.length
            rows.append(ids[begin : begin + recipe.length + 1])
        own = np.stack(rows[rank::world]).astype(np.int64)
        yield torch.from_numpy(own)
        step += 1


def sequences(file: TokenFile, length: int) -> int:
    """How many sequences of this many tokens an epoch has, wherever it cuts them.

    Raises:
        FormatError: none.
    """
    many = (file.tokens - 1 - length) // length
    if many < 1:
        raise FormatError(
            f"the corpus has {file.tokens:,} tokens; sequences of {length:,} need at least "
            f"{2 * length + 1:,}"
        )
    return many


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")
