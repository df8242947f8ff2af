"""The engine of `verify`: definitions first, then texts in batches, then the shortest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from tokenworks.errors import OptionError
from tokenworks.text.hostile import Sample, hostile_texts
from tokenworks.workflows.verify.comparer import Comparer
from tokenworks.workflows.verify.counterexample import counterexample
from tokenworks.workflows.verify.definitions import Comparison, compare_definitions
from tokenworks.workflows.verify.proofs import proofs
from tokenworks.workflows.verify.result import Counterexample, Difference, VerifyResult
from tokenworks.workflows.verify.subjects import ASPECTS, Aspect, Subject, subject
from tokenworks.workflows.verify.targets import targeted_texts
from tokenworks.workflows.verify.trained import trained_difference

DOCUMENT = 1 << 16  # bytes; longer documents of a corpus are cut
BATCH_TEXTS = 4096
BATCH_BYTES = 1 << 20

Mode = Literal["auto", "ids", "bytes"]


def verify(
    a: Any,
    b: Any,
    on: str | Path | Sequence[str | Path] = (),
    *,
    budget: int = 2_000_000,
    seed: int = 0,
    mode: Mode = "auto",
    aspects: Sequence[Aspect] | None = None,
    texts: Iterable[str] = (),
    trained: bool = False,
) -> VerifyResult:
    """Search for a text that two tokenizers do not treat alike.

    First the definitions are compared part by part, and texts are aimed at every difference; then
    hostile text is generated until the budget is spent; then the corpora are read. The search ends
    at the first text that tells, which is shrunk to the shortest.

    Args:
        a: a `Tokenizer`, its name or path, or a tokenizer of another library (see `subject`).
        b: what to compare it with.
        on: corpora to compare on as well, in any format that `tokenworks.text` reads.
        budget: bytes of generated text, besides the aimed texts and the corpora.
        seed: seed of the generator.
        mode: `ids` compares ids; `bytes` compares the tokens' bytes, so that tokenizers whose ids
            are permuted count as equal; `auto` compares ids, and for a mere permutation says so
            (verdict `permuted`).
        aspects: uses to compare; every use that both tokenizers offer when None.
        texts: further texts to compare on.
        trained: also compare the ids as the models saw them: BOS, EOS and chat messages.

    Returns:
        The verdict, how much was tried, the differing parts, and the counterexample if any.

    Raises:
        OptionError: the two have no use in common, or an option is out of range.
    """
    if budget < 0:
        raise OptionError(f"budget must be 0 or more bytes, not {budget}")
    begin = time.perf_counter()
    one, two = subject(a), subject(b)
    shared = [x for x in ASPECTS if x in one.encoders and x in two.encoders]
    used: list[Aspect] = [x for x in shared if aspects is None or x in aspects]
    if not used:
        raise OptionError(f"{one.name} and {two.name} share no use to compare; shared: {shared}")
    comparison = Comparison(())
    if one.definition is not None and two.definition is not None:
        comparison = compare_definitions(one.definition, two.definition)
    compare_bytes = mode == "bytes" or (mode == "auto" and comparison.permutation)
    comparer = Comparer(one, two, used, compare_bytes)
    samples = chain(
        _aimed(one, two, comparison, seed),
        (Sample("given", t) for t in texts if t),
        _generated(one, two, budget, seed),
        _corpora([on] if isinstance(on, str | Path) else on),
    )
    tried: Counter[str] = Counter()
    hit, size = _search(comparer, samples, tried)
    example = counterexample(comparer, hit[0], hit[1]) if hit else None
    if example is None and trained:
        example = trained_difference(one, two, comparer)
    permuted = comparison.permutation and mode == "auto"
    differences = _judge(comparison, one, two, example)
    verdict: Literal["equal", "permuted", "different"] = "equal"
    if example is not None:
        verdict = "different"
    elif permuted:
        verdict = "permuted"
    return VerifyResult(
        a=one.name,
        b=two.name,
        verdict=verdict,
        mode="bytes" if compare_bytes else "ids",
        aspects=tuple(used),
        texts=sum(tried.values()),
        bytes=size,
        seconds=time.perf_counter() - begin,
        by_source=dict(tried),
        differences=differences,
        counterexample=example,
    )


def _aimed(one: Subject, two: Subject, comparison: Comparison, seed: int) -> Iterator[Sample]:
    if one.definition is not None and two.definition is not None and comparison.differences:
        yield from targeted_texts(one.definition, two.definition, comparison, seed)


def _generated(one: Subject, two: Subject, budget: int, seed: int) -> Iterator[Sample]:
    if not budget:
        return
    specials = tuple(dict.fromkeys((*one.specials, *two.specials)))
    vocabulary = [*one.vocabulary, *two.vocabulary]
    yield from hostile_texts(seed=seed, budget=budget, specials=specials, vocabulary=vocabulary)


def _corpora(paths: Sequence[str | Path]) -> Iterator[Sample]:
    from tokenworks.text.reading import documents_of

    for path in paths:
        for document in documents_of(path, max_document_bytes=DOCUMENT):
            if document.text:
                yield Sample(f"corpus: {Path(path).name}", document.text)


def _search(
    comparer: Comparer, samples: Iterator[Sample], tried: Counter[str]
) -> tuple[tuple[Sample, str] | None, int]:
    size = 0
    for batch in _batches(samples):
        hit = comparer.first_difference(batch)
        kept = batch if hit is None else batch[: hit[0] + 1]
        tried.update(s.kind for s in kept)
        size += sum(len(s.text.encode()) for s in kept)
        if hit is not None:
            return (batch[hit[0]], hit[1]), size
    return None, size


def _batches(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    batch: list[Sample] = []
    size = 0
    limit = 64  # the first batches are small: most differences show at once
    for sample in samples:
        batch.append(sample)
        size += len(sample.text)
        if len(batch) >= limit or size >= BATCH_BYTES:
            yield batch
            batch, size, limit = [], 0, min(BATCH_TEXTS, limit * 2)
    if batch:
        yield batch


def _judge(
    comparison: Comparison,
    one: Subject,
    two: Subject,
    example: Counterexample | None,
) -> tuple[Difference, ...]:
    if not comparison.differences or one.definition is None or two.definition is None:
        return comparison.differences
    proved = {} if example else proofs(one.definition, two.definition, comparison)
    out = []
    for d in comparison.differences:
        if d.effect == "beside":
            told = example is not None and example.aspect in ("template", "trained")
            out.append(replace(d, effect="shown") if told and d.component != "pad_id" else d)
        elif d.component in proved:
            out.append(replace(d, effect="proved-none", reason=proved[d.component]))
        elif example is not None:
            alone = len([x for x in comparison.differences if x.effect != "beside"]) == 1
            cause = alone or example.cause == d.component
            out.append(replace(d, effect="shown" if cause else "unknown"))
        else:
            out.append(replace(d, effect="not-found"))
    return tuple(out)
