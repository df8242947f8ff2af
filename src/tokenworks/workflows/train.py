"""Training a tokenizer: a corpus, an algorithm of the register, a folder that says how it came about."""

from __future__ import annotations

import inspect
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError
from tokenworks.files import hashes_of, write_manifest
from tokenworks.registry import resolve
from tokenworks.text import Problems, batches
from tokenworks.tokenizer import Tokenizer
from tokenworks.training.counts_file import CountsSource, is_counts, write_counts
from tokenworks.training.merges import Words
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.source import CountReport, TextSource

_SAMPLE = 512 << 10  # bytes of documents on which two ways of encoding are compared
_BATCH = 4 << 20
_PART = 64 << 10

Corpus = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class InputHashes:
    """The SHA-256 of the files named, computed beside the merging, which leaves processors idle."""

    def __init__(self, inputs: Iterable[str]) -> None:
        self._files = [name for name in inputs if Path(name).is_file()]
        self._found: dict[str, str] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, if there is anything to do and it has not begun."""
        if self._files and self._thread.ident is None:
            self._thread.start()

    def by_name(self) -> dict[str, str]:
        """The hashes, by name of the file.

        Raises:
            OSError: a file cannot be read any more.
        """
        if self._thread.ident is not None:
            self._thread.join()
        return hashes_of(self._files) if self._found is None else self._found

    def _run(self) -> None:
        with suppress(OSError):  # told when the hashes are asked for
            self._found = hashes_of(self._files)


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained tokenizer and how it came about.

    counts: what was counted. seconds: of the whole training. problems: lines and files of the corpus
    that were broken. inputs: the files named. options: of the algorithm. hashes: of the inputs.
    """

    tokenizer: Tokenizer
    algorithm: str
    options: dict[str, Any]
    counts: CountReport | None
    seconds: float
    problems: Problems
    inputs: tuple[str, ...] = ()
    hashes: InputHashes | None = field(default=None, repr=False)

    def save(self, path: str | os.PathLike[str], *, seed: int | None = None) -> Path:
        """Write the folder that `transformers` opens, with a manifest.

        Raises:
            OptionError: the folder holds something already.
            WriteError: writing failed.
        """
        self.tokenizer.save(path, format="huggingface")
        hashes = (self.hashes or InputHashes(self.inputs)).by_name()
        extra = {"training": {**self.to_json(), "seconds": None}}
        return write_manifest(Path(path), inputs=hashes, seed=seed, extra=extra)

    def to_json(self) -> dict[str, Any]:
        phases = self.tokenizer.definition.two_phase
        return {
            "algorithm": self.algorithm,
            "options": self.options,
            "tokens": self.tokenizer.n_tokens,
            "sha256": self.tokenizer.sha256,
            "seconds": round(self.seconds, 3),
            "counts": asdict(self.counts) if self.counts else None,
            "single_pass": phases.single_pass if phases else None,
            "problems": self.problems.to_json(),
        }


def train(
    corpus: Corpus | TextSource,
    *,
    vocab_size: int,
    algorithm: str = "bpe",
    threads: int = 0,
    memory: int | None = None,
    scratch: str | os.PathLike[str] | None = None,
    min_count: int = 1,
    held_out: Corpus | None = None,
    field: str = "text",
    strict: bool = False,
    save_counts: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> Trained:
    """Train a tokenizer.

    Args:
        corpus: files, folders, globs; counts that an earlier run kept (`.arrow`); or a source.
        vocab_size: tokens in all.
        algorithm: a method of the family `training`.
        threads: of counting; 0 takes one per core.
        memory: bytes for the whole process; what does not fit goes to disk. None is no bound.
        scratch: the folder for that.
        min_count: pretokens seen less often are left out.
        held_out: documents on which two-phase encoding is compared with the single pass of
            tokenizer.json; a part of the corpus where it is left out.
        field: of records that holds the text.
        strict: refuse a corpus with broken lines rather than pass them over.
        save_counts: keep the counts of pretokens in this Arrow file.
        progress: called with the bytes read, as they are read.
        options: of the algorithm.

    Raises:
        UnknownNameError: no such algorithm, pattern or file.
        OptionError, FormatError, WriteError: see the algorithm.
    """
    method = resolve(algorithm, "training")
    _check_options(algorithm, method, options)
    problems = Problems()
    begun = time.perf_counter()
    inputs: tuple[str, ...] = ()
    if isinstance(corpus, TextSource):
        source = corpus
    else:
        named = [corpus] if isinstance(corpus, str | os.PathLike) else corpus
        inputs = tuple(os.fspath(name) for name in named)
        source = _source(inputs, problems, field, strict, memory, min_count)
        source.threads, source.memory, source.progress = threads, memory, progress
        source.scratch = Path(scratch) if scratch else None
    hashes = InputHashes(inputs)
    if inputs or save_counts is not None:
        kept = None if save_counts is None else Path(save_counts)
        source.on_counts = _after_counting(hashes, kept)
    tokenizer: Tokenizer = method(source, vocab_size, **options)
    if tokenizer.definition.two_phase is not None:
        probe = source if held_out is None else TextSource(lambda: batches(held_out, _BATCH))
        tokenizer = _compared(
            tokenizer, probe, "the corpus" if held_out is None else "held-out text"
        )
    return Trained(
        tokenizer=tokenizer,
        algorithm=algorithm,
        options={"vocab_size": vocab_size, **options},
        counts=source.report,
        seconds=time.perf_counter() - begun,
        problems=problems,
        inputs=inputs,
        hashes=hashes,
    )


def _after_counting(
    hashes: InputHashes, save_counts: Path | None
) -> Callable[[Words, Pretokens], None]:
    def counted(words: Words, split: Pretokens) -> None:
        if save_counts is not None:
            write_counts(save_counts, words, split)
        hashes.start()

    return counted


def _source(
    inputs: tuple[str, ...],
    problems: Problems,
    field: str,
    strict: bool,
    memory: int | None,
    min_count: int,
) -> TextSource:
    counted = [Path(name) for name in inputs if is_counts(Path(name))]
    if counted and len(counted) == len(inputs):
        return CountsSource(counted, min_count)
    if counted:
        raise OptionError(f"{counted[0]} holds counts; counts and texts cannot be mixed in one run")
    if not inputs:
        raise OptionError("no corpus was named")
    return TextSource(
        lambda: batches(list(inputs), _BATCH, field=field, strict=strict, on_problem=problems),
        min_count=min_count,
    )


def _check_options(algorithm: str, method: Any, options: dict[str, Any]) -> None:
    taken = [
        name
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for name in options:
        if name not in taken:
            raise OptionError(f"{algorithm} takes no option {name!r}; it takes {', '.join(taken)}")


def _compared(tokenizer: Tokenizer, source: TextSource, where: str) -> Tokenizer:
    """The tokenizer, with what the single pass of tokenizer.json makes different."""
    definition = tokenizer.definition
    single = Tokenizer(replace(definition, two_phase=None))
    documents = differing = two = one = held = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for document in source.documents():
            for begin in range(0, len(document), _PART):
                text = document[begin : begin + _PART]
                ours = tokenizer.encode(text, specials="text")
                theirs = single.encode(text, specials="text")
                documents += 1
                differing += ours.tolist() != theirs.tolist()
                two, one, held = two + len(ours), one + len(theirs), held + len(text)
                if held >= _SAMPLE:
                    break
            if held >= _SAMPLE:
                break
    measured = {
        "documents": documents,
        "differing": differing,
        "tokens_two_phase": two,
        "tokens_single_pass": one,
        "measured_on": where,
    }
    phases = definition.two_phase
    if phases is None:
        return tokenizer
    return Tokenizer(replace(definition, two_phase=replace(phases, single_pass=measured)))
