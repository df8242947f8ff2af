"""Counts of pretokens as an Arrow file: kept, merged with others, and learned from without the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks import _native
from tokenworks.errors import FormatError, OptionError
from tokenworks.files import atomic_file
from tokenworks.text import Batch, Problems
from tokenworks.training.checkpoints import spilling
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.counting import Counted
from tokenworks.training.passes import Pass, PretokenPass
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.reading import Text
from tokenworks.training.shard_counts import add_batch, batch_of, schema_of_counts
from tokenworks.training.source import TextSource

if TYPE_CHECKING:
    import pyarrow as pa

_KEY = b"tokenworks.counts"
_NO_ORDER = "counts hold words but not their order; superwords are learned from the text itself"


def write_counts(path: Path, words: CountedWords, pretokens: Pretokens) -> None:
    """Write counted pretokens, sorted by their bytes.

    Raises:
        WriteError: it cannot be written.
    """
    import pyarrow as pa  # not at the top: text needs no Arrow, and loading it takes time and memory

    metadata = {_KEY: b"1", b"pattern": pretokens.key.encode()}
    schema = schema_of_counts(metadata)
    with atomic_file(path) as stream, pa.ipc.new_file(stream, schema) as writer:

        def write(part: Words) -> None:
            writer.write_batch(batch_of(part, schema))

        words.each_part(write, ordered=True)


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
        super().__init__(_NoText(), min_count=min_count)
        self._paths = list(paths)

    def _counted(self, what: Pass, tables: int, prefix: str) -> Counted:
        """The sum of all files.

        Raises:
            OptionError: they were counted with another pattern, or words in their order are wanted.
            FormatError: a file is damaged.
        """
        import pyarrow as pa

        if not isinstance(what, PretokenPass):
            raise OptionError(_NO_ORDER)
        counter = _native.Counter("", 1, tables, prefix)
        pretokens = 0
        with spilling():
            for path in self._paths:
                for batch in _batches(path, what.split):
                    try:
                        pretokens += add_batch(counter, batch)
                    except pa.ArrowInvalid as error:
                        raise FormatError(f"{path}: damaged counts: {error}") from None
            held = counter.finish()
        spilled = counter.statistics()["spilled_bytes"]
        return Counted(counter, held["words"], held["bytes"], 0, pretokens, 0, spilled, Problems())


def _batches(path: Path, split: Pretokens) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            pattern = reader.schema.metadata[b"pattern"].decode()
            if pattern != split.key:
                raise OptionError(
                    f"{path} was counted with the pattern {pattern!r}; give that as --pattern"
                )
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise FormatError(f"{path}: damaged counts: {error}") from None


class _NoText:
    """Stands where text would be read: counts hold words but not their order."""

    key = "counts"
    size = 0

    def parts(self, size: int) -> Sequence[Text]:
        """One part."""
        return [self]

    def batches(self, problems: Problems, size: int = 0) -> Iterator[Batch]:
        """Refused."""
        raise OptionError(_NO_ORDER)
