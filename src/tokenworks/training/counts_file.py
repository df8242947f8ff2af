"""Counts of pretokens as an Arrow file: kept, merged with others, and learned from without the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tokenworks import _native
from tokenworks.errors import FormatError, OptionError
from tokenworks.files import atomic_file
from tokenworks.text.bulk import Batch
from tokenworks.training.merges import Words
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.source import TextSource

if TYPE_CHECKING:
    import pyarrow as pa

_KEY = b"tokenworks.counts"
_ROWS = 1 << 18


def write_counts(path: Path, words: Words, pretokens: Pretokens) -> None:
    """Write counted pretokens, sorted by their bytes.

    Raises:
        WriteError: it cannot be written.
    """
    import pyarrow as pa  # not at the top: text needs no Arrow, and loading it takes time and memory

    column = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(),
        len(words),
        [None, pa.py_buffer(words.starts.astype(np.int64)), pa.py_buffer(words.symbols)],
    )
    table = pa.table({"word": column, "count": pa.array(words.counts)}).sort_by("word")
    table = table.replace_schema_metadata({_KEY: b"1", b"pattern": pretokens.regex.encode()})
    with atomic_file(path) as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=_ROWS)


def is_counts(path: Path) -> bool:
    """Whether a file is one that `write_counts` wrote."""
    if path.suffix != ".arrow" or not path.is_file():
        return False
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            metadata = pa.ipc.open_file(file).schema.metadata
    except (pa.ArrowException, OSError):
        return False
    return metadata is not None and _KEY in metadata


class CountsSource(TextSource):
    """Counts of one or more files in place of the text."""

    def __init__(self, paths: Sequence[Path], min_count: int = 1) -> None:
        super().__init__(read=self._no_text, min_count=min_count)
        self._paths = list(paths)

    def counts(self, pretokens: Pretokens) -> Words:
        """The sum of all files.

        Raises:
            OptionError: they were counted with another pattern.
            FormatError: a file is damaged.
        """
        import pyarrow as pa

        counter = _native.Counter("")
        for path in self._paths:
            try:
                with pa.memory_map(str(path)) as file:
                    reader = pa.ipc.open_file(file)
                    pattern = reader.schema.metadata[b"pattern"].decode()
                    if pattern != pretokens.regex:
                        raise OptionError(
                            f"{path} was counted with the pattern {pattern!r}; give that as --pattern"
                        )
                    for index in range(reader.num_record_batches):
                        self._add_batch(counter, reader.get_batch(index))
            except (pa.ArrowException, OSError, KeyError) as error:
                raise FormatError(f"{path}: damaged counts: {error}") from None
        histogram = counter.finish()
        return self._words(counter, histogram)

    @staticmethod
    def _add_batch(counter: _native.Counter, batch: pa.RecordBatch) -> None:
        import pyarrow as pa

        batch.validate(full=True)
        words, counts = batch.column("word"), batch.column("count")
        if words.type != pa.large_binary() or counts.type != pa.uint64() or words.null_count:
            raise pa.ArrowInvalid("expected columns word (large_binary) and count (uint64)")
        _, offsets, values = words.buffers()
        starts = np.frombuffer(offsets, dtype=np.int64)[
            words.offset : words.offset + len(words) + 1
        ]
        text = np.frombuffer(values, dtype=np.uint8)[starts[0] : starts[-1]]
        counter.add_counts(
            np.ascontiguousarray(text),
            (starts - starts[0]).astype(np.uint64),
            np.ascontiguousarray(counts.to_numpy(zero_copy_only=False)),
        )

    @staticmethod
    def _no_text() -> Iterable[Batch]:
        raise OptionError(
            "counts hold words but not their order; superwords are learned from the text itself"
        )
