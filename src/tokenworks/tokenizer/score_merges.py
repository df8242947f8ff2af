"""Merges for the tokenizers that have scores instead: SentencePiece BPE and GGUF's "llama" kind.

SentencePiece looks up the concatenation of two neighbouring symbols; the pair whose result has the
highest score merges first, of equal scores the leftmost. So *every* split of a piece into two
symbols is a merge, and all splits of one piece have one rank. In ranks by position (tokenizer.json
has no others) two splits of one piece can only disagree where they overlap, `x y z` with
`x + y == y + z`: SentencePiece then takes the left one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import UnsupportedError

# Every split of a piece is looked at, in time that grows with the square of its length.
LONGEST = 4096


def merges_from_scores(
    pieces: Sequence[bytes],
    scores: NDArray[np.float64],
    mergeable: NDArray[np.bool_],
    frozen: NDArray[np.bool_],
    what: str,
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Derive the merges of a score-ranked BPE.

    Args:
        pieces: n pieces, each valid UTF-8.
        scores: [n], float32 values; higher merges first.
        mergeable: [n], pieces that a merge may make (normal and unused ones).
        frozen: [n], pieces that are matched whole and never merge (user-defined ones).
        what: the file, for the error message.

    Returns:
        merges uint32 [m, 2] of piece indices, best first, and their ranks uint32 [m]. Of equal
        ranks the longer left part stands first: in a run of one character, where such pairs meet,
        merging leftmost first always has the longer piece on the left, so that a format without
        equal ranks comes out the same.

    Raises:
        UnsupportedError: a piece is made from a character that is no piece itself.
    """
    texts = [piece.decode("utf-8") for piece in pieces]
    symbols = {
        text: index
        for index, text in enumerate(texts)
        if not frozen[index] and (mergeable[index] or len(text) == 1)
    }
    whole = {text for index, text in enumerate(texts) if frozen[index]}
    # An equal score is an equal rank, whatever the pieces.
    distinct = np.unique(-scores[mergeable]) if mergeable.any() else np.zeros(0)
    rank_of = np.searchsorted(distinct, -scores)
    rows: list[tuple[int, int, int, int]] = []
    for index in np.flatnonzero(mergeable).tolist():
        text = texts[index]
        if len(text) > LONGEST:
            raise UnsupportedError(
                f"{what}: piece {index} has {len(text):,} characters; at most {LONGEST:,} are read"
            )
        rank = int(rank_of[index])
        for cut in range(1, len(text)):
            sides = text[:cut], text[cut:]
            left, right = (symbols.get(side) for side in sides)
            if left is not None and right is not None:
                rows.append((rank, -cut, left, right))
                continue
            # A character of no piece is a symbol too, but merges of pieces cannot say so.
            for side, other in (sides, sides[::-1]):
                stands = other in symbols or (len(other) == 1 and other not in whole)
                if len(side) == 1 and side not in symbols and side not in whole and stands:
                    raise UnsupportedError(
                        f"{what}: piece {index} ({text!r}) can be merged from {side!r}, which is "
                        f"no piece itself; add {side!r} as a piece"
                    )
    rows.sort()
    table = np.array(rows, dtype=np.int64).reshape(-1, 4).astype(np.uint32)
    return np.ascontiguousarray(table[:, 2:]), np.ascontiguousarray(table[:, 0])
