"""The source of a training run: texts, a mixture of them, or counts that were kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.engine import Engine, run
from tokenworks.errors import OptionError
from tokenworks.text import Census, Mix, MixPlan
from tokenworks.text.labels import named_label
from tokenworks.training.counting import WORTH_KEEPING
from tokenworks.training.counts_file import CountsSource, is_counts
from tokenworks.training.reading import PART, Files
from tokenworks.training.source import TextSource

Corpus = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a corpus is read: the field of records, whether broken lines are refused, the mixture."""

    field: str = "text"
    strict: bool = False
    offline: bool = False
    labels: str | None = None
    mix: Mix | None = None


def names_of(corpus: Corpus) -> tuple[str, ...]:
    """The names of a corpus as a tuple."""
    named = [corpus] if isinstance(corpus, str | os.PathLike) else corpus
    return tuple(os.fspath(name) for name in named)


def open_source(
    inputs: tuple[str, ...],
    reading: Reading,
    *,
    min_count: int,
    engine: Engine,
    threads: int,
    work: Path | None,
) -> TextSource:
    """A source over files, or over counts.

    Raises:
        OptionError: counts mixed with texts or with a mixture; nothing named.
        UnknownNameError: a name or a label that does not exist.
    """
    counted = [Path(name) for name in inputs if is_counts(Path(name))]
    if counted and len(counted) == len(inputs):
        if reading.mix is not None:
            raise OptionError(f"{counted[0]} holds counts; a mixture is made of texts")
        return CountsSource(counted, min_count)
    if counted:
        raise OptionError(f"{counted[0]} holds counts; counts and texts cannot be mixed in one run")
    if not inputs:
        raise OptionError("no corpus was named")
    labels = reading.labels
    if reading.mix is not None and labels is None:
        labels = _rule(inputs, reading.mix)
    files = Files.named(
        inputs,
        field=reading.field,
        strict=reading.strict,
        labels=labels,
        offline=reading.offline,
    )
    if reading.mix is not None:
        if files.once:
            raise OptionError("a mixture reads the text twice, standard input once; name files")
        plan = _plan(files, reading.mix, engine, threads, work)
        files = replace(files, mix=plan)
    return TextSource(files, threads=threads, engine=engine, work=work, min_count=min_count)


def _rule(inputs: tuple[str, ...], mix: Mix) -> str:
    """What labels are where nothing says so: the names given where the mixture is of those."""
    if mix.weights and set(mix.weights) <= set(map(named_label, inputs)):
        return "named"
    return "folder" if any(_has_folders(Path(name)) for name in inputs) else "file"


def _has_folders(path: Path) -> bool:
    return path.is_dir() and any(entry.is_dir() for entry in path.iterdir())


def _plan(files: Files, mix: Mix, engine: Engine, threads: int, work: Path | None) -> MixPlan:
    """Read the corpus once to know the bytes of each label, and work out the mixture."""
    whole = Census(mix.seed)
    parts = [_Labelled(part, mix.seed) for part in files.parts(PART)]
    kept = work if len(parts) > WORTH_KEEPING else None
    counted = run(
        _census,
        parts,
        engine=engine,
        workers=threads or None,
        resume_dir=None if kept is None else kept / "labels",
        progress="weighing the labels",
    )
    for one in counted:
        part = Census(mix.seed)
        part.bins = {k: np.array(v, np.uint64) for k, v in one["bins"].items()}
        part.documents = one["documents"]
        whole.merge(part)
    return mix.plan(whole)


@dataclass(frozen=True, slots=True)
class _Labelled:
    text: Files
    seed: int

    @property
    def key(self) -> str:
        return self.text.sources[0].key

    @property
    def stamp(self) -> str:
        return self.text.key


def _census(shard: _Labelled) -> Mapping[str, Any]:
    counted = Census(shard.seed)
    for document in shard.text.labelled():
        counted.add(document)
    bins = {label: found.tolist() for label, found in counted.bins.items()}
    return {"bins": bins, "documents": counted.documents}
