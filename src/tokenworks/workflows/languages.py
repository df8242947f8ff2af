"""How many tokens the same text takes in each language, tokenizer by tokenizer.

The text is the thirty articles of the Universal Declaration of Human Rights. The *premium* of a
language under a tokenizer is its number of tokens over that of the reference language under the
same tokenizer: 2.0 means that a speaker pays twice, waits twice and fits half as much.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tokenworks.data.udhr import Declaration, declarations
from tokenworks.errors import OptionError
from tokenworks.workflows.pieces import Piece, pieces

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

REFERENCE = "eng"
SAMPLED = (
    "eng",
    "deu_1996",
    "vie",
    "swh",
    "rus",
    "arb",
    "hin",
    "cmn_hans",
    "jpn",
    "kor",
    "tha",
    "bod",
)


@dataclass(frozen=True, slots=True)
class TokenizerFigures:
    """One tokenizer over all languages."""

    name: str
    n_tokens: int
    total_tokens: int
    bytes_per_token: float
    median_premium: float
    worst_premium: float
    worst_language: str
    below_two: int  # languages whose premium is below 2
    seconds: float  # to encode all languages once


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """One language under all tokenizers."""

    code: str
    bcp47: str
    language: str
    script: str
    direction: str
    bytes: int
    characters: int
    tokens: tuple[int, ...]  # one per tokenizer
    premiums: tuple[float, ...]  # tokens over the reference language's tokens


@dataclass(frozen=True, slots=True)
class ScriptFigures:
    """The languages of one script."""

    script: str
    languages: int
    premiums: tuple[float, ...]  # median over its languages, one per tokenizer


@dataclass(frozen=True, slots=True)
class Sample:
    """The first article of one language, cut into tokens by each tokenizer."""

    code: str
    language: str
    direction: str
    bcp47: str
    pieces: tuple[tuple[Piece, ...], ...]  # one sequence per tokenizer


@dataclass(frozen=True, slots=True)
class LanguageComparison:
    """Everything that the comparison found."""

    reference: str
    tokenizers: tuple[TokenizerFigures, ...]
    languages: tuple[LanguageFigures, ...]  # by the last tokenizer's premium, lowest first
    scripts: tuple[ScriptFigures, ...]
    samples: tuple[Sample, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_languages(
    tokenizers: Sequence[Tokenizer],
    texts: Sequence[Declaration] | None = None,
    advance: Callable[[float], None] = lambda _: None,
) -> LanguageComparison:
    """Count the same text in every language under every tokenizer.

    Args:
        tokenizers: at least one; the last one orders the languages.
        texts: translations, with English among them; all embedded ones where left out.
        advance: called with 1 after each language.

    Raises:
        OptionError: there is no tokenizer, or no English text.
    """
    texts = declarations() if texts is None else texts
    if not tokenizers:
        raise OptionError("name at least one tokenizer")
    reference = next((one for one in texts if one.code == REFERENCE), None)
    if reference is None:
        raise OptionError(f"the texts must include the reference language ({REFERENCE})")
    began = time.perf_counter()
    base = [_count(tokenizer, reference.text) for tokenizer in tokenizers]
    spent = [0.0] * len(tokenizers)
    languages = []
    for one in texts:
        counts = []
        for index, tokenizer in enumerate(tokenizers):
            start = time.perf_counter()
            counts.append(_count(tokenizer, one.text))
            spent[index] += time.perf_counter() - start
        premiums = tuple(count / own for count, own in zip(counts, base, strict=True))
        languages.append(_language(one, tuple(counts), premiums))
        advance(1)
    languages.sort(key=lambda row: (row.premiums[-1], row.language))
    return LanguageComparison(
        reference=reference.language,
        tokenizers=tuple(
            _figures(tokenizer, index, languages, spent[index])
            for index, tokenizer in enumerate(tokenizers)
        ),
        languages=tuple(languages),
        scripts=_by_script(languages),
        samples=tuple(
            _sample(one, tokenizers) for code in SAMPLED for one in texts if one.code == code
        ),
        seconds=time.perf_counter() - began,
    )


def _count(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode(text, specials="text"))


def _language(
    one: Declaration, counts: tuple[int, ...], premiums: tuple[float, ...]
) -> LanguageFigures:
    return LanguageFigures(
        code=one.code,
        bcp47=one.bcp47,
        language=one.language,
        script=one.script,
        direction=one.direction,
        bytes=len(one.text.encode()),
        characters=len(one.text),
        tokens=counts,
        premiums=premiums,
    )


def _figures(
    tokenizer: Tokenizer, index: int, languages: Sequence[LanguageFigures], seconds: float
) -> TokenizerFigures:
    total = sum(row.tokens[index] for row in languages)
    premiums = [row.premiums[index] for row in languages]
    worst = max(languages, key=lambda row: row.premiums[index])
    return TokenizerFigures(
        name=tokenizer.name,
        n_tokens=tokenizer.n_tokens,
        total_tokens=total,
        bytes_per_token=sum(row.bytes for row in languages) / total,
        median_premium=statistics.median(premiums),
        worst_premium=worst.premiums[index],
        worst_language=worst.language,
        below_two=sum(premium < 2 for premium in premiums),
        seconds=seconds,
    )


def _by_script(languages: Sequence[LanguageFigures]) -> tuple[ScriptFigures, ...]:
    groups: dict[str, list[LanguageFigures]] = {}
    for row in languages:
        groups.setdefault(row.script, []).append(row)
    found = [
        ScriptFigures(
            script,
            len(rows),
            tuple(
                statistics.median(row.premiums[index] for row in rows)
                for index in range(len(rows[0].premiums))
            ),
        )
        for script, rows in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (group.premiums[-1], group.script)))


def _sample(one: Declaration, tokenizers: Sequence[Tokenizer]) -> Sample:
    cut = tuple(tuple(pieces(tokenizer, one.articles[0])) for tokenizer in tokenizers)
    return Sample(one.code, one.language, one.direction, one.bcp47, cut)
