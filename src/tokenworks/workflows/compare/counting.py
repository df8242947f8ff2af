"""One pass over a corpus: every text is encoded once by every tokenizer, and only sums are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, TokenworksError
from tokenworks.evaluation.tokens_on_text import TokenBytes, joined_texts
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
    _checked_bytes: int = 0
    _checked_labels: dict[int, int] = field(default_factory=dict)

    def wants(self, label: int, size: int) -> bool:
        """True if the round trip of this document is to be checked; it is then accounted for."""
        of_label = self._checked_labels.get(label, 0)
        if self._checked_bytes >= CHECKED and of_label >= CHECKED_PER_LABEL:
            return False
        self._checked_labels[label] = of_label + size
        self._checked_bytes += size
        return True


@dataclass(slots=True)
class Counted:
    """The sums over a corpus, one paragraph of each label, and an even sample."""

    tally: Tally
    observed: list[Observed]
    labels: dict[str, Label]
    paragraphs: dict[str, str]
    sample: EvenSample
    documents: int
    bytes: int
    seconds: float


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
    began = time.perf_counter()
    tally = Tally(len(tokenizers))
    observed = [Observed(np.zeros(one.max_id_plus_one, np.int64)) for one in tokenizers]
    done = Counted(tally, observed, dict(corpus.labels), {}, EvenSample(), 0, 0, 0.0)
    spelled = [TokenBytes(one) for one in tokenizers]
    for texts in _batches(corpus):
        size = _add_batch(spelled, texts, done, threads)
        advance(size)
    if not done.bytes:
        problems = f"\n{corpus.problems.summary()}" if corpus.problems else ""
        raise FormatError(f"the corpus ({corpus.title}) holds no text{problems}")
    done.seconds = time.perf_counter() - began
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


def _add_batch(spelled: list[TokenBytes], texts: list[Text], done: Counted, threads: int) -> int:
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
    sizes = np.array(
        [(len(text.encode()), len(text), len(text.split())) for text in whole], np.int64
    )
    labels, bins = np.array(places, np.int64).reshape(-1, 2).T
    for index, one in enumerate(spelled):
        tokens = _observe(one, texts, whole, labels, sizes, done.observed[index], threads)
        done.tally.add(index, labels, bins, tokens, sizes)
    done.documents += len(texts)
    size = int(sizes[:, 0].sum())
    done.bytes += size
    return size


def _observe(
    spelled: TokenBytes,
    texts: list[Text],
    whole: list[str],
    labels: NDArray[np.int64],
    sizes: NDArray[np.int64],
    observed: Observed,
    threads: int,
) -> NDArray[np.int64]:
    """Tokens of each text, -1 where encoding failed."""
    tokenizer = spelled.tokenizer
    began = time.perf_counter()
    good = list(range(len(texts)))
    try:
        ids, starts = tokenizer.encode_batch(whole, specials="text", threads=threads)
    except Exception:  # a tokenizer that fails on one text still encodes the others
        good, ids, starts = _one_by_one(tokenizer, texts, observed)
    observed.seconds += time.perf_counter() - began
    counts = np.bincount(ids, minlength=len(observed.histogram))
    observed.histogram += counts[: len(observed.histogram)]
    borders = starts.astype(np.int64)
    tokens = np.full(len(texts), -1, np.int64)
    tokens[good] = np.diff(borders)
    wanted = [
        place
        for place, number in enumerate(good)
        if observed.wants(int(labels[number]), int(sizes[number, 0]))
    ]
    if wanted:
        parts = [ids[borders[place] : borders[place + 1]] for place in wanted]
        edges = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=edges[1:])
        chosen = [good[place] for place in wanted]
        batch = joined_texts([whole[number] for number in chosen])
        altered = spelled.altered(batch, np.concatenate(parts), edges)
        observed.checked += len(wanted)
        observed.changed += int(altered.sum())
        room = EXAMPLES - len(observed.changed_in)
        found = np.flatnonzero(altered)[:room]
        observed.changed_in += [texts[chosen[at]].where for at in found.tolist()]
    return tokens


def _one_by_one(
    tokenizer: Tokenizer, texts: list[Text], observed: Observed
) -> tuple[list[int], NDArray[np.uint32], NDArray[np.uint64]]:
    good: list[int] = []
    parts: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    for number, text in enumerate(texts):
        try:
            parts.append(tokenizer.encode(text.text, specials="text"))
        except Exception as error:
            observed.failed += 1
            if len(observed.failures) < EXAMPLES:
                known = isinstance(error, TokenworksError)
                reason = str(error) if known else f"{type(error).__name__}: {error}"
                observed.failures.append(Failure(text.where, reason))
        else:
            good.append(number)
    starts = np.cumsum([len(part) for part in parts], dtype=np.uint64)
    return good, np.concatenate(parts), starts


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
