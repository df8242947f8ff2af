"""Which tokens some text produces: a witness for every token that has one.

A token counts as reached only when it was seen in an encoding. The search goes from cheap to dear:
each token's own spelling; the spelling in contexts; every Unicode character; completions of cut
characters; longer tokens that contain it; hostile text. What is left has no witness, and `reasons`
says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.text.hostile import every_code_point, hostile_texts
from tokenworks.workflows.text_around import as_texts, completions

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

SPACE_MARK = "\u2581"
CONTEXTS = (
    "{}",
    " {}",
    "a{}",
    "a {}",
    "\n{}",
    "1{}",
    ".{}",
    "{}a",
    "a{}a",
    "({})",
    " {} ",
    "x{} y",
    "é{}",
    "\t{}",
)
BATCH = 20_000


@dataclass
class Reach:
    """Tokens seen, and how."""

    alone: NDArray[np.bool_]  # [max id + 1]: encode(token_bytes) == [id], its own space or not
    seen: NDArray[np.bool_]  # [max id + 1]: in some encoding
    witness: dict[int, str] = field(default_factory=dict)  # for tokens seen in a context only


def ordinary_tokens(tokenizer: Tokenizer) -> dict[int, bytes]:
    """Ids and bytes of the tokens that ordinary text should produce: not the added ones."""
    d = tokenizer.definition
    outside = {t.id for t in d.added}
    outside |= {d.model.unk_id} if d.model.unk_id is not None else set()
    return {int(i): tokenizer.token_bytes(int(i)) for i in d.model.ids if int(i) not in outside}


def reach(tokenizer: Tokenizer, tokens: dict[int, bytes], seed: int = 0) -> Reach:
    """Search for a text that produces each token.

    Args:
        tokenizer: the tokenizer; special-looking text is text.
        tokens: ids and bytes of the tokens to look for.
        seed: of the generated text.
    """
    size = tokenizer.max_id_plus_one
    found = Reach(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool))
    _spellings(tokenizer, tokens, found)
    for stage in (_contexts, _characters, _completed, _longer):
        left = {i: p for i, p in tokens.items() if not found.seen[i]}
        if not left:
            return found
        _look(tokenizer, stage(left, tokens), left, found)
    left = {i: p for i, p in tokens.items() if not found.seen[i]}
    texts = (
        s.text for s in hostile_texts(seed=seed, budget=500_000, vocabulary=list(left.values()))
    )
    _look(tokenizer, texts, left, found)
    return found


def _spellings(tokenizer: Tokenizer, tokens: dict[int, bytes], found: Reach) -> None:
    pairs = []
    for i, piece in tokens.items():
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            continue
        pairs.append((i, text))
        if text.startswith(" ") and len(text) > 1:
            pairs.append((i, text[1:]))  # the space that SentencePiece puts before every text
    for begin in range(0, len(pairs), BATCH):
        part = pairs[begin : begin + BATCH]
        flat, starts = tokenizer.encode_batch([text for _, text in part], specials="text")
        found.seen[flat] = True
        lengths = np.diff(starts.astype(np.int64))
        ids = np.array([i for i, _ in part])
        single = np.flatnonzero(lengths == 1)  # of either spelling
        same = flat[starts[single].astype(np.int64)] == ids[single]
        found.alone[ids[single[same]]] = True


def _look(tokenizer: Tokenizer, texts: Iterable[str], left: dict[int, bytes], found: Reach) -> None:
    source = iter(texts)
    while batch := list(islice(source, BATCH)):
        flat, starts = tokenizer.encode_batch(batch, specials="text")
        new = np.unique(flat[~found.seen[flat]])
        for i in new[:2000].tolist():
            at = int(np.flatnonzero(flat == i)[0])
            found.witness[i] = batch[int(np.searchsorted(starts, at, side="right")) - 1]
        found.seen[new] = True
        if all(found.seen[i] for i in left):
            return


def _contexts(left: dict[int, bytes], tokens: dict[int, bytes]) -> Iterator[str]:
    for piece in left.values():
        for text in as_texts(piece):
            for context in CONTEXTS:
                yield context.replace("{}", text)


def _characters(left: dict[int, bytes], tokens: dict[int, bytes]) -> Iterator[str]:
    return (s.text for s in every_code_point(8))


def _completed(left: dict[int, bytes], tokens: dict[int, bytes]) -> Iterator[str]:
    for piece in left.values():
        yield from completions(piece)


def _longer(left: dict[int, bytes], tokens: dict[int, bytes]) -> Iterator[str]:
    wanted = list(left.values())[:2000]
    every = sorted(tokens.values(), key=len)
    blob = b"\xff".join(every)  # a byte that no piece of text holds
    starts = np.cumsum([0, *(len(p) + 1 for p in every)])
    for piece in wanted:
        at, hits = blob.find(piece), 0
        while at >= 0 and hits < 40:
            holder = every[int(np.searchsorted(starts, at, side="right")) - 1]
            for text in as_texts(holder):
                yield text
                yield "a" + text
            hits += 1
            at = blob.find(piece, at + 1)
