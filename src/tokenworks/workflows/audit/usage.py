"""Which tokens a corpus uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.text.grouping import grouped
from tokenworks.workflows.audit.describe import shown
from tokenworks.workflows.audit.result import Token, Usage

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

BATCH = 1 << 21  # characters encoded at a time
EXAMPLES = 20


def usage(tokenizer: Tokenizer, documents: Iterable[str]) -> tuple[Usage, NDArray[np.int64]]:
    """Count every token over a corpus, in bounded memory.

    Args:
        tokenizer: the tokenizer; special-looking text is text.
        documents: the corpus as a stream.

    Returns:
        The summary, and the count of every id up to the highest.
    """
    counts = np.zeros(tokenizer.max_id_plus_one, dtype=np.int64)
    number = size = 0
    for batch in grouped(documents, BATCH):
        ids, _ = tokenizer.encode_batch(batch, specials="text")
        counts += np.bincount(ids, minlength=len(counts))[: len(counts)]
        number += len(batch)
        size += sum(len(text.encode("utf-8", "surrogatepass")) for text in batch)
    special = {t.id for t in tokenizer.definition.added}
    ordinary = sorted({int(i) for i in tokenizer.definition.model.ids} - special)
    unused = [i for i in ordinary if not counts[i]]
    examples = tuple(Token(i, shown(tokenizer.token_bytes(i))) for i in unused[:EXAMPLES])
    total = int(counts.sum())
    return Usage(number, size, total, len(ordinary) - len(unused), len(unused), examples), counts
