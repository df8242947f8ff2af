"""Carrying out a decided transplant: write the folder, read it back, compare, heal, report."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenworks.files import write_json, write_manifest
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Part, Rows
from tokenworks.transplant.initialization import Report
from tokenworks.workflows.transplant import checking
from tokenworks.workflows.transplant.configs import (
    GENERATION,
    new_config,
    new_generation,
    with_chat_template,
)
from tokenworks.workflows.transplant.healing import HEALED
from tokenworks.workflows.transplant.healing import heal as train_on
from tokenworks.workflows.transplant.material import Texts
from tokenworks.workflows.transplant.result import Check, Scored, TransplantResult
from tokenworks.workflows.transplant.row_file import write_rows
from tokenworks.workflows.transplant.subject import Subject
from tokenworks.workflows.transplant.workplace import workplace
from tokenworks.workflows.transplant.writing import Written, copy_others, write_weights

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be done; plan is what determines the result (see `workplace`)."""

    one: Subject
    new: Tokenizer
    out: Path
    plan: dict[str, Any]
    method: str
    options: dict[str, Any]
    donor: str | None
    texts: Texts
    score: bool
    heal: int
    heal_all: bool
    seed: int
    overwrite: bool
    told: Told
    command: list[str] | None
    begun: float


def carry_out(order: Order, make: Callable[[Path], tuple[Embeddings, Report]]) -> TransplantResult:
    """Do it.

    Args:
        order: what shall be done.
        make: the new matrices, given a folder for what long work keeps.

    Raises:
        UnsupportedError: an id of config.json has no token in the new vocabulary.
        WriteError: writing failed; nothing is left behind.
    """
    one, new, told = order.one, order.new, order.told
    checked = time.perf_counter()
    notes = list(one.notes)
    with workplace(order.out, order.plan, overwrite=order.overwrite) as place:
        if place.resumed:
            notes.append("went on with what an interrupted run had done")
        if (place.work / HEALED).exists():  # interrupted while healed files took their places
            shutil.rmtree(place.model)
            shutil.rmtree(place.work / HEALED)
            place.model.mkdir()
        made, report = make(place.work)
        made_at = time.perf_counter()
        kept = with_chat_template(new, one.tokenizer, notes)
        config = new_config(one.config, report.match, notes)
        generation = new_generation(one.folder, report.match, notes)
        if new.definition.two_phase is not None:
            notes.append(
                "superwords are encoded in two phases: transformers reads tokenizer.json alone, which "
                "gives other tokens; encode with Tokenworks what the model shall read"
            )
        written = _write(one, kept, made, config, generation, place.model, told)
        written_at = time.perf_counter()
        told("checking", 0, 1)
        checks = [checking.check_rows(one, report.match, place.model)]
        scored, more = _scored(one, place.model, report, order)
        checks += more
        lengths = checking.norms(one, report, place.model)
        shown = checking.made_rows(one, report, place.model)
        checked_at = time.perf_counter()
        healed: dict[str, Any] = {}
        if order.heal:
            healed = train_on(
                place.model,
                order.texts.given,
                order.heal,
                place.work,
                names=dict(one.names.items()),
                whole=order.heal_all,
                seed=order.seed,
                told=told,
            )
            scored = _scored_again(scored, place.model, order.texts)
        result = TransplantResult(
            model=str(one.folder),
            tokenizer=new.name,
            method=order.method,
            options=order.options,
            donor=order.donor,
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
                "checking before": checked - order.begun,
                "rows": made_at - checked,
                "writing": written_at - made_at,
                "checking after": checked_at - written_at,
                "healing": time.perf_counter() - checked_at,
            },
            peak_memory_mb=_peak_memory(),
            files=tuple(sorted(file.name for file in place.model.iterdir())),
        )
        _write_report(result, report, one, new, place.model, order)
    return result


def _peak_memory() -> float:
    """The most memory that this process has held, in MB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


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
    one: Subject, folder: Path, report: Report, order: Order
) -> tuple[Scored | None, list[Check]]:
    texts, told = order.texts, order.told
    reason = checking.why_not_scored(one) if order.score else "not asked for"
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
            f"{len(names)} special {'token is' if len(names) == 1 else 'tokens are'} new to the model and "
            f"got the mean row: {shown}"
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
    order: Order,
) -> None:
    write_rows(report, folder / "rows.tsv")
    write_manifest(
        folder,
        inputs=[one.folder / "config.json"],
        seed=order.seed,
        command=order.command,
        extra={
            "tokenizer_sha256": {"old": one.tokenizer.sha256, "new": new.sha256},
            "transplant": {key: value for key, value in result.to_json().items() if key != "rows"},
        },
    )
