"""The text that a method learns from: read as often as it likes, counted within a bound of memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tokenworks.engine import Engine
from tokenworks.errors import FormatError, OptionError, TokenworksWarning, WriteError
from tokenworks.text import Problems
from tokenworks.training.bounded import PROCESS as _PROCESS
from tokenworks.training.bounded import budget_for_candidates, refuse_too_many
from tokenworks.training.counting import CHECKPOINT_SECONDS, Counted, Means, cores, count
from tokenworks.training.merges import CountedWords, Words
from tokenworks.training.passes import (
    LONGEST_PRETOKEN,
    Pass,
    PiecePass,
    PretokenPass,
    RunPass,
    SequencePass,
)
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.reading import PART, Files, Text, Texts

# Bytes that merging takes for each byte and for each word of the distinct pretokens (measured).
_PER_BYTE, _PER_WORD = 10, 24


# Bytes that a table of counts takes for each word. Tables of several threads hold much of the same.
_PER_ENTRY, _OF_NEXT_THREAD = 48, 0.6
Stages = Callable[[str, int], Callable[[int], None]]
Amount = TypeVar("Amount", int, NDArray[np.uint64])


def memory_of_merging(words: Amount, size: Amount) -> Amount:
    """Bytes that the whole process takes to merge so many distinct pretokens of so many bytes."""
    return size * _PER_BYTE + words * _PER_WORD + _PROCESS


def memory_of_counting(words: int, size: int, threads: int) -> int:
    """Bytes that the whole process takes to count so many distinct pretokens of so many bytes."""
    tables = words * _PER_ENTRY + size // 4  # most words lie in the table itself
    return int(tables * (1 + (threads - 1) * _OF_NEXT_THREAD)) + _PROCESS


def _unseen(_name: str, _size: int) -> Callable[[int], None]:
    return lambda _: None


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

    text: what is read, as often as a method likes.
    threads: of counting; 0 takes one per core. engine: "threads" counts in this process, "processes"
    and "ray" count parts of `part` bytes where workers read them.
    memory: bytes for the whole process; None is no bound. scratch: a folder for what does not fit.
    work: a folder for checkpoints, from which the same run goes on after an interruption; at most
    `every` seconds of counting are done again. min_count: rarer pretokens are left out.
    stages: called with the name and the size of each stage, as bytes or merges; it gives the function
    that is told how much of it is done. on_counts: called with a function that gives the counts,
    before they are merged.
    """

    text: Text
    threads: int = 0
    engine: Engine = "threads"
    memory: int | None = None
    scratch: Path | None = None
    work: Path | None = None
    every: float = CHECKPOINT_SECONDS
    part: int = PART
    min_count: int = 1
    stages: Stages = _unseen
    on_counts: Callable[[Callable[[], Words], Pretokens], None] | None = None
    report: CountReport | None = field(default=None, init=False)
    problems: Problems = field(default_factory=Problems, init=False)
    _passes: int = field(default=0, init=False)

    @classmethod
    def of_paths(cls, paths: Iterable[str | os.PathLike[str]], **options: object) -> TextSource:
        """Files, folders, globs and so on, as `tokenworks.text` reads them."""
        return cls(Files.named(paths), **options)  # type: ignore[arg-type]

    @classmethod
    def of_texts(cls, texts: Iterable[str], **options: object) -> TextSource:
        """Documents in memory."""
        return cls(Texts.of(texts), **options)  # type: ignore[arg-type]

    def documents(self, seed: int | None = None) -> Iterator[str]:
        """The documents, in the order of the corpus, or those of each batch shuffled by a seed."""
        random = None if seed is None else np.random.default_rng(seed)
        for batch in self.text.batches(Problems()):
            found = list(batch.documents())
            if random is not None:
                random.shuffle(found)
            for document in found:
                yield document.decode("utf-8")

    def counts(self, split: Pretokens) -> Words:
        """The distinct pretokens and their counts; `report` then says what was found.

        Raises:
            FormatError: there is no text.
            OptionError: merging them would take more than `memory`; the message names the least
                count that fits.
            WriteError: spilling to disk failed.
        """
        with self._counted(PretokenPass(split)) as counted:
            words = self._words(counted)
        if self.on_counts is not None:
            self.on_counts(lambda: words, split)
        return words

    def learnable(self, what: Pass, known: int, vocab_size: int) -> Words | CountedWords:
        """What a pass counts, for one call of `learn_merges`: within the bound on memory if there is one.

        Args:
            what: pretokens as bytes, or sequences of symbols.
            known: tokens before merging. vocab_size: tokens after it.

        Raises:
            FormatError, WriteError: see `counts`.
            OptionError: merging them would take more than `memory`; the message names the least
                count that fits.
        """
        is_text = isinstance(what, PretokenPass)
        if self.memory is None:
            if isinstance(what, PretokenPass):
                return self.counts(what.split)
            with self._counted(what) as counted:
                return _as_symbols(counted)
        stack = ExitStack()
        try:
            counted = stack.enter_context(self._counted(what))
            least = max(self.min_count, 1) if is_text else 1
            if is_text:
                self._report(counted, least)
            refuse_too_many(counted, least, 1 if is_text else 4)
            memory = budget_for_candidates(
                counted,
                self.memory,
                least=least,
                symbol_bytes=1 if is_text else 4,
                known=known,
                vocab_size=vocab_size,
            )
            if isinstance(what, PretokenPass) and self.on_counts is not None:
                self.on_counts(lambda: _as_text(counted, least), what.split)
            words = CountedWords(counted.counter, least, 1 if is_text else 4, memory, stack.close)
        except BaseException:
            stack.close()
            raise
        return words

    def runs(self, split: Pretokens, words: Mapping[bytes, int]) -> Words:
        """Maximal runs of two or more of these words standing side by side, and their counts.

        Args:
            split: how the text is split; words are whole pretokens.
            words: the words that may stand in a run, and the symbol of each.

        Returns:
            The distinct runs as symbols (uint32).
        """
        with self._counted(RunPass(split, words)) as counted:
            return _as_symbols(counted)

    def pieces(
        self, split: Pretokens, cut: Callable[[bytes], NDArray[np.uint64]], name: str
    ) -> Words:
        """The distinct pieces that a function cuts documents into; see `PiecePass`."""
        with self._counted(PiecePass(split, cut, name)) as counted:
            return self._words(counted)

    def sequences(
        self,
        split: Pretokens,
        encode: Callable[[bytes], tuple[NDArray[np.uint32], NDArray[np.uint64]]],
        name: str,
    ) -> Words:
        """Sequences of symbols that a function makes of each document; see `SequencePass`."""
        with self._counted(SequencePass(split, encode, name)) as counted:
            return _as_symbols(counted)

    @contextmanager
    def _counted(self, what: Pass) -> Iterator[Counted]:
        if self._passes and isinstance(self.text, Files) and self.text.once:
            raise OptionError(
                "standard input can be read once, and this method reads the text again; name a file"
            )
        self._passes += 1
        share = max(0, self.memory - _PROCESS) // 3 if self.memory else 0
        with _scratch(self.scratch, self.memory) as prefix:
            counted = count(
                what,
                self.text,
                Means(
                    threads=self.threads or cores(),
                    engine=self.engine,
                    memory=share,
                    prefix=prefix,
                    work=self.work,
                    every=self.every,
                    part=self.part,
                    progress=self.stages("counting", self.text.size),
                ),
            )
            if not self.problems:  # every pass meets the same ones
                self.problems.merge(counted.problems)
            yield counted

    def _words(self, counted: Counted) -> Words:
        least = max(self.min_count, 1)
        self._report(counted, least)
        refuse_too_many(counted, least, 1)
        self._refuse_what_does_not_fit(counted, least)
        return _as_text(counted, least)

    def _report(self, counted: Counted, least: int) -> None:
        found, sizes = counted.words, counted.word_bytes
        if not found.sum():
            why = f": {self.problems.first[0]}" if self.problems.first else ""
            raise FormatError(f"the corpus holds no text to learn from{why}")
        if counted.cut:
            warnings.warn(
                f"{counted.cut:,} pretokens are longer than {LONGEST_PRETOKEN:,} bytes; they were "
                "counted in parts of that length",
                TokenworksWarning,
                stacklevel=2,
            )
        self.report = CountReport(
            bytes=counted.bytes,
            pretokens=counted.pretokens,
            distinct=int(found.sum()),
            distinct_bytes=int(sizes.sum()),
            cut=counted.cut,
            spilled_bytes=counted.spilled_bytes,
            min_count=least,
            dropped=int(found[:least].sum()),
        )

    def _refuse_what_does_not_fit(self, counted: Counted, least: int) -> None:
        if self.memory is None:
            return
        found, sizes = counted.words, counted.word_bytes
        # [c]: bytes that merging takes with the pretokens seen at least c times
        needed = memory_of_merging(np.cumsum(found[::-1])[::-1], np.cumsum(sizes[::-1])[::-1])
        if needed[min(least, len(needed) - 1)] <= self.memory:
            return
        fitting = np.flatnonzero(needed <= self.memory)
        if len(fitting):
            fits = int(fitting[0])
            rare = found[least:fits]
            seen = int((rare * np.arange(least, fits, dtype=np.uint64)).sum())
            what = (
                f"--min-count {fits} fits: it leaves out the {int(rare.sum()):,} of "
                f"{int(found.sum()):,} distinct pretokens that were seen less often, "
                f"{seen / max(counted.pretokens, 1):.2%} of the text, and merges are learned from the rest"
            )
        else:
            what = f"even --min-count {len(needed) - 1} does not fit"
        raise OptionError(
            f"merging {int(found[least:].sum()):,} distinct pretokens takes about "
            f"{int(needed[least]) >> 20:,} MB, more than the {self.memory >> 20:,} MB of --memory; {what}"
        )


def _as_text(counted: Counted, least: int) -> Words:
    found, sizes = counted.words, counted.word_bytes
    kept, kept_bytes = int(found[least:].sum()), int(sizes[least:].sum())
    return Words(*counted.counter.words(least, kept, kept_bytes))


def _as_symbols(counted: Counted) -> Words:
    """Counted sequences, four bytes a symbol."""
    refuse_too_many(counted, 1, 4)
    text, starts, counts = counted.counter.words(
        1, int(counted.words.sum()), int(counted.word_bytes.sum())
    )
    return Words(text.view(np.uint32), starts // 4, counts)


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
