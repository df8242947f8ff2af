"""`train`: from a corpus to a tokenizer that says how it came about."""

from __future__ import annotations

import inspect
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tokenworks.engine import Engine
from tokenworks.errors import OptionError
from tokenworks.files import write_manifest
from tokenworks.registry import resolve
from tokenworks.text import Mix, Problems
from tokenworks.tokenizer import Tokenizer
from tokenworks.training.bounded import refuse_too_little
from tokenworks.training.counted_words import CountedWords
from tokenworks.training.counts_file import write_counts
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.reading import Files
from tokenworks.training.source import CountReport, Stages, TextSource
from tokenworks.workflows.train.corpus import Corpus, Reading, names_of, open_source
from tokenworks.workflows.train.forecast import Forecast, forecast
from tokenworks.workflows.train.hashes import InputHashes
from tokenworks.workflows.train.measured import HeldOut, measured
from tokenworks.workflows.train.roles import Roles


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained tokenizer and how it came about.

    counts: what was counted. seconds: of the whole training. problems: lines and files of the corpus
    that were broken. inputs: the files named. options: of the algorithm. mix: the mixture taken.
    forecast: what was foreseen of it. held_out: what encoding held-out text takes.
    hashes: of the inputs.
    """

    tokenizer: Tokenizer
    algorithm: str
    options: dict[str, Any]
    counts: CountReport | None
    seconds: float
    problems: Problems
    inputs: tuple[str, ...] = ()
    mix: dict[str, object] | None = None
    forecast: Forecast | None = None
    held_out: HeldOut | None = None
    hashes: InputHashes | None = field(default=None, repr=False)

    def save(self, path: str | os.PathLike[str], *, seed: int | None = None) -> Path:
        """Write the folder that `transformers` opens, with a manifest.

        Raises:
            OptionError: the folder holds something already.
            WriteError: writing failed.
        """
        self.tokenizer.save(path, format="huggingface")
        hashes = (self.hashes or InputHashes(self.inputs)).by_name()
        extra = {"training": {**self.to_json(), "seconds": None, "forecast": None}}
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
            "mix": self.mix,
            "forecast": asdict(self.forecast) if self.forecast else None,
            "held_out": asdict(self.held_out) if self.held_out else None,
            "single_pass": phases.single_pass if phases else None,
            "problems": self.problems.to_json(),
        }


def train(
    corpus: Corpus | TextSource,
    *,
    vocab_size: int,
    algorithm: str = "bpe",
    threads: int = 0,
    engine: Engine = "threads",
    memory: int | None = None,
    scratch: str | os.PathLike[str] | None = None,
    work: str | os.PathLike[str] | None = None,
    min_count: int = 1,
    held_out: Corpus | None = None,
    field: str = "text",
    strict: bool = False,
    labels: str | None = None,
    mix: Mix | None = None,
    bos: str | None = None,
    eos: str | None = None,
    pad: str | None = None,
    offline: bool = False,
    save_counts: str | os.PathLike[str] | None = None,
    stages: Stages | None = None,
    on_forecast: Callable[[Forecast], None] | None = None,
    **options: Any,
) -> Trained:
    """Train a tokenizer.

    Args:
        corpus: files, folders, globs; counts that an earlier run kept (`.arrow`); or a source.
        vocab_size: tokens in all.
        algorithm: a method of the family `training`.
        threads: of counting, or workers of the engine; 0 takes one per core.
        engine: "threads" counts in this process; "processes" and "ray" count parts of the corpus
            where workers read them.
        memory: bytes for the whole process; what does not fit goes to disk. None is no bound.
        scratch: the folder for that.
        work: a folder for checkpoints: after an interruption the same call goes on from there. It is
            removed at the end.
        min_count: pretokens seen less often are left out.
        held_out: documents on which encoding is measured, and two phases are compared with the single
            pass of tokenizer.json; that is done on a part of the corpus where it is left out.
        field: of records that holds the text.
        strict: refuse a corpus with broken lines rather than pass them over.
        labels: how documents get the labels that `mix` weighs: "folder", "file", "column:NAME" or
            "name:PATTERN".
        mix: how much of each label is learned from.
        bos, eos, pad: what begins a text, ends it, and fills up a batch; special tokens all of them.
        offline: refuse names that need the network.
        save_counts: keep the counts of pretokens in this Arrow file.
        stages: called with the name and size of each stage; gives the function that is told how much
            of it is done.
        on_forecast: called before the work starts with what it will take.
        options: of the algorithm.

    Raises:
        UnknownNameError: no such algorithm, pattern, label or file.
        OptionError, FormatError, WriteError: see the algorithm.
        KeyboardInterrupt: interrupted; with `work` nothing that was counted is lost.
    """
    refuse_too_little(memory)
    method = resolve(algorithm, "training")
    _check_options(algorithm, method, options)
    roles = Roles(bos, eos, pad)
    if roles.given():
        options["special"] = roles.among(options.get("special", ()), options.get("base"))
    begun = time.perf_counter()
    probe = TextSource.of_paths(names_of(held_out)) if held_out is not None else None
    inputs: tuple[str, ...] = ()
    if isinstance(corpus, TextSource):
        source = corpus
    else:
        inputs = names_of(corpus)
        kept = None if work is None or "-" in inputs else Path(work)
        source = open_source(
            inputs,
            Reading(field, strict, offline, labels, mix),
            min_count=min_count,
            engine=engine,
            threads=threads,
            work=kept,
        )
        source.memory, source.scratch = memory, Path(scratch) if scratch else None
        source.stages = stages or source.stages
    hashes = InputHashes(inputs)
    if inputs or save_counts is not None:
        source.on_counts = _after_counting(
            hashes, None if save_counts is None else Path(save_counts)
        )
    try:
        foreseen = forecast(source, vocab_size, options)
        if foreseen is not None and on_forecast is not None:
            on_forecast(foreseen)
        tokenizer: Tokenizer = method(source, vocab_size, **options)
        tokenizer, figures = measured(roles.name_in(tokenizer), source, probe)
    except BaseException:
        if source.work is not None and not _worth_keeping(source.work):
            shutil.rmtree(source.work, ignore_errors=True)
        raise
    if source.work is not None:
        shutil.rmtree(source.work, ignore_errors=True)
    plan = source.text.mix if isinstance(source.text, Files) else None
    return Trained(
        tokenizer=tokenizer,
        algorithm=algorithm,
        options={
            "vocab_size": vocab_size,
            **{k: _plain(v) for k, v in options.items()},
            **roles.given(),
        },
        counts=source.report,
        seconds=time.perf_counter() - begun,
        problems=source.problems,
        inputs=inputs,
        mix=plan.to_json() if plan is not None else None,
        forecast=foreseen,
        held_out=figures,
        hashes=hashes,
    )


def _plain(value: Any) -> Any:
    """An option as the manifest holds it."""
    if isinstance(value, Tokenizer):
        return {"name": value.name, "sha256": value.sha256}
    return value


def _after_counting(
    hashes: InputHashes, save_counts: Path | None
) -> Callable[[CountedWords, Pretokens], None]:
    def counted(words: CountedWords, split: Pretokens) -> None:
        if save_counts is not None:
            write_counts(save_counts, words, split)
        hashes.start()

    return counted


def _worth_keeping(work: Path) -> bool:
    """Whether there is a checkpoint or a finished shard."""
    return any(any(work.rglob(f"*{suffix}")) for suffix in (".json", ".arrow", ".npz"))


def _check_options(algorithm: str, method: Any, options: dict[str, Any]) -> None:
    taken = [
        name
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for name in options:
        if name not in taken:
            raise OptionError(f"{algorithm} takes no option {name!r}; it takes {', '.join(taken)}")
