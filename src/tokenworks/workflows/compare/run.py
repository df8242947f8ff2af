"""`compare`: several tokenizers on one corpus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.errors import FormatError, OptionError
from tokenworks.workflows.compare.assemble import Assembly, Prices
from tokenworks.workflows.compare.counting import Observed, count_corpus
from tokenworks.workflows.compare.lexicons import read_gold
from tokenworks.workflows.compare.methods import plan
from tokenworks.workflows.compare.nearest import number_of
from tokenworks.workflows.compare.result import Comparison
from tokenworks.workflows.compare.tally import DOCUMENTS
from tokenworks.workflows.compare.texts import Corpus, declaration_corpus, read_corpus

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


def compare(
    tokenizers: Sequence[str | os.PathLike[str] | Tokenizer],
    on: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Corpus | None = None,
    *,
    labels: str | None = None,
    field: str = "text",
    parallel: bool = False,
    reference: str | None = None,
    reference_label: str | None = None,
    price: float | Mapping[str, float] | None = None,
    context: int | None = None,
    unreachable: bool = True,
    methods: Sequence[str] | None = None,
    lexicons: Mapping[str, Sequence[str | os.PathLike[str]]] | None = None,
    models: Mapping[str, str | os.PathLike[str]] | None = None,
    threads: int = 0,
    seed: int = 0,
    offline: bool = False,
    advance: Callable[[float], None] = lambda _: None,
) -> Comparison:
    """Encode a corpus once with every tokenizer and set the figures side by side.

    Args:
        tokenizers: `Tokenizer` objects, names or paths.
        on: files, folders and globs, or a `Corpus`; the Universal Declaration in 126 languages
            where left out.
        labels: of documents: "folder", "file", "column:NAME", "name:PATTERN" with {label} in it,
            "script", or "language" (column, else folder, else an identifier); where left out, folders
            below a named folder, else files, else the names.
        field: where records hold their text.
        parallel: the labels hold the same documents in the same order, so that premiums mean
            something.
        reference: the tokenizer that the others are set against; the first where left out.
        reference_label: the label that premiums are taken against; English, or the first.
        price: of a million tokens, one for all or by the tokenizers' names.
        context: a limit in tokens; how many characters fit is then told.
        unreachable: search every vocabulary for tokens that no text produces (some seconds each).
        methods: of the evaluation family, measured on an even sample of the corpus, by name; "all" or
            "none"; where left out, those for which there is all they need.
        lexicons: files of words or gold segmentations by language (a label), for morphology.
        models: safetensors folders or files by the name of their tokenizer, for tokens that training
            has not met.
        threads: of encoding; 0 takes one per core.
        seed: of the draws behind the intervals.
        offline: refuse the network.
        advance: called with the bytes of text done.

    Returns:
        The comparison; memory does not grow with the corpus.

    Raises:
        OptionError: no tokenizer, or an option out of range.
        FormatError: the corpus holds no text, or no tokenizer could encode any of it.
        TokenworksError: a tokenizer or a path cannot be read.
    """
    began = time.perf_counter()
    loaded = load_all(tokenizers, offline=offline)
    names = [one.name for one in loaded]
    base = 0 if reference is None else number_of(reference, names, "reference")
    prices = _prices(price, names)
    if context is not None and context < 1:
        raise OptionError(f"context is {context}; expected a number of tokens, 1 or more")
    if threads < 0:
        raise OptionError(f"threads is {threads}; expected 0 (one per core) or more")
    for name in models or {}:
        number_of(name, names, "the tokenizer of a model")
    chosen = plan(methods, read_gold(lexicons or {}), models or {})
    loading = time.perf_counter() - began
    corpus = _corpus(on, labels, field, parallel, reference_label, offline)
    counted = count_corpus(loaded, corpus, threads=threads, advance=advance)
    counted.seconds["loading"] = loading
    alive = [
        index
        for index in range(len(loaded))
        if counted.tally.counts[:, index, :, DOCUMENTS].sum() > 0
    ]
    dropped = [
        _gave_up(names[i], counted.observed[i]) for i in range(len(loaded)) if i not in alive
    ]
    if not alive:
        raise FormatError(f"no tokenizer could encode any text: {dropped[0]}")
    if base not in alive:
        base = alive[0]
    found = Assembly(
        tokenizers=[loaded[i] for i in alive],
        observed=[counted.observed[i] for i in alive],
        counted=counted,
        counts=counted.tally.counts[:, alive],
        corpus=corpus,
        base=alive.index(base),
        prices=prices,
        context=context,
        seed=seed,
        unreachable=unreachable,
        chosen=chosen,
        threads=threads,
    )
    return found.comparison(dropped, began)


def load_all(
    tokenizers: Sequence[str | os.PathLike[str] | Tokenizer], *, offline: bool = False
) -> list[Tokenizer]:
    """Load the tokenizers that are given by name or path; equal names are numbered.

    Raises:
        OptionError: there is none.
        TokenworksError: one of them cannot be read.
    """
    from tokenworks.tokenizer import Tokenizer

    if isinstance(tokenizers, str | os.PathLike):
        tokenizers = [tokenizers]
    if not tokenizers:
        raise OptionError("name at least one tokenizer")
    found: list[Tokenizer] = []
    taken: set[str] = set()
    for one in tokenizers:
        tokenizer = (
            Tokenizer.load(one, offline=offline) if isinstance(one, str | os.PathLike) else one
        )
        name, number = tokenizer.name, 2
        while name in taken:
            name, number = f"{tokenizer.name} ({number})", number + 1
        taken.add(name)
        found.append(tokenizer if name == tokenizer.name else _renamed(tokenizer, name))
    return found


def _renamed(tokenizer: Tokenizer, name: str) -> Tokenizer:
    from dataclasses import replace

    return type(tokenizer).from_definition(replace(tokenizer.definition, name=name))


def _prices(price: float | Mapping[str, float] | None, names: Sequence[str]) -> Prices:
    by_name = dict(price) if isinstance(price, Mapping) else {}
    common = None if isinstance(price, Mapping) else price
    for name in by_name:
        number_of(name, names, "the tokenizer of a price")
    for value in [*by_name.values(), *([common] if common is not None else [])]:
        if not (np.isfinite(value) and value >= 0):
            raise OptionError(f"price is {value}; expected 0 or more for a million tokens")
    return Prices(common, by_name)


def _corpus(
    on: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Corpus | None,
    labels: str | None,
    field: str,
    parallel: bool,
    reference_label: str | None,
    offline: bool,
) -> Corpus:
    from dataclasses import replace

    if isinstance(on, Corpus):
        return on
    if on is None:
        if labels is not None:
            raise OptionError("labels are for a corpus of your own; name one with on")
        corpus = declaration_corpus()
        if reference_label is None:
            return corpus
        number_of(reference_label, list(corpus.labels), "reference_label")
        return replace(corpus, reference=reference_label)
    paths = [on] if isinstance(on, str | os.PathLike) else list(on)
    return read_corpus(
        [os.fspath(path) for path in paths],
        labels=labels,
        field=field,
        parallel=parallel,
        reference=reference_label,
        offline=offline,
    )


def _gave_up(name: str, observed: Observed) -> str:
    first = observed.failures[0]
    return f"{name} could not encode any text and is left out: {first.where}: {first.reason}"
