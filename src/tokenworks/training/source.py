"""The text that a method learns from: read as often as it likes, counted within a bound of memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import FormatError, OptionError, TokenworksWarning, WriteError
from tokenworks.text.bulk import Batch, batches
from tokenworks.training.merges import Words, packed
from tokenworks.training.pretokens import Pretokens

LONGEST_PRETOKEN = 65_536  # bytes
_BATCH = 4 << 20  # bytes of documents handed to the counter at a time
_PROCESS = (
    128 << 20
)  # bytes that the interpreter and its libraries take, buffers, and the vocabulary
# Bytes that merging takes for each byte and for each word of the distinct pretokens (measured).
_PER_BYTE, _PER_WORD = 10, 24


@dataclass(frozen=True, slots=True)
class CountReport:
    """What counting found. `distinct_bytes` and `bytes` are of text; `cut` pretokens were too long."""

    bytes: int
    pretokens: int
    distinct: int
    distinct_bytes: int
    cut: int
    spilled_bytes: int
    min_count: int
    dropped: int  # distinct pretokens under min_count


@dataclass(slots=True)
class TextSource:
    """Text to learn from.

    read: makes a fresh pass over the documents.
    threads: of counting. memory: bytes for the whole process; None is no bound.
    scratch: a folder for what does not fit into memory. min_count: rarer pretokens are left out.
    progress: called with the bytes read. on_counts: called with the counts, before they are merged.
    """

    read: Callable[[], Iterable[Batch]]
    threads: int = 0
    memory: int | None = None
    scratch: Path | None = None
    min_count: int = 1
    progress: Callable[[int], None] | None = None
    on_counts: Callable[[Words, Pretokens], None] | None = None
    report: CountReport | None = field(default=None, init=False)

    @classmethod
    def of_paths(cls, paths: Iterable[str | os.PathLike[str]], **options: object) -> TextSource:
        """Files, folders, globs and so on, as `tokenworks.text` reads them."""
        named = list(paths)
        return cls(lambda: batches(named, _BATCH), **options)  # type: ignore[arg-type]

    @classmethod
    def of_texts(cls, texts: Iterable[str], **options: object) -> TextSource:
        """Documents in memory."""
        kept = list(texts)
        return cls(lambda: _batched(kept), **options)  # type: ignore[arg-type]

    def documents(self, seed: int | None = None) -> Iterator[str]:
        """The documents, in the order of the corpus, or those of each batch shuffled by a seed."""
        random = None if seed is None else np.random.default_rng(seed)
        for batch in self.read():
            found = list(batch.documents())
            if random is not None:
                random.shuffle(found)
            for document in found:
                yield document.decode("utf-8")

    def counts(self, pretokens: Pretokens) -> Words:
        """The distinct pretokens and their counts; `report` then says what was found.

        Raises:
            FormatError: there is no text.
            OptionError: merging them would take more than `memory`; the message names the least
                count that fits.
            WriteError: spilling to disk failed.
        """
        with self._counter(pretokens.scanner, None) as counter:
            for batch in self.read():
                self._add(counter, batch, pretokens)
            words = self._words(counter, counter.finish())
        if self.on_counts is not None:
            self.on_counts(words, pretokens)
        return words

    def runs(self, pretokens: Pretokens, words: Mapping[bytes, int]) -> Words:
        """Maximal runs of two or more of these words standing side by side, and their counts.

        Args:
            pretokens: how the text is split; words are whole pretokens.
            words: the words that may stand in a run, and the symbol of each.

        Returns:
            The distinct runs as symbols (uint32).
        """
        text, starts = packed(list(words))
        symbols = np.fromiter(words.values(), dtype=np.uint32, count=len(words))
        given = (text, starts, symbols) if pretokens.scanner else None
        with self._counter(pretokens.scanner, given) as counter:
            for batch in self.read():
                if pretokens.scanner:
                    counter.add(batch.data, batch.ends)
                    continue
                for document in batch.documents():
                    spans = pretokens.spans(document.decode("utf-8")).tolist()
                    found = (
                        words.get(document[a:b])
                        for a, b in zip(spans[::2], spans[1::2], strict=True)
                    )
                    counter.add_sequences(*_sequences(found))
            return _as_symbols(counter)

    def pieces(self, cut: Callable[[bytes], NDArray[np.uint64]]) -> Words:
        """The distinct pieces that a function cuts documents into: begin and end in turn, in bytes."""
        with self._counter("", None) as counter:
            for batch in self.read():
                for document in batch.documents():
                    counter.add_pretokens(document, cut(document))
            return self._words(counter, counter.finish())

    def sequences(
        self, encode: Callable[[bytes], tuple[NDArray[np.uint32], NDArray[np.uint64]]]
    ) -> Words:
        """Sequences of symbols that a function makes of each document, and their counts.

        encode: a document -> symbols, uint32 [n], and where each sequence begins, uint64 [k + 1].
        """
        with self._counter("", None) as counter:
            for batch in self.read():
                for document in batch.documents():
                    counter.add_sequences(*encode(document))
            return _as_symbols(counter)

    @contextmanager
    def _counter(self, scanner: str, run_words: object) -> Iterator[_native.Counter]:
        share = max(0, self.memory - _PROCESS) // 3 if self.memory else 0
        with _scratch(self.scratch, self.memory) as prefix:
            try:
                yield _native.Counter(
                    scanner, self.thread_count, share, prefix, LONGEST_PRETOKEN, run_words
                )
            except WriteError:
                raise
            except OSError as error:
                raise WriteError(f"{error}; free some space or name another folder") from None

    @property
    def thread_count(self) -> int:
        """The threads that counting uses."""
        if self.threads:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def _add(self, counter: _native.Counter, batch: Batch, pretokens: Pretokens) -> None:
        if pretokens.scanner:
            counter.add(batch.data, batch.ends)
        else:
            for document in batch.documents():
                counter.add_pretokens(document, pretokens.spans(document.decode("utf-8")))
        if self.progress is not None:
            self.progress(len(batch.data))

    def _words(self, counter: _native.Counter, histogram: dict[str, NDArray[np.uint64]]) -> Words:
        found, sizes = histogram["words"], histogram["bytes"]
        statistics = counter.statistics()
        if not found.sum():
            raise FormatError("the corpus holds no text to learn from")
        least = max(self.min_count, 1)
        self._refuse_what_does_not_fit(found, sizes, least)
        kept, kept_bytes = int(found[least:].sum()), int(sizes[least:].sum())
        if statistics["cut"]:
            warnings.warn(
                f"{statistics['cut']} pretokens are longer than {LONGEST_PRETOKEN} bytes; they were "
                "counted in parts of that length",
                TokenworksWarning,
                stacklevel=2,
            )
        self.report = CountReport(
            bytes=statistics["bytes"],
            pretokens=statistics["pretokens"],
            distinct=int(found.sum()),
            distinct_bytes=int(sizes.sum()),
            cut=statistics["cut"],
            spilled_bytes=statistics["spilled_bytes"],
            min_count=least,
            dropped=int(found.sum()) - kept,
        )
        text, starts, counts = counter.words(least, kept, kept_bytes)
        return Words(text, starts, counts)

    def _refuse_what_does_not_fit(
        self, found: NDArray[np.uint64], sizes: NDArray[np.uint64], least: int
    ) -> None:
        if self.memory is None:
            return
        # [c]: bytes that merging takes with the pretokens seen at least c times
        needed = np.cumsum((sizes * _PER_BYTE + found * _PER_WORD)[::-1])[::-1] + _PROCESS
        if needed[min(least, len(needed) - 1)] <= self.memory:
            return
        fitting = np.flatnonzero(needed <= self.memory)
        what = (
            f"--min-count {fitting[0]} fits: it leaves out the {int(found[least : fitting[0]].sum()):,} "
            f"of {int(found.sum()):,} distinct pretokens that were seen less often"
            if len(fitting)
            else f"even --min-count {len(needed) - 1} does not fit"
        )
        raise OptionError(
            f"merging {int(found[least:].sum()):,} distinct pretokens takes about "
            f"{int(needed[least]) >> 20:,} MB, more than the {self.memory >> 20:,} MB of --memory; {what}"
        )


def _as_symbols(counter: _native.Counter) -> Words:
    """Counted sequences, four bytes a symbol."""
    histogram = counter.finish()
    text, starts, counts = counter.words(
        1, int(histogram["words"].sum()), int(histogram["bytes"].sum())
    )
    return Words(text.view(np.uint32), starts // 4, counts)


def _sequences(found: Iterable[int | None]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Maximal runs of two or more symbols between the None."""
    symbols: list[int] = []
    starts = [0]
    for symbol in found:
        if symbol is not None:
            symbols.append(symbol)
        elif len(symbols) - starts[-1] > 1:
            starts.append(len(symbols))
        else:
            del symbols[starts[-1] :]
    if len(symbols) - starts[-1] > 1:
        starts.append(len(symbols))
    del symbols[starts[-1] :]
    return np.array(symbols, dtype=np.uint32), np.array(starts, dtype=np.uint64)


def _batched(texts: Iterable[str]) -> Iterator[Batch]:
    parts: list[bytes] = []
    held = 0
    for text in texts:
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "replace")
        parts.append(data)
        held += len(data)
        if held >= _BATCH:
            yield _joined(parts)
            parts, held = [], 0
    if parts:
        yield _joined(parts)


def _joined(parts: list[bytes]) -> Batch:
    lengths = np.fromiter(map(len, parts), dtype=np.uint64, count=len(parts))
    return Batch(b"".join(parts), np.cumsum(lengths, dtype=np.uint64), "memory")


@contextmanager
def _scratch(parent: Path | None, memory: int | None) -> Iterator[str]:
    """A prefix for run files, in a folder of its own that is removed afterwards."""
    if memory is None:
        yield ""
        return
    try:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="counts-", dir=parent)
    except OSError as error:
        raise WriteError(f"cannot make a folder for counts: {error}") from None
    try:
        yield f"{folder}{os.sep}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
