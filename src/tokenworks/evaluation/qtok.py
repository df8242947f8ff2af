"""What a vocabulary is made of (Qtok): categories, scripts, and what tokenizers share.

The paper's coverage, completeness and distribution are tables of counts, not one score; so are they
here. Works on vocabularies alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.data.udhr import declarations
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.row import Direction, Kind, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.token_characters import CharacterTable, TokenCharacters
from tokenworks.evaluation.tokens_on_text import spelled_tokens
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

CATEGORIES = (
    *("letter", "symbol", "byte"),  # tokens of one character, or of one byte that is none
    *("spaced letters", "spaced other", "inner letters", "inner other"),
    *("partial characters", "control"),
)
# First words of the Unicode names of letters that are taken for scripts.
SCRIPTS = tuple(
    " ".join(
        (
            "ADLAM ARABIC ARMENIAN BALINESE BAMUM BATAK BENGALI BOPOMOFO BUGINESE BUHID CANADIAN",
            "CHAKMA CHAM CHEROKEE CJK COPTIC CYRILLIC DEVANAGARI ETHIOPIC GEORGIAN GLAGOLITIC",
            "GOTHIC GREEK GUJARATI GURMUKHI HANGUL HANUNOO HEBREW HIRAGANA JAVANESE KANNADA",
            "KATAKANA KAYAH KHMER LAO LATIN LEPCHA LIMBU LISU MALAYALAM MANDAIC MEETEI MONGOLIAN",
            "MYANMAR NEW NKO OGHAM OL ORIYA OSMANYA PHAGS-PA REJANG RUNIC SAMARITAN SAURASHTRA",
            "SINHALA SUNDANESE SYLOTI SYRIAC TAGALOG TAGBANWA TAI TAMIL TELUGU THAANA THAI TIBETAN",
            "TIFINAGH VAI VEDIC YI",
        )
    ).split()
)
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*")
_CONTROL = re.compile(r"<[^<>\s]+>|\[[A-Z][A-Z0-9_]*\]")
_HTML = re.compile(
    r"</?(a|b|br|body|code|div|em|form|h[1-6]|head|hr|html|i|img|input|label|li|link|meta|ol|option|p"
    r"|pre|script|section|span|strong|style|table|tbody|td|th|title|tr|u|ul)/?>",
    re.IGNORECASE,
)


@method(
    "evaluation",
    "qtok",
    paper="arXiv:2410.12989",
    year=2024,
    summary="Categories and scripts of a vocabulary; tokens shared with other tokenizers or unique.",
    fidelity="adapted",
)
def qtok(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: object = None,
    *,
    core: float = 0.9,
    words: Mapping[str, frozenset[str]] | None = None,
) -> list[Row]:
    """Count what vocabularies hold.

    Inputs/outputs: `samples` are not used. Rows `vocabulary_size`; per category `category_tokens` and
    `category_share`; per script `script_tokens` and `script_share` (tokens whose every character
    has a name of that script); `scripts_covered`; `begins_with_space` and `whole_characters`
    (percent); with several tokenizers `core_share` (percent held of the tokens that at least `core`
    of the tokenizers have) and `singletons` (percent of its tokens that no other has). Per language
    `language_words` (words of the language, of two letters or more, that a token spells in some case) and
    `language_words_alone` (of those, words of no other language): `words` by language, lower case;
    those of the Universal Declaration in languages of Latin and Cyrillic letters where left out.
    Cost: a look at every token. Deviations: a token stands in one category only (the reference also
    counts spaced letters as "other"); the reference attributes by dictionaries, so that its counts are
    greater than those by the words of one text. Raises: nothing.
    """
    spelled = list(spelled_tokens(tokenizers, samples))
    names = [name for name, _ in spelled]
    rows: list[Row] = []
    sets = []
    for name, tokens in spelled:
        special = np.isin(tokens.known, list(tokens.tokenizer.specials.values()))
        rows.extend(_of_vocabulary(name, tokens.spelled, special))
        sets.append(frozenset(compress(tokens.spelled, ~special)))
    if len(sets) > 1:
        rows.extend(_shared(names, sets, core))
    known = _declared_words() if words is None else words_of(words)
    for name, one in zip(names, sets, strict=True):
        rows.extend(_by_language(name, one, known))
    return rows


@dataclass(frozen=True, slots=True)
class Word:
    """A word as vocabularies may spell it, and the languages that have it."""

    spellings: tuple[bytes, ...]
    languages: tuple[str, ...]


def words_of(words: Mapping[str, frozenset[str]]) -> tuple[Word, ...]:
    """The words of languages, lower case, each with its capitals, and with a space before it."""
    found: dict[str, list[str]] = {}
    for language in sorted(words):
        for word in words[language]:
            found.setdefault(word, []).append(language)
    return tuple(Word(_spellings(word), tuple(languages)) for word, languages in found.items())


def _spellings(word: str) -> tuple[bytes, ...]:
    cases = dict.fromkeys((word, word[:1].upper() + word[1:], word.upper()))
    return tuple(f"{space}{case}".encode() for case in cases for space in (" ", ""))


@cache
def _declared_words() -> tuple[Word, ...]:
    """The words of the Universal Declaration in languages of Latin and Cyrillic letters."""
    return words_of(
        {
            one.language: frozenset(_WORD.findall(one.text.lower()))
            for one in declarations()
            if one.script in ("Latin", "Cyrillic")
        }
    )


def categorized(
    tokens: Sequence[bytes], special: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """The categories of tokens, and the scripts of those whose every character is of one.

    Args:
        tokens: their bytes. special: which are special tokens, bool [n]; none where left out.

    Returns:
        Numbers of `CATEGORIES`, int64 [n], and of `SCRIPTS` plus 1, uint16 [n], 0 for none.
    """
    found = TokenCharacters.of(tokens)
    first = found.points[found.starts] if len(tokens) else found.points[:0]
    spaced = (first == ord(" ")) & (found.lengths > 1)
    numbers = _script_numbers(found.points)
    inside = numbers + np.uint16(1)
    inside[found.starts[spaced]] = 0  # the space before a word
    greatest = found.greatest(inside)
    least = found.least(np.where(inside == 0, np.uint16(0xFFFF), inside))
    control = (found.lengths == 0) | (False if special is None else special)
    for number in np.flatnonzero((first == ord("<")) | (first == ord("["))).tolist():
        control[number] |= not found.partial[number] and _is_control(tokens[number].decode())
    of_script = (least == greatest) & ~control & ~found.partial
    scripts = np.where(of_script, greatest - 1, 0).astype(np.uint16)
    alone = (found.lengths == 1) & ~spaced
    letters = scripts > 0
    tests = [
        found.partial & (found.lengths == 1),
        found.partial,
        control,
        alone & letters,
        alone,
        spaced & letters,
        spaced,
        letters,
    ]
    kinds = ("byte", "partial characters", "control", "letter", "symbol", "spaced letters")
    names = (*kinds, "spaced other", "inner letters", "inner other")
    category = np.select(tests, range(len(tests)), len(tests))
    return np.array([CATEGORIES.index(name) for name in names])[category], scripts


def _is_control(text: str) -> bool:
    return bool(_CONTROL.fullmatch(text)) and not _HTML.fullmatch(text)


def _script_number(character: str) -> int:
    return _NUMBER_OF_SCRIPT.get(unicodedata.name(character, "").partition(" ")[0], 0)


_NUMBER_OF_SCRIPT = {name: number for number, name in enumerate(SCRIPTS, 1)}
_script_numbers = CharacterTable(_script_number)


def _row(
    name: str,
    metric: str,
    value: float,
    unit: str,
    n: int,
    kind: Kind = "all",
    group: str = "",
    direction: Direction = "none",
) -> Row:
    return Row(name, metric, kind, group, float(value), None, None, unit, direction, n)


def _of_vocabulary(name: str, tokens: Sequence[bytes], special: NDArray[np.bool_]) -> Iterator[Row]:
    total = len(tokens)
    kinds, numbers = categorized(tokens, special)
    counts = np.bincount(kinds, minlength=len(CATEGORIES)).tolist()
    categories = dict(zip(CATEGORIES, counts, strict=True))
    held = np.bincount(numbers, minlength=len(SCRIPTS) + 1)[1:].tolist()
    scripts = {name: count for name, count in zip(SCRIPTS, held, strict=True) if count}
    yield _row(name, "vocabulary_size", total, "tokens", total)
    for kind in CATEGORIES:
        count = categories[kind]
        yield _row(name, "category_tokens", count, "tokens", total, "category", kind)
        yield _row(name, "category_share", 100 * count / total, "%", total, "category", kind)
    for script, count in sorted(scripts.items()):
        yield _row(name, "script_tokens", count, "tokens", total, "script", script.title())
        yield _row(name, "script_share", 100 * count / total, "%", total, "script", script.title())
    yield _row(name, "scripts_covered", len(scripts), "scripts", total, direction="higher")
    spaced = sum(spelled[:1] == b" " for spelled in tokens)
    yield _row(name, "begins_with_space", 100 * spaced / total, "%", total)
    whole = total - categories["partial characters"] - categories["byte"]
    yield _row(name, "whole_characters", 100 * whole / total, "%", total, direction="higher")


def _by_language(name: str, found: frozenset[bytes], words: Sequence[Word]) -> Iterator[Row]:
    held: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for word in words:
        if not found.isdisjoint(word.spellings):
            held.update(word.languages)
            if len(word.languages) == 1:
                alone[word.languages[0]] += 1
    if not found:
        return
    for language in sorted({language for word in words for language in word.languages}):
        own, only = held[language], alone[language]
        yield _row(name, "language_words", own, "tokens", len(found), "language", language)
        yield _row(name, "language_words_alone", only, "tokens", len(found), "language", language)


def _shared(names: Sequence[str], sets: Sequence[frozenset[bytes]], core: float) -> Iterator[Row]:
    hits = Counter(chain.from_iterable(sets))
    shared = {spelled for spelled, count in hits.items() if count >= core * len(sets)}
    single = {spelled for spelled, count in hits.items() if count == 1}
    for name, one in zip(names, sets, strict=True):
        n = len(one)
        if shared:
            share = 100 * len(shared & one) / len(shared)
            yield _row(name, "core_share", share, "%", len(shared))
        if n:
            yield _row(name, "singletons", 100 * len(single & one) / n, "%", n)
