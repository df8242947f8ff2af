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
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tokenworks.data.udhr import declarations
from tokenworks.evaluation.encoded import Encoded, distinct_names
from tokenworks.evaluation.row import Direction, Kind, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

CATEGORIES = (
    *("letter", "symbol", "byte"),  # tokens of one character, or of one byte that is none
    *("spaced letters", "spaced other", "inner letters", "inner other"),
    *("partial characters", "control"),
)
# First words of the Unicode names of letters that are taken for scripts.
SCRIPTS = frozenset(
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
    names = samples.names if isinstance(samples, Encoded) else distinct_names(tokenizers)
    vocabularies = [vocabulary(tokenizer) for tokenizer in tokenizers]
    rows: list[Row] = []
    for name, found in zip(names, vocabularies, strict=True):
        rows.extend(_of_vocabulary(name, found))
    sets = [frozenset(spelled for spelled, special in one if not special) for one in vocabularies]
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


def vocabulary(tokenizer: Tokenizer) -> list[tuple[bytes, bool]]:
    """Every token's bytes, and whether it is special; ids without a token are none."""
    special = set(tokenizer.specials.values())
    numbers = {
        *tokenizer.definition.model.ids.tolist(),
        *(t.id for t in tokenizer.definition.added),
    }
    return [(tokenizer.token_bytes(number), number in special) for number in sorted(numbers)]


def category(spelled: bytes, special: bool = False) -> tuple[str, str | None]:
    """The category of a token, one of `CATEGORIES`, and its script where all of it is of one."""
    if not special:  # most tokens of most vocabularies are ASCII letters, which bytes can tell
        after_space = spelled[:1] == b" "
        letters = spelled[1:] if after_space else spelled
        if len(letters) > 1 and letters.isalpha():
            return ("spaced letters" if after_space else "inner letters"), "LATIN"
    try:
        text = spelled.decode()
    except UnicodeDecodeError:
        return ("byte" if len(spelled) == 1 else "partial characters"), None
    if special or (_CONTROL.fullmatch(text) and not _HTML.fullmatch(text)) or not text:
        return "control", None
    spaced = text[0] == " " and len(text) > 1
    body = text[1:] if spaced else text
    scripts = {_script(character) for character in body}
    script = scripts.pop() if len(scripts) == 1 else None
    if len(body) == 1 and not spaced:
        return ("letter" if script else "symbol"), script
    place = "spaced" if spaced else "inner"
    return f"{place} {'letters' if script else 'other'}", script


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str | None:
    first = unicodedata.name(character, "").partition(" ")[0]
    return first if first in SCRIPTS else None


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


def _of_vocabulary(name: str, found: Sequence[tuple[bytes, bool]]) -> Iterator[Row]:
    total = len(found)
    sorted_tokens = [category(spelled, special) for spelled, special in found]
    categories = Counter(kind for kind, _ in sorted_tokens)
    scripts = Counter(script for _, script in sorted_tokens if script)
    yield _row(name, "vocabulary_size", total, "tokens", total)
    for kind in CATEGORIES:
        count = categories[kind]
        yield _row(name, "category_tokens", count, "tokens", total, "category", kind)
        yield _row(name, "category_share", 100 * count / total, "%", total, "category", kind)
    for script, count in sorted(scripts.items()):
        yield _row(name, "script_tokens", count, "tokens", total, "script", script.title())
        yield _row(name, "script_share", 100 * count / total, "%", total, "script", script.title())
    yield _row(name, "scripts_covered", len(scripts), "scripts", total, direction="higher")
    spaced = sum(spelled[:1] == b" " for spelled, _ in found)
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
    hits = Counter(spelled for one in sets for spelled in one)
    shared = {spelled for spelled, count in hits.items() if count >= core * len(sets)}
    for name, one in zip(names, sets, strict=True):
        n = len(one)
        if shared:
            share = 100 * len(shared & one) / len(shared)
            yield _row(name, "core_share", share, "%", len(shared))
        if n:
            alone = sum(hits[spelled] == 1 for spelled in one)
            yield _row(name, "singletons", 100 * alone / n, "%", n)
