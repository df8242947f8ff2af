"""The methods of the evaluation family on a sample of the corpus, chosen by name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tokenworks.errors import OptionError, TokenworksError
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import MethodInfo, find, methods, resolve
from tokenworks.workflows.compare.counting import ENCODING
from tokenworks.workflows.compare.families import nested
from tokenworks.workflows.compare.lexicons import Gold

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

FAMILY = "evaluation"
DEFAULT = ("compression", "reliability", "renyi", "premium", "qtok", "numbers", "robustness")
WITH_LEXICON = ("morphscore", "compoundpiece", "tr-pure")
OWN_LANGUAGES = {"qtok", *WITH_LEXICON}  # these do not go by the labels of the corpus
LAW, WEIGHTS = "vocabulary-law", "under-trained"
ALL, NONE = "all", "none"
PARAGRAPHS = 60  # labels whose first paragraph is changed in the name of robustness


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured. infos: in their order; law: asked for by name, whatever is compared."""

    infos: tuple[MethodInfo, ...]
    gold: Mapping[str, Gold]
    models: Mapping[str, str | os.PathLike[str]]
    law: bool = False


@dataclass(slots=True)
class Measured:
    """Rows of the methods, the methods that gave any, and what a reader should know.

    seconds: of each method. phases: of what they have in common, by what was done.
    """

    rows: list[Row] = field(default_factory=list)
    used: list[MethodInfo] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)


def plan(
    names: Iterable[str] | None,
    gold: Mapping[str, Gold],
    models: Mapping[str, str | os.PathLike[str]],
) -> Plan:
    """Choose methods: those named, or what the corpus, lexicons and weights at hand allow.

    Args:
        names: of the family; "all" is every one, "none" none; the default where left out.
        gold: by language.
        models: safetensors by the name of their tokenizer.

    Raises:
        UnknownNameError: no method of the family has such a name.
        OptionError: "none" beside others, or a method without the input that it needs.
    """
    if names is None:
        chosen = [*DEFAULT, *(WITH_LEXICON if gold else ()), *((WEIGHTS,) if models else ()), LAW]
        return Plan(tuple(find(name, FAMILY) for name in chosen), gold, models)
    chosen = list(dict.fromkeys(names))
    if NONE in chosen:
        if len(chosen) > 1:
            raise OptionError("methods holds 'none' beside others; give it alone")
        return Plan((), gold, models)
    if ALL in chosen:
        return Plan(methods(FAMILY), gold, models, law=True)
    infos = tuple(find(name, FAMILY) for name in chosen)
    for info in infos:
        if info.name in WITH_LEXICON and not gold:
            raise OptionError(f"{info.name} needs a lexicon: give one as LANGUAGE=FILE")
        if info.name == WEIGHTS and not models:
            raise OptionError(f"{info.name} needs weights: give a model as TOKENIZER=FOLDER")
    return Plan(infos, gold, models, law=LAW in chosen)


def measure(
    tokenizers: Sequence[Tokenizer],
    samples: Sequence[Sample],
    chosen: Plan,
    *,
    parallel: bool,
    languages: bool,
    reference: str,
    reference_label: str | None,
    context: int | None,
    seed: int,
    threads: int = 0,
) -> Measured:
    """Run methods over samples that are tokenized once.

    A tokenizer that a method fails on is left out of it, and told.

    Args:
        tokenizers: those compared. samples: a bounded part of the corpus, labels as languages.
        chosen: from `plan`. parallel: labels hold the same documents. languages: labels are languages;
            else rows by label say "domain".
        reference, reference_label: the tokenizer and the label that others are set against.
        context: tokens; the characters that fit are measured. seed: of random problems.
        threads: of encoding; 0 takes one per core.
    """
    found = Measured()
    if not chosen.infos:
        return found
    encoded = Encoded.of(tokenizers, samples, threads=threads)
    found.phases = {
        ENCODING: encoded.seconds["encoding"],
        "counting": encoded.seconds["words"] + encoded.seconds["figures"],
    }
    options: dict[str, dict[str, Any]] = {
        "compression": {"reference": reference, "context": context},
        "premium": {"reference": reference_label},
        "numbers": {"seed": seed},
        "markov-source": {"seed": seed},
        "morphscore": {"words": {name: one.words for name, one in chosen.gold.items()}},
        "compoundpiece": {"compounds": {name: one.compounds for name, one in chosen.gold.items()}},
        "tr-pure": {
            "lexicons": {name: one.lexicon for name, one in chosen.gold.items() if one.lexicon}
        },
    }
    for info in chosen.infos:
        if info.name == "premium" and not parallel:
            continue
        began = time.perf_counter()
        function = resolve(info.name, FAMILY)
        given = options.get(info.name, {})
        if info.name == LAW:
            rows = _law(function, encoded, chosen.law, found.notes)
        elif info.name == WEIGHTS:
            rows = _weights(function, encoded, chosen.models, found.notes)
        elif info.name == "robustness":
            own = replace(encoded, excerpts=tuple(_paragraphs(samples)))
            rows = _guarded(info, function, own, given, found.notes)
        else:
            rows = _guarded(info, function, encoded, given, found.notes)
        found.seconds[info.name] = time.perf_counter() - began
        if rows:
            if not languages and info.name not in OWN_LANGUAGES:
                rows = [
                    replace(row, kind="domain") if row.kind == "language" else row for row in rows
                ]
            found.rows += rows
            found.used.append(info)
    labels = {sample.language for sample in samples}
    for language in chosen.gold:
        if language not in labels and {"tr-pure"} & {info.name for info in chosen.infos}:
            found.notes.append(
                f"The lexicon of {language!r} has no text to look up: no label has that name."
            )
    return found


def _guarded(
    info: MethodInfo,
    function: Callable[..., list[Row]],
    encoded: Encoded,
    options: Mapping[str, Any],
    notes: list[str],
) -> list[Row]:
    """Rows for all tokenizers, or, where that fails, for those that it does not fail on."""
    try:
        return function(encoded.tokenizers, encoded, **options)
    except Exception:  # which one it was is found out below
        rows: list[Row] = []
        for number, name in enumerate(encoded.names):
            part = encoded.only([number])
            relative = info.name == "compression" and options.get("reference") != name
            alone = {k: v for k, v in options.items() if not (relative and k == "reference")}
            try:
                rows += function(part.tokenizers, part, **alone)
            except Exception as error:
                known = isinstance(error, TokenworksError)
                reason = str(error) if known else f"{type(error).__name__}: {error}"
                notes.append(f"{name} is left out of {info.name}: {reason}")
        return rows


def _law(
    function: Callable[..., list[Row]], encoded: Encoded, asked: bool, notes: list[str]
) -> list[Row]:
    """The law over tokenizers whose vocabularies hold one another: they were trained alike."""
    chain = nested(encoded.tokenizers)
    if len(chain) < 3:
        if not asked:
            return []
        chain = list(range(len(encoded.names)))
        notes.append(
            "The vocabulary law is fitted over tokenizers that were not trained alike; its errors "
            "say how little it holds."
        )
    part = encoded.only(chain)
    return function(part.tokenizers, part)


def _weights(
    function: Callable[..., list[Row]],
    encoded: Encoded,
    models: Mapping[str, str | os.PathLike[str]],
    notes: list[str],
) -> list[Row]:
    rows: list[Row] = []
    for name, model in models.items():
        if name not in encoded.names:
            continue
        part = encoded.only([encoded.names.index(name)])
        try:
            rows += function(part.tokenizers, part, model)
        except TokenworksError as error:
            notes.append(f"{name} is left out of {WEIGHTS}: {error}")
    return rows


def _paragraphs(samples: Sequence[Sample]) -> list[Sample]:
    first: dict[str | None, Sample] = {}
    for sample in samples:
        first.setdefault(sample.language, sample)
    chosen = list(first.values())
    step = max(1, len(chosen) / PARAGRAPHS)
    kept = [chosen[int(number * step)] for number in range(min(PARAGRAPHS, len(chosen)))]
    return [replace(sample, text=sample.text[:400]) for sample in kept]
