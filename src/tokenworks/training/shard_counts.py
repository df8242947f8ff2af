"""Counts of one shard as an Arrow table: made by a worker, kept as a marker, merged by the caller."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from tokenworks import _native
from tokenworks.text import Problem, Problems
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.passes import Pass, batch_size, new_counter
from tokenworks.training.reading import Text

if TYPE_CHECKING:
    import pyarrow as pa

_STATISTICS = b"tokenworks.statistics"


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the text and what is counted in it."""

    text: Text
    what: Pass = field(repr=False)

    @property
    def key(self) -> str:
        """Its name in messages."""
        named = getattr(self.text, "sources", ())
        if not named:
            return "documents in memory"
        others = f" and {len(named) - 1} more" if len(named) > 1 else ""
        return f"{named[0].key}{others}"

    @property
    def stamp(self) -> str:
        """Another stamp, another result."""
        data = f"{self.text.key} {self.what.key}".encode("utf-8", "surrogateescape")
        return blake2b(data, digest_size=16).hexdigest()


def count_shard(shard: Shard) -> pa.Table:
    """Count a shard on one thread: columns `word` and `count`, words sorted by their bytes."""
    counter = new_counter(shard.what, 1, 0, "")
    problems = Problems()
    for batch in shard.text.batches(problems, batch_size(shard.what)):
        shard.what.add(counter, batch)
    held = counter.finish()
    statistics = {
        **counter.statistics(),
        "problems": [asdict(problem) for problem in problems.first],
        "by_kind": dict(problems.by_kind),
        "by_source": dict(problems.by_source),
    }
    import pyarrow as pa

    schema = schema_of_counts({_STATISTICS: json.dumps(statistics).encode()})
    batches: list[pa.RecordBatch] = []
    words = CountedWords(counter, held["words"], held["bytes"])
    words.each_part(lambda part: batches.append(batch_of(part, schema)), ordered=True)
    return pa.Table.from_batches(batches, schema)


def statistics_of(table: pa.Table) -> tuple[dict[str, int], Problems]:
    """Bytes, pretokens and cut pretokens of a shard, and its problems."""
    held = json.loads(table.schema.metadata[_STATISTICS])
    problems = Problems()
    problems.first = [Problem(**problem) for problem in held["problems"]]
    problems.by_kind.update(held["by_kind"])
    problems.by_source.update(held["by_source"])
    return {name: held[name] for name in ("bytes", "pretokens", "cut")}, problems


def schema_of_counts(metadata: dict[bytes, bytes]) -> pa.Schema:
    """The columns of counted words."""
    import pyarrow as pa

    return pa.schema([("word", pa.large_binary()), ("count", pa.uint64())], metadata)


def batch_of(words: Words, schema: pa.Schema) -> pa.RecordBatch:
    """Counted words as rows."""
    import pyarrow as pa

    buffers = [None, pa.py_buffer(words.starts.astype(np.int64)), pa.py_buffer(words.symbols)]
    column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(words), buffers)
    return pa.record_batch([column, pa.array(words.counts)], schema=schema)


def add_table(counter: _native.Counter, table: pa.Table) -> None:
    """Add the words of a table to a counter.

    Raises:
        pyarrow.ArrowInvalid: it is no table of counts.
    """
    for batch in table.to_batches():
        add_batch(counter, batch)


def add_batch(counter: _native.Counter, batch: pa.RecordBatch) -> int:
    """Add the words of a batch of rows to a counter; returns how often they were seen together.

    Raises:
        pyarrow.ArrowInvalid: it holds no counts.
    """
    import pyarrow as pa

    batch.validate(full=True)
    words, counts = batch.column("word"), batch.column("count")
    if words.type != pa.large_binary() or counts.type != pa.uint64() or words.null_count:
        raise pa.ArrowInvalid("expected columns word (large_binary) and count (uint64)")
    _, offsets, values = words.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[words.offset : words.offset + len(words) + 1]
    text = np.frombuffer(values, dtype=np.uint8)[starts[0] : starts[-1]]
    seen = np.ascontiguousarray(counts.to_numpy(zero_copy_only=False))
    counter.add_counts(np.ascontiguousarray(text), (starts - starts[0]).astype(np.uint64), seen)
    return int(seen.sum())
