"""`compare`: several tokenizers on one corpus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.errors import FormatError, OptionError
from tokenworks.workflows.compare import figures, vocabulary
from tokenworks.workflows.compare.counting import Counted, Observed, count_corpus
from tokenworks.workflows.compare.cuts import cut_all, digit_groups
from tokenworks.workflows.compare.further import further_rows
from tokenworks.workflows.compare.intervals import Bootstrap
from tokenworks.workflows.compare.result import Comparison, LabelFigures, TokenizerFigures
from tokenworks.workflows.compare.rows import tidy
from tokenworks.workflows.compare.tally import BYTES, CHARACTERS, DOCUMENTS, TOKENS, WORDS
from tokenworks.workflows.compare.texts import Corpus, declaration_corpus, read_corpus
from tokenworks.workflows.compare.verdict import verdict, warnings

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens: one for all tokenizers, or by name."""

    common: float | None
    by_name: Mapping[str, float]

    def of(self, name: str) -> float | None:
        return self.by_name.get(name, self.common)


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
        labels: of documents: "folder", "file", "column:NAME", "name:PATTERN" with {label} in it, or
            "script"; where left out, folders below a named folder, else files, else the names.
        field: where records hold their text.
        parallel: the labels hold the same documents in the same order, so that premiums mean
            something.
        reference: the tokenizer that the others are set against; the first where left out.
        reference_label: the label that premiums are taken against; English, or the first.
        price: of a million tokens, one for all or by the tokenizers' names.
        context: a limit in tokens; how many characters fit is then told.
        unreachable: search every vocabulary for tokens that no text produces (some seconds each).
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
    base = 0 if reference is None else _number(reference, names, "reference")
    prices = _prices(price, names)
    if context is not None and context < 1:
        raise OptionError(f"context is {context}; expected a number of tokens, 1 or more")
    if threads < 0:
        raise OptionError(f"threads is {threads}; expected 0 (one per core) or more")
    corpus = _corpus(on, labels, field, parallel, reference_label, offline)
    counted = count_corpus(loaded, corpus, threads=threads, advance=advance)
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
    found = _Figures(
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


def _number(name: str, known: Sequence[str], option: str) -> int:
    if name in known:
        return known.index(name)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:8])}"
    raise OptionError(f"{option} is {name!r}, which is not among those compared; {hint}")


def _prices(price: float | Mapping[str, float] | None, names: Sequence[str]) -> Prices:
    by_name = dict(price) if isinstance(price, Mapping) else {}
    common = None if isinstance(price, Mapping) else price
    for name in by_name:
        _number(name, names, "the tokenizer of a price")
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
        _number(reference_label, list(corpus.labels), "reference_label")
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


class _Figures:
    """All figures of a corpus that was counted, put together once."""

    def __init__(
        self,
        *,
        tokenizers: list[Tokenizer],
        observed: list[Observed],
        counted: Counted,
        counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
        corpus: Corpus,
        base: int,
        prices: Prices,
        context: int | None,
        seed: int,
        unreachable: bool,
    ) -> None:
        self.tokenizers, self.observed, self.counted = tokenizers, observed, counted
        self.corpus, self.base, self.prices, self.context = corpus, base, prices, context
        self.seed, self.unreachable = seed, unreachable
        self.names = counted.tally.labels
        self.parallel = corpus.parallel and len(self.names) > 1
        self.reference_label = self._reference_label() if self.parallel else None
        sums = Bootstrap(counts, parallel=self.parallel, seed=seed)
        number = self.names.index(self.reference_label) if self.reference_label else 0
        self.measure = figures.Measure(sums, self.parallel, base, number)
        relative = [one.value for one in self.measure.relative()]
        # from here on everything stands by rank
        self.order = sorted(range(len(tokenizers)), key=lambda i: (relative[i], i))
        self.counts = counts.sum(axis=2)  # [labels, tokenizers, 5]

    def _reference_label(self) -> str:
        wanted = self.corpus.reference
        if wanted is None:
            return self.names[0]
        return self.names[_number(wanted, self.names, "reference_label")]

    def comparison(self, dropped: list[str], began: float) -> Comparison:
        labels = self._labels()
        tokenizers = tuple(self._tokenizers(labels))
        first, *rest = self.order
        lead = self.measure.against(first, rest[0]) if rest else None
        reference = self.tokenizers[self.base].name
        problems = self.corpus.problems.to_json()
        warned = warnings(tokenizers, problems, shared_label=self.counted.tally.overflowed)
        ranked = [self.tokenizers[i] for i in self.order]
        return Comparison(
            title=self.corpus.title,
            note=self.corpus.note,
            parallel=self.parallel,
            reference=reference,
            reference_label=self.reference_label,
            verdict=verdict(
                tokenizers,
                labels,
                title=self.corpus.title,
                reference=reference,
                reference_label=self.reference_label,
                lead=lead,
            ),
            tokenizers=tokenizers,
            labels=labels,
            scripts=figures.by_script(labels),
            cuts=tuple(cut_all(ranked, self.counted.paragraphs, labels, self.corpus.shown)),
            warnings=(*dropped, *warned),
            dropped=tuple(dropped),
            problems=problems,
            documents=self.counted.documents,
            bytes=self.counted.bytes,
            context=self.context,
            rows=(
                *tidy(tokenizers, labels, self.parallel),
                *further_rows(ranked, self.counted.paragraphs, self.seed),
            ),
            seed=self.seed,
            seconds=time.perf_counter() - began,
            encoding_seconds=sum(one.seconds for one in self.observed),
        )

    def _labels(self) -> tuple[LabelFigures, ...]:
        order = self.order
        dense = [self.measure.label_bytes_per_token(i) for i in order]
        premiums = [self.measure.premiums(i) for i in order] if self.parallel else None
        largest = self.counts.max(axis=1)  # a tokenizer that failed has counted less
        found = []
        for number, name in enumerate(self.names):
            about = self.counted.labels[name]
            own = self.counts[number]
            found.append(
                LabelFigures(
                    name=name,
                    script=about.script,
                    direction=about.direction,
                    lang=about.lang,
                    bytes=int(largest[number, BYTES]),
                    characters=int(largest[number, CHARACTERS]),
                    documents=int(largest[number, DOCUMENTS]),
                    tokens=tuple(int(own[i, TOKENS]) for i in order),
                    bytes_per_token=tuple(one[number] for one in dense),
                    premiums=None if premiums is None else tuple(p[number] for p in premiums),
                    characters_at_limit=None
                    if self.context is None
                    else tuple(
                        self.context * own[i, CHARACTERS] / max(own[i, TOKENS], 1) for i in order
                    ),
                )
            )
        if premiums is not None:
            found.sort(key=lambda row: (row.premiums[0].value if row.premiums else 0, row.name))
        else:
            found.sort(key=lambda row: (-row.bytes_per_token[0].value, row.name))
        return tuple(found)

    def _tokenizers(self, labels: tuple[LabelFigures, ...]) -> list[TokenizerFigures]:
        relative, dense = self.measure.relative(), self.measure.bytes_per_token()
        median = self.measure.median_premium() if self.parallel else None
        gini = self.measure.gini() if self.parallel else None
        found = []
        for rank, index in enumerate(self.order):
            tokenizer, seen = self.tokenizers[index], self.observed[index]
            total = self.counts[:, index].sum(axis=0)
            tokens, characters = int(total[TOKENS]), int(total[CHARACTERS])
            price = self.prices.of(tokenizer.name)
            unk = tokenizer.definition.model.unk_id
            lengths = characters / tokens if tokens else 0.0
            dear = [row for row in labels if row.premiums]
            worst = max(
                dear, key=lambda r: r.premiums[rank].value if r.premiums else 0, default=None
            )
            found.append(
                TokenizerFigures(
                    name=tokenizer.name,
                    sha256=tokenizer.sha256,
                    n_tokens=tokenizer.n_tokens,
                    tokens=tokens,
                    bytes=int(total[BYTES]),
                    characters=characters,
                    words=int(total[WORDS]),
                    documents=int(total[DOCUMENTS]),
                    relative=relative[index],
                    bytes_per_token=dense[index],
                    median_premium=median[index] if median else None,
                    gini=gini[index] if gini else None,
                    worst_label=worst.name if worst else None,
                    worst_premium=worst.premiums[rank].value if worst and worst.premiums else None,
                    renyi=vocabulary.renyi_efficiency(seen.histogram),
                    used=int((seen.histogram > 0).sum()),
                    unknown=0 if unk is None else int(seen.histogram[unk]),
                    checked=seen.checked,
                    changed=seen.changed,
                    changed_in=tuple(seen.changed_in),
                    failed=seen.failed,
                    failures=tuple(seen.failures),
                    digits=digit_groups(tokenizer),
                    scripts=vocabulary.vocabulary_scripts(tokenizer),
                    categories=vocabulary.text_categories(tokenizer, seen.histogram),
                    unreachable=vocabulary.unreachable_tokens(tokenizer, self.seed)
                    if self.unreachable
                    else None,
                    price=price,
                    cost=None if price is None else price * tokens / 1e6,
                    cost_per_million_characters=None
                    if price is None or not lengths
                    else price / lengths,
                    characters_at_limit=None if self.context is None else self.context * lengths,
                    seconds=seen.seconds,
                )
            )
        return found
