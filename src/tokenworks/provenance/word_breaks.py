"""Where training never merged, read from the vocabulary: between scripts, digits, before U+2581.

A SentencePiece model does not say how its trainer cut text into words, but its pieces do: where none
of them spans a change of script, no merge ever did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.provenance.alphabet import NO_SYMBOL

MARKER = "▁"
_RARE = 0.005  # of the pieces that could show otherwise; a few come from elsewhere
_FEW = 20  # pieces that could show it; with fewer nothing is concluded

_SCRIPTS = (
    *("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Bengali", "Thai", "Hangul"),
    *("Armenian", "Georgian", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi"),
    *("Sinhala", "Myanmar", "Khmer", "Lao", "Tibetan", "Ethiopic", "Mongolian", "Oriya", "Thaana"),
    *("Cherokee", "Syriac", "Canadian_Aboriginal", "Coptic", "Gothic", "Runic", "Tifinagh"),
)
# SentencePiece takes kana and Han for one script.
_CLASSES = (
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]",
    r"\p{Nd}",
    *(rf"\p{{Script={name}}}" for name in _SCRIPTS),
)
_COMMON, _FOLLOWS, _UNSEEN = 250, 254, 255  # any other; joins what stands before; not looked up yet
_table = np.full(0x110000, _UNSEEN, dtype=np.uint8)
_DIGITS = 1


@dataclass(frozen=True, slots=True)
class WordBreaks:
    """What training cut, apart from the pretokenizer.

    marker: words begin with (runs of) U+2581. scripts: at changes of script, digits and other
    characters among them. digits: each digit is a word.
    """

    marker: bool = False
    scripts: bool = False
    digits: bool = False

    def cut(
        self,
        points: NDArray[np.uint32],
        symbols: NDArray[np.uint32],
        starts: NDArray[np.uint64],
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """The words with NO_SYMBOL put where training cut: symbols and starts anew."""
        if not (self.scripts or self.digits) or not len(points):
            return symbols, starts
        cuts = np.flatnonzero(self._between(points)) + 1
        kept = ~np.isin(cuts, starts.astype(np.int64))
        cuts = cuts[kept]
        moved = np.searchsorted(cuts, starts.astype(np.int64), side="left").astype(np.uint64)
        return np.insert(symbols, cuts, NO_SYMBOL), starts + moved

    def _between(self, points: NDArray[np.uint32]) -> NDArray[np.bool_]:
        kinds = _kinds(points)
        before, after = kinds[:-1], kinds[1:]
        cut = np.zeros(len(before), dtype=bool)
        if self.scripts:
            marker = np.uint32(ord(MARKER))
            cut |= (before != after) & (points[:-1] != marker)
        if self.digits:
            cut |= (before == _DIGITS) & (after == _DIGITS)
        return cut


def read_word_breaks(pieces: Sequence[bytes], byte_level: bool) -> WordBreaks:
    """What the pieces say. Byte-level vocabularies say how text is split; nothing is added to that."""
    if byte_level:
        return WordBreaks()
    texts = [piece.decode("utf-8", "replace") for piece in pieces]
    marked = [text for text in texts if MARKER in text and text.strip(MARKER)]
    inner = sum(MARKER in text.lstrip(MARKER) for text in marked)
    bare = [body for text in texts if len(body := text.lstrip(MARKER)) > 1]
    mixed = digits = with_digits = 0
    for body in bare:
        kinds = _kinds(np.frombuffer(body.encode("utf-32-le"), dtype=np.uint32))
        mixed += bool((kinds[1:] != kinds[:-1]).any())
        with_digits += bool((kinds == _DIGITS).any())
        digits += bool(((kinds[1:] == _DIGITS) & (kinds[:-1] == _DIGITS)).any())
    return WordBreaks(
        marker=len(marked) >= _FEW and inner <= _RARE * len(marked),
        scripts=len(bare) >= _FEW and mixed <= _RARE * len(bare),
        digits=len(bare) >= 50 * _FEW and digits <= _RARE * max(with_digits, 1),
    )


def _kinds(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The class of each character; marks that take any script have that of the one before."""
    found = _table[points]
    if len(found) and (found == _UNSEEN).any():
        for point in np.unique(points[found == _UNSEEN]).tolist():
            _table[point] = _kind_of(chr(point))
        found = _table[points]
    if not (found == _FOLLOWS).any():
        return found
    at = np.where(found == _FOLLOWS, 0, np.arange(len(found)))
    return np.asarray(found[np.maximum.accumulate(at)])


def _kind_of(character: str) -> int:
    if regex.match(r"\p{Script=Inherited}", character):
        return _FOLLOWS
    for number, pattern in enumerate(_CLASSES):
        if regex.match(pattern, character):
            return number
    return _COMMON
