"""The whole of a transplant: check, make the rows, write the folder, read it back and compare."""

from __future__ import annotations

import inspect
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, OptionError
from tokenworks.files import write_json, write_manifest
from tokenworks.registry import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Part, Rows
from tokenworks.transplant.initialization import Given, Report
from tokenworks.workflows.transplant import checking
from tokenworks.workflows.transplant.configs import (
    GENERATION,
    new_config,
    new_generation,
    with_chat_template,
)
from tokenworks.workflows.transplant.healing import heal as train_on
from tokenworks.workflows.transplant.material import (
    Texts,
    read_dictionary,
    read_parallel,
    read_texts,
)
from tokenworks.workflows.transplant.result import Check, Scored, TransplantResult
from tokenworks.workflows.transplant.subject import Subject, refuse_not_finite, subject
from tokenworks.workflows.transplant.workplace import workplace
from tokenworks.workflows.transplant.writing import Written, copy_others, write_weights

Told = Callable[[str, int, int], None]


def transplant(
    model: str | os.PathLike[str],
    tokenizer: Tokenizer | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    method: str = "fvt",
    donor: str | os.PathLike[str] | None = None,
    on: Sequence[str] | str = (),
    old_on: Sequence[str] | str = (),
    parallel: tuple[str, str] | None = None,
    dictionary: str | None = None,
    field: str = "text",
    options: Mapping[str, Any] | None = None,
    score: bool = True,
    heal: int = 0,
    heal_all: bool = False,
    memory: int = 1 << 30,
    seed: int = 0,
    offline: bool = False,
    overwrite: bool = False,
    told: Told = lambda what, done, of: None,
    command: list[str] | None = None,
) -> TransplantResult:
    """Give a model another vocabulary.

    Args:
        model: a folder with safetensors, or `hf://org/name`.
        tokenizer: the new one.
        out: the folder to write: the model, its tokenizer, rows.json and manifest.json.
        method: an initializer of the family `transplant`.
        donor: a model that has the new tokenizer, for `omp`.
        on: text in the language of the new tokenizer, for methods that need it and for scoring (a
            twentieth is held out).
        old_on: text in the language of the model, for methods that map languages.
        parallel: two files with translated sentences, line by line: the model's language, the new one.
        dictionary: a file of word pairs with a tab between them, in the same order.
        field: where records of a corpus hold their text.
        options: of the method.
        heal: steps of training afterwards, on the texts of `on` that are not held out.
        heal_all: train the whole model instead of the token matrices alone.
        score: run both models; where it is left out only rows are compared.
        memory: bytes that a method may use for its work.
        seed: of random rows.
        offline: refuse the network.
        overwrite: replace a folder that holds something.
        told: hears what is done, of how much.
        command: for the manifest.

    Returns:
        What was done and checked. The folder is written even where a check fails.

    Raises:
        FormatError, UnsupportedError: the model cannot be transplanted; the message says why.
        OptionError: a method that is given too little, or an option that it does not have.
        WriteError: writing failed; nothing is left behind.
    """
    begun = time.perf_counter()
    new = tokenizer if isinstance(tokenizer, Tokenizer) else _load(tokenizer, offline)
    one = subject(model, offline=offline)
    if Path(out).resolve() == one.folder.resolve():
        raise OptionError(f"{out} is the model itself; name another folder")
    if heal and not on:
        raise OptionError("healing needs text in the language of the new tokenizer (--on)")
    chosen, initialize = _method(method, options or {})
    told("reading the matrices", 0, 1)
    refuse_not_finite(one)
    other = None if donor is None else _donor(donor, new, offline)
    texts = read_texts([on] if isinstance(on, str) else list(on), field)
    old_texts = read_texts([old_on] if isinstance(old_on, str) else list(old_on), field).given
    given = Given(
        seed=seed,
        donor=None if other is None else other.embeddings(),
        texts=texts.given,
        old_texts=old_texts,
        parallel=read_parallel(parallel),
        dictionary=read_dictionary(dictionary),
        memory=memory,
        told=told,
    )
    checked = time.perf_counter()
    plan = _plan(one, new, other, method, options or {}, seed, given)
    notes = list(one.notes)
    with workplace(Path(out), plan, overwrite=overwrite) as place:
        if place.resumed:
            notes.append("went on with what an interrupted run had done")
        given = _with_workspace(given, place.work)
        made, report = initialize(one.tokenizer, new, one.embeddings(), given, **chosen)
        made_at = time.perf_counter()
        kept = with_chat_template(new, one.tokenizer, notes)
        config = new_config(one.config, report.match, notes)
        generation = new_generation(one.folder, report.match, notes)
        written = _write(one, kept, made, config, generation, place.model, told)
        written_at = time.perf_counter()
        told("checking", 0, 1)
        checks = [checking.check_rows(one, report.match, place.model)]
        scored, more = _scored(one, place.model, report, texts, score, told)
        checks += more
        lengths = checking.norms(one, report, place.model)
        shown = checking.made_rows(one, report, place.model)
        checked_at = time.perf_counter()
        healed: dict[str, Any] = {}
        if heal:
            named: dict[str, str] = dict(one.names.items())
            healed = train_on(
                place.model,
                texts.given,
                heal,
                place.work,
                names=named,
                whole=heal_all,
                seed=seed,
                told=told,
            )
            scored = _scored_again(scored, place.model, texts)
        result = TransplantResult(
            model=str(model),
            tokenizer=new.name,
            method=method,
            options=dict(options or {}),
            donor=None if donor is None else str(donor),
            tied=one.tied,
            dtype=one.dtype,
            rows_before=one.rows,
            rows_after=report.match.rows,
            origins=report.counts(),
            figures=dict(report.notes),
            notes=tuple(dict.fromkeys([*notes, *_about_specials(report)])),
            checks=tuple(checks),
            scored=scored,
            norms=lengths,
            rows=shown,
            healing=healed,
            shards={
                "rewritten": list(written.rewritten),
                "linked": list(written.linked),
                "copied": list(written.copied),
            },
            seconds={
                "checking before": checked - begun,
                "rows": made_at - checked,
                "writing": written_at - made_at,
                "checking after": checked_at - written_at,
                "healing": time.perf_counter() - checked_at,
            },
            peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            files=tuple(sorted(file.name for file in place.model.iterdir())),
        )
        _write_report(result, report, one, new, place.model, seed, command)
    return result


def _load(name: str | os.PathLike[str], offline: bool) -> Tokenizer:
    return Tokenizer.load(name, offline=offline)


def _method(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    item = resolve(name, "transplant")
    info = item.method_info
    if "initializer" not in info.declares:
        raise OptionError(f"{name} is no initializer; it changes a model in another way")
    known = [
        one for one in inspect.signature(item).parameters.values() if one.kind == one.KEYWORD_ONLY
    ]
    names = {one.name: one for one in known}
    chosen = {}
    for key, value in options.items():
        if key not in names:
            allowed = ", ".join(names) or "none"
            raise OptionError(f"{name} has no option {key!r}; its options: {allowed}")
        kind = type(names[key].default)
        try:
            chosen[key] = kind(value)
        except (TypeError, ValueError):
            raise OptionError(f"{key} is {value!r}; expected {kind.__name__}") from None
    return chosen, item


def _donor(donor: str | os.PathLike[str], new: Tokenizer, offline: bool) -> Subject:
    other = subject(donor, offline=offline)
    if other.tokenizer != new:
        theirs, ours = other.tokenizer, new
        same = theirs.max_id_plus_one == ours.max_id_plus_one and all(
            theirs.token_bytes(number) == ours.token_bytes(number)
            for number in ours.definition.model.ids.tolist()
        )
        if not same:
            raise FormatError(
                f"{donor}: the donor's tokenizer has other ids than {new.name}; give a donor that was "
                "trained with the new tokenizer"
            )
    refuse_not_finite(other)
    return other


def _plan(
    one: Subject,
    new: Tokenizer,
    other: Subject | None,
    method: str,
    options: Mapping[str, Any],
    seed: int,
    given: Given,
) -> dict[str, Any]:
    """What determines the result: an interrupted run goes on only if all of it is the same."""

    def weights(of: Subject) -> list[list[Any]]:
        return [
            [file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in of.weights.files
        ]

    return {
        "model": [str(one.folder.resolve()), weights(one), one.tokenizer.sha256],
        "tokenizer": new.sha256,
        "donor": None if other is None else [str(other.folder.resolve()), weights(other)],
        "method": method,
        "options": {key: str(value) for key, value in options.items()},
        "seed": seed,
        "texts": [len(given.texts), len(given.old_texts), len(given.parallel), given.memory],
    }


def _with_workspace(given: Given, work: Path) -> Given:
    return replace(given, workspace=work)


def _write(
    one: Subject,
    new: Tokenizer,
    made: Embeddings,
    config: dict[str, Any],
    generation: dict[str, Any] | None,
    folder: Path,
    told: Told,
) -> Written:
    parts: dict[Part, Rows] = made.parts()
    rows = {name: parts[part] for part, name in one.names.items()}
    total = sum(
        tensor.end - tensor.begin
        for tensor in one.weights.tensors.values()
        if tensor.file in {one.weights.tensors[name].file for name in rows}
    )
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        told("writing", min(done, total), total)

    written = write_weights(one.weights, rows, one.duplicate, folder, advance)
    copy_others(one.folder, folder)
    staged = folder / ".tokenizer"
    new.save(staged)
    for file in staged.iterdir():
        file.replace(folder / file.name)
    staged.rmdir()
    write_json(folder / "config.json", config)
    if generation is not None:
        write_json(folder / GENERATION, generation)
    return written


def _scored(
    one: Subject, folder: Path, report: Report, texts: Texts, score: bool, told: Told
) -> tuple[Scored | None, list[Check]]:
    reason = checking.why_not_scored(one) if score else "not asked for"
    if reason is not None:
        return None, [Check("scores and logits", None, reason)]
    from tokenworks.lm.loading import load

    told("scoring", 0, 1)
    before, after = load(one.folder, tokenizer=one.tokenizer), load(folder)
    return checking.compare_models(before, after, report.match, texts.scored, texts.name)


def _scored_again(scored: Scored | None, folder: Path, texts: Texts) -> Scored | None:
    if scored is None:
        return None
    from tokenworks.lm.loading import load

    return replace(scored, bits_per_byte_healed=load(folder).score(texts.scored).bits_per_byte)


def _about_specials(report: Report) -> list[str]:
    match = report.match
    found = []
    names = [match.new.token_bytes(one).decode() for one in match.specials.tolist()]
    if names:
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        found.append(
            f"{len(names)} special tokens are new to the model and got the mean row: {shown}"
        )
    for number in match.by_role.nonzero()[0].tolist()[:8]:
        old = int(match.source[number])
        one, two = match.new.token_bytes(number), match.old.token_bytes(old)
        found.append(f"{one.decode()} took the row of {two.decode()}, which has its role")
    return found


def _write_report(
    result: TransplantResult,
    report: Report,
    one: Subject,
    new: Tokenizer,
    folder: Path,
    seed: int,
    command: list[str] | None,
) -> None:
    from tokenworks.workflows.transplant.row_file import write_rows

    write_rows(report, folder / "rows.tsv")
    write_manifest(
        folder,
        inputs=[one.folder / "config.json"],
        seed=seed,
        command=command,
        extra={
            "tokenizer_sha256": {"old": one.tokenizer.sha256, "new": new.sha256},
            "transplant": {key: value for key, value in result.to_json().items() if key != "rows"},
        },
    )
