"""Vectors of words in one language, of tokens as parts of words, and the map between two languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.alignment import align
from tokenworks.transplant.embeddings import Floats
from tokenworks.transplant.pieces import pieces_of
from tokenworks.transplant.spectral_vectors import spectral_vectors

_LEAST = 3  # occurrences of a word
_DICTIONARY = 2.0  # expected alignments of a pair of words that makes it an entry
_PUNCTUATION = ".,;:!?\"'()[]{}«»„“”‘’—–…"

Pairs = Sequence[tuple[str, str]]


class WordVectors:
    """The words of some texts, their counts, and a vector of each (float32 [words, dimensions])."""

    def __init__(self, texts: Sequence[str], *, dimensions: int = 100) -> None:
        split = [words_of(text) for text in texts]
        counts = Counter(word for words in split for word in words)
        self.words = [word for word, count in counts.items() if count >= _LEAST]
        self.number = {word: number for number, word in enumerate(self.words)}
        self.counts = np.array([counts[word] for word in self.words], np.float64)
        known = [
            np.array([self.number.get(word, -1) for word in words], np.int64) for words in split
        ]
        self.vectors = spectral_vectors(
            known, len(self.words), dimensions=dimensions, min_count=_LEAST
        )

    def of_tokens(self, tokenizer: Tokenizer) -> Floats:
        """The mean of the vectors of the words that a token is part of, by how often they occur.

        Returns:
            float32 [ids, dimensions]; zeros for tokens that are part of no word.
        """
        spelled = [form.encode() for word in self.words for form in (" " + word, word)]
        ids, starts = pieces_of(tokenizer, spelled)
        word = np.repeat(np.arange(len(spelled)) // 2, np.diff(starts))
        total = np.zeros((tokenizer.max_id_plus_one, self.vectors.shape[1]))
        weight = np.zeros(tokenizer.max_id_plus_one)
        np.add.at(total, ids, self.counts[word, None] * self.vectors[word])
        np.add.at(weight, ids, self.counts[word])
        found: Floats = (total / np.maximum(weight, 1)[:, None]).astype(np.float32)
        return found


def words_of(text: str) -> list[str]:
    """Words between white space, without punctuation around them."""
    stripped = (word.strip(_PUNCTUATION) for word in text.split())
    return [word for word in stripped if word]


def dictionary_of(parallel: Pairs) -> list[tuple[str, str]]:
    """Words that translate each other in translated sentences."""
    numbers: tuple[dict[str, int], dict[str, int]] = ({}, {})
    sentences = []
    for pair in parallel:
        sides = [
            np.array([known.setdefault(word, len(known)) for word in words_of(text)], np.int64)
            for known, text in zip(numbers, pair, strict=True)
        ]
        sentences.append((sides[0], sides[1]))
    found = align(sentences, least=_DICTIONARY)
    first, second = (list(known) for known in numbers)
    best = np.flatnonzero(np.diff(found.target, prepend=-1))  # the likeliest of each target word
    return [(first[int(found.source[at])], second[int(found.target[at])]) for at in best]


def orthogonal_map(old: WordVectors, new: WordVectors, dictionary: Pairs) -> tuple[Floats, int]:
    """The rotation that brings the old words of a dictionary nearest to their translations.

    Args:
        old, new: of the two languages.
        dictionary: pairs of words, tried as they are, in lower case and capitalised.

    Returns:
        The map, float32 [dimensions, dimensions], and how many entries it rests on.
    """
    left, right = [], []
    for one, two in dictionary:
        for form in (str, str.lower, str.title):
            first, second = old.number.get(form(one)), new.number.get(form(two))
            if first is not None and second is not None:
                left.append(old.vectors[first])
                right.append(new.vectors[second])
    if not left:
        return np.eye(old.vectors.shape[1], dtype=np.float32), 0
    u, _, v = np.linalg.svd(np.array(left, np.float64).T @ np.array(right, np.float64))
    rotation: Floats = (u @ v).astype(np.float32)
    return rotation, len(left)
