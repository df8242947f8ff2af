"""A job on real shards of a corpus, as the verbs do it."""

from __future__ import annotations

from collections import Counter

from tokenworks.text import Source, batches


def count_words(shard: Source) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in batches([shard], 1 << 16):
        for document in batch.documents():
            counts.update(document.decode().split())
    return dict(counts)
