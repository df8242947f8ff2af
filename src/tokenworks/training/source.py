"""The text that a method learns from: read as often as it likes, counted within a bound of memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tokenworks.engine import Engine
from tokenworks.errors import FormatError, OptionError, TokenworksWarning, WriteError
from tokenworks.text import Problems
from tokenworks.training.bounded import PROCESS, refuse_too_little
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.counting import CHECKPOINT_SECONDS, Counted, Means, cores, count
from tokenworks.training.passes import LONGEST_PRETOKEN, Pass, PretokenPass
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.reading import PART, Files, Text, Texts

Stages = Callable[[str, int], Callable[[int], None]]


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
    `every` seconds of work are done again. min_count: rarer pretokens are left out.
    stages: called with the name and the size of each stage, as bytes or merges; it gives the function
    that is told how much of it is done. on_counts: called with the counts of pretokens before they are
    merged.
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
    on_counts: Callable[[CountedWords, Pretokens], None] | None = None
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

    @contextmanager
    def words(self, what: Pass) -> Iterator[CountedWords]:
        """What a pass over the text counts; what lies on disk goes at the end.

        Raises:
            FormatError: there is no text.
            OptionError: `memory` is too little to count at all.
            WriteError: spilling to disk failed.
        """
        refuse_too_little(self.memory)
        tables = max(1, self.memory - PROCESS) // 3 if self.memory is not None else 0
        least = max(self.min_count, 1) if what.is_text else 1
        with _scratch(self.scratch, self.memory) as prefix:
            counted = self._counted(what, tables, prefix)
            if what.is_text:
                self._report(counted, least)
            words = CountedWords(
                counted.counter,
                counted.words,
                counted.word_bytes,
                pretokens=counted.pretokens if what.is_text else 0,
                least=least,
                symbol_bytes=1 if what.is_text else 4,
                memory=self.memory,
                tables=tables,
                scratch=f"{prefix}spelled-" if prefix else "",
                key=f"{what.key} {self.text.key} {least}",
                work=self.work,
                every=self.every,
            )
            if isinstance(what, PretokenPass) and self.on_counts is not None:
                self.on_counts(words, what.split)
            yield words

    def counts(self, split: Pretokens) -> Words:
        """The distinct pretokens and their counts, all in memory; `report` then says what was found.

        Raises:
            FormatError, OptionError, WriteError: see `words`.
        """
        with self.words(PretokenPass(split)) as words:
            return words.together()

    def require_again(self) -> None:
        """Refuse a text that can be read only once; asked before the first pass by whoever needs two.

        Raises:
            OptionError: it is standard input.
        """
        if isinstance(self.text, Files) and self.text.once:
            raise OptionError(
                "standard input can be read once, and this method reads the text again; name a file"
            )

    def _counted(self, what: Pass, tables: int, prefix: str) -> Counted:
        if self._passes:
            self.require_again()
        self._passes += 1
        means = Means(
            threads=self.threads or cores(),
            engine=self.engine,
            memory=tables,
            prefix=prefix,
            work=self.work,
            every=self.every,
            part=self.part,
            progress=self.stages("counting", self.text.size),
        )
        counted = count(what, self.text, means)
        if not self.problems:  # every pass meets the same ones
            self.problems.merge(counted.problems)
        return counted

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
