"""The symbols that byte pair encoding starts from: bytes, or characters as pieces of a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer.definition import Bpe

NO_SYMBOL = 0xFFFFFFFF  # nothing merges across it
_CODES = 0x110000


@dataclass(frozen=True)
class Alphabet:
    """How a BPE model spells a word before its first merge. Symbols are piece indices."""

    model: Bpe

    @cached_property
    def index_of(self) -> dict[bytes, int]:
        """Piece bytes to piece index; the first of duplicates, and none that no text produces."""
        table: dict[bytes, int] = {}
        outside = self.model.outside_map | self.model.user_defined
        for index, piece in enumerate(self.model.pieces):
            if not outside or int(self.model.ids[index]) not in outside:
                table.setdefault(piece, index)
        return table

    @cached_property
    def _bytes(self) -> NDArray[np.uint32]:
        table = [self.index_of.get(bytes((byte,)), NO_SYMBOL) for byte in range(256)]
        return np.array(table, dtype=np.uint32)

    @cached_property
    def _characters(self) -> NDArray[np.uint32]:
        """[stands first, stands last, code point]; one table where the place does not matter."""
        prefix = self.model.continuing_subword_prefix
        suffix = self.model.end_of_word_suffix
        tables = np.full((2, 2, _CODES), NO_SYMBOL, dtype=np.uint32)
        for piece, index in self.index_of.items():
            try:
                text = piece.decode("utf-8")
            except UnicodeDecodeError:
                continue
            for first in (0, 1):
                for last in (0, 1):
                    head = "" if first else prefix
                    tail = suffix if last else ""
                    fits = len(text) == len(head) + 1 + len(tail)
                    if fits and text.startswith(head) and text.endswith(tail):
                        tables[first, last, ord(text[len(head)])] = index
        return tables

    def spell(
        self, text: NDArray[np.uint8], starts: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Words as symbols.

        Args:
            text: the words end to end. starts: uint64 [n + 1].

        Returns:
            Symbols, uint32, with NO_SYMBOL where a byte or character is no piece, and where each
            word begins, uint64 [n + 1].
        """
        if self.model.byte_level:
            return self._bytes[text], starts
        points, begins = code_points(text, starts)
        first = np.zeros(len(points), dtype=np.intp)
        last = np.zeros(len(points), dtype=np.intp)
        filled = begins[1:] > begins[:-1]
        first[begins[:-1][filled].astype(np.int64)] = 1
        last[begins[1:][filled].astype(np.int64) - 1] = 1
        return self._characters[first, last, points], begins

    def spell_piece(self, index: int) -> list[int] | None:
        """The symbols that merging makes this piece of; None if one of them is no piece."""
        piece = self.model.pieces[index]
        if self.model.byte_level:
            found = self._bytes[np.frombuffer(piece, dtype=np.uint8)].tolist()
            return None if NO_SYMBOL in found else found
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError:
            return None
        prefix, suffix = self.model.continuing_subword_prefix, self.model.end_of_word_suffix
        inner = bool(prefix) and text.startswith(prefix)
        ends = bool(suffix) and text.endswith(suffix)
        text = text[len(prefix) if inner else 0 : len(text) - (len(suffix) if ends else 0)]
        symbols = []
        for at, char in enumerate(text):
            first, last = int(at == 0 and not inner), int(at == len(text) - 1 and ends)
            symbols.append(int(self._characters[first, last, ord(char)]))
        return None if NO_SYMBOL in symbols else symbols


def code_points(
    text: NDArray[np.uint8], starts: NDArray[np.uint64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Words of UTF-8 as code points, uint32, and where each word begins, uint64 [n + 1]."""
    points = np.frombuffer(
        text.tobytes().decode("utf-8", "replace").encode("utf-32-le"), dtype=np.uint32
    )
    leads = (text & 0xC0) != 0x80
    before = np.zeros(len(text) + 1, dtype=np.uint64)
    np.cumsum(leads, out=before[1:])
    if before[-1] != len(points):  # a word was cut inside a character: its bytes count one by one
        return _code_points_by_word(text, starts)
    return points, before[starts.astype(np.int64)]


def _code_points_by_word(
    text: NDArray[np.uint8], starts: NDArray[np.uint64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    data, edges = text.tobytes(), starts.tolist()
    words = [data[begin:end].decode("utf-8", "replace") for begin, end in pairwise(edges)]
    begins = np.zeros(len(words) + 1, dtype=np.uint64)
    np.cumsum([len(word) for word in words], out=begins[1:])
    return np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32), begins
