"""How many tokens are words, or pure linguistic units, of a language (%TR and %Pure).

Stated for Turkish; any language with a lexicon may be measured. The figures depend on what decides
validity, so that those of two lexicons cannot be compared.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.lexicon import Lexicon, read_words
from tokenworks.evaluation.proportion import wilson
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

# Turkish suffixes before vowel harmony: A is a or e, I is one of ı i u ü, D is d or t, C is c or ç,
# K is k or ğ; letters in brackets may be absent.
_ARCHETYPES = (
    *("lAr", "(y)I", "(n)In", "(y)A", "DA", "DAn", "(y)lA", "(I)m", "(I)n", "(s)I", "ImIz", "InIz"),
    *("lArI", "ki", "CA", "lI", "lIK", "sIz", "CI", "DAş", "CIK", "mAK", "mA", "(y)Iş", "(y)An"),
    *("DIK", "(y)AcAK", "mIş", "DI", "(I)yor", "Ar", "Ir", "r", "sA", "mAlI", "(y)ArAK", "(y)Ip"),
    *(
        "(y)IncA",
        "(y)ken",
        "mI",
        "DIr",
        "t",
        "Il",
        "In",
        "Iş",
        "(y)Abil",
        "Im",
        "sIn",
        "Iz",
        "sInIz",
    ),
    *("nCI", "(ş)Ar", "(I)msI", "sAl", "(y)AlI", "mAz"),
)
_SOUNDS = {"A": "ae", "I": "ıiuü", "D": "dt", "C": "cç", "K": "kğ"}
_MOST_SUFFIXES = 6


def _spelled(archetype: str) -> Iterator[str]:
    forms = [archetype]
    if archetype.startswith("("):
        inside, _, rest = archetype[1:].partition(")")
        forms = [inside + rest, rest]
    for form in forms:
        yield from map("".join, product(*(_SOUNDS.get(sound, sound) for sound in form)))


TURKISH_SUFFIXES = frozenset(spelling for one in _ARCHETYPES for spelling in _spelled(one))


def turkish_lexicon(*paths: str | os.PathLike[str]) -> Lexicon:
    """A Turkish lexicon of word lists such as Zemberek's dictionaries; stems of verbs are added.

    Raises:
        FormatError: a file cannot be read.
    """
    words = {turkish_lower(word) for path in paths for word in read_words(path)}
    stems = {word[:-3] for word in words if word.endswith(("mak", "mek")) and len(word) > 4}
    roots = frozenset(word for word in words | stems if any(map(str.isalpha, word)))
    return Lexicon(roots, roots | TURKISH_SUFFIXES, TURKISH_SUFFIXES, turkish=True)


def turkish_lower(text: str) -> str:
    """Lower case with dotted and dotless i kept apart."""
    return text.replace("I", "ı").replace("İ", "i").lower()


@method(
    "evaluation",
    "tr-pure",
    paper="arXiv:2502.07057",
    year=2025,
    summary="Share of tokens that are words (%TR) or pure linguistic units (%Pure) of a language.",
    fidelity="adapted",
    declares=("on-request",),
)
def tr_pure(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded,
    model: object = None,
    *,
    lexicons: Mapping[str, Lexicon] | None = None,
) -> list[Row]:
    """Look up the tokens that the documents of a language use.

    Inputs/outputs: `lexicons` by the language of samples; without them no rows. Rows per language,
    percent: `valid_words` and `pure_units` over the different tokens that occur,
    `valid_words_weighted` and `pure_units_weighted` over their occurrences, and `left_out_tokens`
    (special, or without a letter: in no denominator). Space markers are stripped, case is folded; a
    stem with suffixes of the lexicon is a word; one letter that is a suffix is a unit.
    Cost: a lookup per different token. Deviations: the paper asks Turkish analysers; a stem with any
    sequence of suffixes passes here. Intervals of shares of different tokens are Wilson's.
    Raises: nothing.
    """
    encoded = Encoded.of(tokenizers, samples)
    rows: list[Row] = []
    for group in encoded.groups_of("language"):
        lexicon = (lexicons or {}).get(group.name)
        if lexicon is None:
            continue
        for number, name in enumerate(encoded.names):
            counts = encoded.counts(number, group)
            rows.extend(_rows(encoded.tokenizers[number], name, group.name, counts, lexicon))
    return rows


def is_word(text: str, lexicon: Lexicon) -> bool:
    """Whether a lower-case text is a word of the lexicon, or one of them with suffixes."""
    if text in lexicon.words:
        return True
    ends = {len(text): 0}  # positions from which suffixes reach the end, and how many
    for begin in range(len(text) - 1, 1, -1):
        steps = [
            ends[end] + 1
            for end in range(begin + 1, len(text) + 1)
            if end in ends and text[begin:end] in lexicon.suffixes
        ]
        if steps and min(steps) <= _MOST_SUFFIXES:
            if text[:begin] in lexicon.words:
                return True
            ends[begin] = min(steps)
    return False


def _rows(
    tokenizer: Tokenizer, name: str, language: str, counts: np.ndarray, lexicon: Lexicon
) -> Iterator[Row]:
    special = set(tokenizer.specials.values())
    used = np.flatnonzero(counts).tolist()
    looked_up = words = units = 0
    mass = word_mass = unit_mass = 0
    for number in used:
        text = tokenizer.token_bytes(number).decode("utf-8", "replace").strip()
        if number in special or (not any(map(str.isalpha, text)) and "\ufffd" not in text):
            continue
        folded = turkish_lower(text) if lexicon.turkish else text.lower()
        weight = int(counts[number])
        word, unit = is_word(folded, lexicon), folded in lexicon.units
        looked_up, mass = looked_up + 1, mass + weight
        words, word_mass = words + word, word_mass + weight * word
        units, unit_mass = units + unit, unit_mass + weight * unit
    for metric, above, below, sampled in (
        ("valid_words", words, looked_up, True),
        ("pure_units", units, looked_up, True),
        ("valid_words_weighted", word_mass, mass, False),
        ("pure_units_weighted", unit_mass, mass, False),
        ("left_out_tokens", len(used) - looked_up, len(used), False),
    ):
        if below:
            low, high = wilson(above, below)
            yield Row(
                tokenizer=name,
                metric=metric,
                kind="language",
                group=language,
                value=100 * above / below,
                low=100 * low if sampled else None,
                high=100 * high if sampled else None,
                unit="%",
                direction="none" if metric == "left_out_tokens" else "higher",
                n=below,
            )
