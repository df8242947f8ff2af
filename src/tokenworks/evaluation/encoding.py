"""One pass over samples: tokenize batches with every tokenizer and keep the figures."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.encoded import Cell, Encoded, Failure, distinct_names
from tokenworks.evaluation.histograms import BLOCKS, Histograms
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.scripts import main_scripts
from tokenworks.evaluation.tokens_on_text import Laid, Texts, TokenBytes
from tokenworks.evaluation.words import (
    Words,
    byte_positions,
    code_points,
    unicode_words,
    whitespace_words,
)
from tokenworks.tokenizer.text_policy import whole_text

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Ints = NDArray[np.int64]

BATCH = 1 << 20  # characters tokenized at a time; longer documents are tokenized in such pieces
EXCERPTS, EXCERPT = 8, 1000  # kept per cell, and characters of each


def encode_samples(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample],
    threads: int,
    advance: Callable[[int], None],
) -> Encoded:
    """Tokenize a stream of samples; see `Encoded.of`."""
    counting = _Pass(tokenizers, threads)
    for batch in _batches(samples):
        advance(counting.add(batch))
    return counting.result()


class _Pass:
    """What has been found so far, as one array per batch."""

    def __init__(self, tokenizers: Sequence[Tokenizer], threads: int) -> None:
        self.tokenizers = tuple(tokenizers)
        self.names = distinct_names(tokenizers)
        self.threads = threads
        self.token_bytes = tuple(TokenBytes(one) for one in tokenizers)
        self.histograms = tuple(Histograms(one.max_id_plus_one) for one in tokenizers)
        self.seconds: dict[str, float] = defaultdict(float)
        self.cells: dict[Cell, int] = {}
        self.sizes: list[int] = []  # documents of each cell so far
        self.cell_of: list[int] = []
        self.place_of: list[int] = []  # cell * BLOCKS + block of each document
        self.owners: list[Ints] = []  # the document of each piece
        self.text_figures: list[Ints] = []  # [4, pieces]
        self.token_figures: list[Ints] = []  # [T, 5, pieces]
        self.failures: list[Failure] = []
        self.failed: set[int] = set()
        self.excerpts: list[list[Sample]] = []

    def add(self, batch: list[tuple[int, str, Sample]]) -> int:
        """Measure a batch of (document, piece of its text, sample); returns its bytes."""
        clock = time.perf_counter()
        texts = [text for _, text, _ in batch]
        owner = np.array([document for document, _, _ in batch], dtype=np.int64)
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        points = code_points("\n".join(texts))  # the line ends keep words of two texts apart
        starts = np.concatenate([[0], np.cumsum(lengths + 1)])
        positions = byte_positions(points)
        self._label(batch, points, lengths)
        n = len(texts)
        begins = positions[np.minimum(starts, len(points))] - np.arange(n + 1)
        begins[-1] += 1  # no line end after the last
        laid_out = Texts(texts, np.frombuffer("".join(texts).encode(), np.uint8), begins)
        spaced = _placed(whitespace_words(points, positions), positions[starts[:-1]])
        unicode = _placed(unicode_words(points, positions), positions[starts[:-1]])
        counts = [np.bincount(words.text, minlength=n) for words in (spaced, unicode)]
        self.seconds["words"] += time.perf_counter() - clock
        figures = np.zeros((len(self.tokenizers), 5, n), dtype=np.int64)
        found = [self._encode(number, batch, laid_out) for number in range(len(self.tokenizers))]
        clock = time.perf_counter()
        for number, (ids, id_starts) in enumerate(found):
            laid = self.token_bytes[number].lay(laid_out, ids, id_starts)
            figures[number] = self._figures(number, laid, owner, (spaced, unicode))
        self.seconds["figures"] += time.perf_counter() - clock
        self.owners.append(owner)
        self.text_figures.append(np.stack([np.diff(begins), lengths, *counts]))
        self.token_figures.append(figures)
        return len(laid_out.data)

    def _label(
        self, batch: list[tuple[int, str, Sample]], points: NDArray[np.uint32], lengths: Ints
    ) -> None:
        piece = np.repeat(np.arange(len(batch)), lengths + 1)[: len(points)]
        scripts = main_scripts(points, piece, len(batch))
        for (document, text, sample), script in zip(batch, scripts, strict=True):
            if document < len(self.cell_of):
                continue  # a later piece of a long document
            number = self.cells.setdefault(
                Cell(sample.language, sample.domain, script), len(self.cells)
            )
            if number == len(self.sizes):
                self.sizes.append(0)
                self.excerpts.append([])
            self.cell_of.append(number)
            self.place_of.append(number * BLOCKS + self.sizes[number] % BLOCKS)
            self.sizes[number] += 1
            if len(self.excerpts[number]) < EXCERPTS and text.strip():
                self.excerpts[number].append(
                    Sample(text[:EXCERPT], sample.source, sample.language, sample.domain)
                )

    def _encode(
        self, number: int, batch: list[tuple[int, str, Sample]], texts: Texts
    ) -> tuple[NDArray[np.uint32], Ints]:
        tokenizer = self.tokenizers[number]
        clock = time.perf_counter()
        try:
            ids, starts = tokenizer.encode_batch(texts.texts, specials="text", threads=self.threads)
        except Exception:  # a tokenizer that fails on one text must not end the comparison
            ids, starts = self._encode_singly(number, batch)
        self.seconds["encoding"] += time.perf_counter() - clock
        return ids, starts.astype(np.int64)

    def _encode_singly(
        self, number: int, batch: list[tuple[int, str, Sample]]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        parts = [np.empty(0, np.uint32)]
        for document, text, sample in batch:
            try:
                parts.append(self.tokenizers[number].encode(text, specials="text"))
            except Exception as error:
                parts.append(np.empty(0, np.uint32))
                if document not in self.failed:
                    self.failed.add(document)
                    reason = str(error) or type(error).__name__
                    self.failures.append(
                        Failure(self.names[number], sample.source, sample.language, reason)
                    )
        starts = np.cumsum([len(part) for part in parts], dtype=np.uint64)
        return np.concatenate(parts), starts

    def _figures(
        self, number: int, laid: Laid, owner: Ints, words: tuple[_Placed, _Placed]
    ) -> Ints:
        n = len(owner)
        tokens = np.diff(laid.starts)
        places = np.array(self.place_of, dtype=np.int64)[owner]
        if self.failed:
            places[np.isin(owner, list(self.failed))] = -1
        place = np.repeat(places, tokens)
        kept = place >= 0
        ids = laid.ids
        self.histograms[number].add(ids[kept], place[kept])
        unknown = np.zeros(n, dtype=np.int64)
        unknown_id = self.token_bytes[number].unknown_id
        if unknown_id is not None:
            of = np.repeat(np.arange(n), tokens)
            unknown = np.bincount(of[ids == unknown_id], minlength=n)
        before = np.concatenate([[0], np.cumsum(laid.cut)])  # cuts before each byte
        continued = [
            np.bincount(
                placed.text[before[placed.ends] - before[placed.begins + 1] > 0], minlength=n
            )
            for placed in words
        ]
        return np.stack([tokens, unknown, *continued, laid.altered.astype(np.int64)])

    def result(self) -> Encoded:
        """The figures of documents, pieces summed, those that failed left out."""
        documents = len(self.cell_of)
        owner = np.concatenate([np.empty(0, np.int64), *self.owners])
        kept = np.setdiff1d(np.arange(documents), np.array(sorted(self.failed), dtype=np.int64))

        def by_document(parts: list[Ints], shape: tuple[int, ...]) -> Ints:
            pieces = np.concatenate([np.empty((*shape, 0), np.int64), *parts], axis=-1)
            summed: Ints = np.zeros((*shape, documents), dtype=np.int64)
            for place in np.ndindex(shape):
                np.add.at(summed[place], owner, pieces[place])
            of_kept: Ints = summed[..., kept]
            return of_kept

        text = by_document(self.text_figures, (4,))
        token = by_document(self.token_figures, (len(self.tokenizers), 5))
        return Encoded(
            tokenizers=self.tokenizers,
            names=self.names,
            cells=tuple(self.cells),
            cell=np.array(self.cell_of, dtype=np.int32)[kept],
            bytes=text[0],
            characters=text[1],
            words=text[2],
            unicode_words=text[3],
            tokens=token[:, 0],
            unknown=token[:, 1],
            continued=token[:, 2],
            continued_unicode=token[:, 3],
            altered=token[:, 4] > 0,
            histograms=self.histograms,
            token_bytes=self.token_bytes,
            excerpts=tuple(sample for part in self.excerpts for sample in part),
            failures=tuple(self.failures),
            seconds=dict(self.seconds),
        )


class _Placed:
    """Words as positions in the texts end to end without line ends, with the text of each."""

    def __init__(self, text: Ints, begins: Ints, ends: Ints) -> None:
        self.text, self.begins, self.ends = text, begins, ends


def _placed(words: Words, text_begins: Ints) -> _Placed:
    text = np.searchsorted(text_begins, words.begins, side="right") - 1
    return _Placed(text, words.begins - text, words.ends - text)


def _batches(samples: Iterable[Sample]) -> Iterator[list[tuple[int, str, Sample]]]:
    batch: list[tuple[int, str, Sample]] = []
    size = 0
    for document, sample in enumerate(samples):
        for piece in _pieces(whole_text(sample.text, "replace")):
            batch.append((document, piece, sample))
            size += len(piece) + 1
            if size >= BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of at most BATCH characters, cut at a line end or a space where there is one."""
    begin = 0
    while len(text) - begin > BATCH:
        end = begin + BATCH
        for mark in ("\n", " "):
            found = text.rfind(mark, begin + BATCH // 2, end)
            if found >= 0:
                end = found + (mark == "\n")  # a space goes with the word after it
                break
        yield text[begin:end]
        begin = end
    yield text[begin:]
