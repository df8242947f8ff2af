"""One pass over a corpus: every text is encoded once by every tokenizer, and only sums are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks._native import count_ids
from tokenworks.errors import FormatError, TokenworksError
from tokenworks.evaluation.tokens_on_text import Texts, TokenBytes, joined_texts
from tokenworks.workflows.compare.even_sample import EvenSample
from tokenworks.workflows.compare.tally import Tally
from tokenworks.workflows.compare.texts import Corpus, Label, Text, describe_label

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

BATCH = 4 << 20  # bytes of text encoded at a time
BATCH_TEXTS = 50_000
CHECKED_PER_LABEL = 256 << 10  # bytes of each label whose round trip is checked at least
CHECKED = 4 << 20  # and of all labels together
EXAMPLES = 5
ENCODING = "encoding"  # a phase; the others are known by their names only
PARAGRAPH = 420  # characters of a paragraph that is shown cut


@dataclass(frozen=True, slots=True)
class Failure:
    """A text that a tokenizer could not encode."""

    where: str
    reason: str


@dataclass(slots=True)
class Observed:
    """What one tokenizer did with the corpus."""

    histogram: NDArray[np.int64]  # [max id + 1], how often each id occurred
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    checked: int = 0  # documents decoded again
    changed: int = 0  # of those, texts that did not come back
    changed_in: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of encoding


@dataclass(slots=True)
class Checks:
    """Which documents are decoded again: the first ones of each label, the same for every tokenizer."""

    total: int = 0  # bytes so far
    of_label: dict[int, int] = field(default_factory=dict)

    def choose(self, labels: list[int], sizes: list[int]) -> list[int]:
        """The documents of a batch to check, by place; they are then accounted for.

        Args:
            labels: the number of each document's label. sizes: its bytes.
        """
        found = []
        for place, (label, size) in enumerate(zip(labels, sizes, strict=True)):
            of_label = self.of_label.get(label, 0)
            if self.total >= CHECKED and of_label >= CHECKED_PER_LABEL:
                continue
            self.of_label[label] = of_label + size
            self.total += size
            found.append(place)
        return found


@dataclass(slots=True)
class Counted:
    """The sums over a corpus, one paragraph of each label, and an even sample."""

    tally: Tally
    observed: list[Observed]
    labels: dict[str, Label]
    paragraphs: dict[str, str]
    sample: EvenSample
    checks: Checks = field(default_factory=Checks)
    documents: int = 0
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # by what was done

    def spent(self, what: str, since: float) -> float:
        """Account for the time since a reading of the clock; returns a new reading."""
        now = time.perf_counter()
        self.seconds[what] = self.seconds.get(what, 0.0) + now - since
        return now


def count_corpus(
    tokenizers: list[Tokenizer],
    corpus: Corpus,
    *,
    threads: int = 0,
    advance: Callable[[float], None] = lambda _: None,
) -> Counted:
    """Encode every text of the corpus once with every tokenizer.

    Args:
        tokenizers: at least one. One that fails on a text goes on with the next.
        corpus: consumed as a stream.
        threads: of encoding; 0 takes one per core.
        advance: called with the bytes of each batch done.

    Raises:
        FormatError: the corpus holds no text.
    """
    tally = Tally(len(tokenizers))
    observed = [Observed(np.zeros(one.max_id_plus_one, np.int64)) for one in tokenizers]
    done = Counted(tally, observed, dict(corpus.labels), {}, EvenSample())
    spelled = [TokenBytes(one) for one in tokenizers]
    clock = time.perf_counter()
    for texts in _batches(corpus):
        done.spent("reading", clock)
        advance(_add_batch(spelled, texts, done, threads))
        clock = time.perf_counter()
    done.spent("reading", clock)
    if not done.bytes:
        problems = f"\n{corpus.problems.summary()}" if corpus.problems else ""
        raise FormatError(f"the corpus ({corpus.title}) holds no text{problems}")
    return done


def _batches(corpus: Corpus) -> Iterator[list[Text]]:
    held: list[Text] = []
    size = 0
    for text in corpus.texts:
        if not text.text:
            continue
        held.append(text)
        size += len(text.text)
        if size >= BATCH or len(held) >= BATCH_TEXTS:
            yield held
            held, size = [], 0
    if held:
        yield held


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Texts that are encoded at once, and those of them, by place, that are decoded again."""

    texts: list[Text]
    whole: list[str]
    checked: list[int]
    decoded: Texts  # the texts of `checked`


def _add_batch(spelled: list[TokenBytes], texts: list[Text], done: Counted, threads: int) -> int:
    clock = time.perf_counter()
    places = [done.tally.place(text.label) for text in texts]
    names = done.tally.labels
    for text, (number, _) in zip(texts, places, strict=True):
        name = names[number]
        done.sample.add(name, text)
        if name not in done.paragraphs:
            done.paragraphs[name] = paragraph(text.text)
            if name not in done.labels:
                done.labels[name] = describe_label(name, text.text)
    whole = [text.text for text in texts]
    joined = joined_texts(whole)
    in_bytes = np.diff(joined.begins)
    counts = [(len(text), len(text.split())) for text in whole]
    sizes = np.column_stack([in_bytes, np.array(counts, np.int64)])
    labels, bins = np.array(places, np.int64).reshape(-1, 2).T
    checked = done.checks.choose(labels.tolist(), in_bytes.tolist())
    if len(checked) < len(whole):
        joined = joined_texts([whole[place] for place in checked])
    batch = _Batch(texts, whole, checked, joined)
    done.spent("counting", clock)
    for index, one in enumerate(spelled):
        tokens = _observe(one, batch, index, done, threads)
        clock = time.perf_counter()
        done.tally.add(index, labels, bins, tokens, sizes)
        done.spent("counting", clock)
    done.documents += len(texts)
    size = int(in_bytes.sum())
    done.bytes += size
    return size


def _observe(
    spelled: TokenBytes, batch: _Batch, index: int, done: Counted, threads: int
) -> NDArray[np.int64]:
    """Tokens of each text, -1 where encoding failed."""
    tokenizer, observed = spelled.tokenizer, done.observed[index]
    clock = time.perf_counter()
    failed: set[int] = set()
    try:
        ids, starts = tokenizer.encode_batch(batch.whole, specials="text", threads=threads)
    except Exception:  # a tokenizer that fails on one text still encodes the others
        ids, starts, failed = _one_by_one(tokenizer, batch.texts, observed)
    after = done.spent(ENCODING, clock)
    observed.seconds += after - clock
    count_ids(ids, observed.histogram)
    tokens = np.diff(starts.astype(np.int64))
    after = done.spent("counting", after)
    _check(spelled, batch, ids, tokens, failed, observed)
    done.spent("round trips", after)
    tokens[list(failed)] = -1
    return tokens


def _check(
    spelled: TokenBytes,
    batch: _Batch,
    ids: NDArray[np.uint32],
    tokens: NDArray[np.int64],
    failed: set[int],
    observed: Observed,
) -> None:
    """Decode the chosen texts of a batch, but for those that could not be encoded."""
    chosen, decoded = batch.checked, batch.decoded
    if failed:
        chosen = [place for place in chosen if place not in failed]
        decoded = joined_texts([batch.whole[place] for place in chosen])
    if not chosen:
        return
    if len(chosen) < len(tokens):
        kept = np.zeros(len(tokens), dtype=bool)
        kept[chosen] = True
        ids, tokens = ids[np.repeat(kept, tokens)], tokens[kept]
    altered = spelled.altered(decoded, ids, np.concatenate([[0], np.cumsum(tokens)]))
    observed.checked += len(chosen)
    observed.changed += int(altered.sum())
    room = EXAMPLES - len(observed.changed_in)
    found = np.flatnonzero(altered)[:room]
    observed.changed_in += [batch.texts[chosen[at]].where for at in found.tolist()]


def _one_by_one(
    tokenizer: Tokenizer, texts: list[Text], observed: Observed
) -> tuple[NDArray[np.uint32], NDArray[np.uint64], set[int]]:
    """Ids and where each text begins in them, none for the texts that fail; and which these are."""
    failed: set[int] = set()
    parts: list[NDArray[np.uint32]] = []
    for place, text in enumerate(texts):
        try:
            parts.append(tokenizer.encode(text.text, specials="text"))
        except Exception as error:
            parts.append(np.empty(0, np.uint32))
            failed.add(place)
            observed.failed += 1
            if len(observed.failures) < EXAMPLES:
                known = isinstance(error, TokenworksError)
                reason = str(error) if known else f"{type(error).__name__}: {error}"
                observed.failures.append(Failure(text.where, reason))
    starts = np.cumsum([0, *map(len, parts)], dtype=np.uint64)
    return np.concatenate(parts), starts, failed


def paragraph(text: str) -> str:
    """The first lines of a text that make a paragraph to look at."""
    found = ""
    for line in text.strip()[: 4 * PARAGRAPH].splitlines():
        found = f"{found}\n{line.strip()}".strip()
        if len(found) >= PARAGRAPH // 3:
            break
    if len(found) <= PARAGRAPH:
        return found
    cut = found.rfind(" ", PARAGRAPH // 2, PARAGRAPH)
    return found[: cut if cut > 0 else PARAGRAPH] + "…"
