"""From the sums of a corpus to the comparison: every figure put together once, by rank."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.workflows.compare import figures, vocabulary
from tokenworks.workflows.compare.counting import Counted, Observed
from tokenworks.workflows.compare.cuts import cut_all, digit_groups
from tokenworks.workflows.compare.intervals import Bootstrap
from tokenworks.workflows.compare.methods import Measured, Plan, measure
from tokenworks.workflows.compare.nearest import number_of
from tokenworks.workflows.compare.result import (
    Comparison,
    LabelFigures,
    Sampled,
    TokenizerFigures,
    Used,
)
from tokenworks.workflows.compare.rows import merged, tidy
from tokenworks.workflows.compare.tally import BYTES, CHARACTERS, DOCUMENTS, TOKENS, WORDS
from tokenworks.workflows.compare.texts import Corpus
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


def _used(measured: Measured) -> tuple[Used, ...]:
    return tuple(
        Used(info.name, info.summary, info.paper, measured.seconds[info.name])
        for info in measured.used
    )


def _phases(counting: Mapping[str, float], measured: Measured, total: float) -> dict[str, float]:
    """Seconds by what was done, most first."""
    found = dict(counting)
    for name, seconds in measured.phases.items():
        found[name] = found.get(name, 0.0) + seconds
    found["methods"] = sum(measured.seconds.values())
    found["tables"] = total - sum(found.values())
    return dict(sorted(found.items(), key=lambda one: -one[1]))


class Assembly:
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
        chosen: Plan,
        threads: int,
    ) -> None:
        self.tokenizers, self.observed, self.counted = tokenizers, observed, counted
        self.corpus, self.base, self.prices, self.context = corpus, base, prices, context
        self.seed, self.unreachable = seed, unreachable
        self.chosen, self.threads = chosen, threads
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
        return self.names[number_of(wanted, self.names, "reference_label")]

    def _unequal(self) -> list[tuple[str, int]]:
        documents = self.counts[..., DOCUMENTS].max(axis=1).tolist()
        found = list(zip(self.names, documents, strict=True))
        return found if len(set(documents)) > 1 else []

    def comparison(self, dropped: list[str], began: float) -> Comparison:
        labels = self._labels()
        tokenizers = tuple(self._tokenizers(labels))
        first, *rest = self.order
        lead = self.measure.against(first, rest[0]) if rest else None
        reference = self.tokenizers[self.base].name
        problems = self.corpus.problems.to_json()
        warned = warnings(
            tokenizers,
            problems,
            shared_label=self.counted.tally.overflowed,
            unequal=self._unequal() if self.parallel else (),
            normalizers={
                one.name: ", ".join(str(step["type"]) for step in one.definition.normalizer)
                for one in self.tokenizers
            },
        )
        ranked = [self.tokenizers[i] for i in self.order]
        samples = self.counted.sample.samples(parallel=self.parallel)
        measured = measure(
            ranked,
            samples,
            self.chosen,
            parallel=self.parallel,
            languages=self.corpus.languages,
            reference=reference,
            reference_label=self.reference_label,
            context=self.context,
            seed=self.seed,
            threads=self.threads,
        )
        return Comparison(
            title=self.corpus.title,
            note=self.corpus.note,
            inputs=self.corpus.inputs,
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
            warnings=(*dropped, *warned, *measured.notes),
            dropped=tuple(dropped),
            problems=problems,
            documents=self.counted.documents,
            bytes=self.counted.bytes,
            context=self.context,
            methods=_used(measured),
            sampled=Sampled(
                documents=len(samples),
                characters=sum(len(sample.text) for sample in samples),
                whole=self.counted.sample.whole,
            ),
            rows=merged(tidy(tokenizers, labels, self.corpus.languages), measured.rows),
            seed=self.seed,
            seconds=(seconds := time.perf_counter() - began),
            phases=_phases(self.counted.seconds, measured, seconds),
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
