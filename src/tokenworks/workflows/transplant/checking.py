"""After the work: the written model is read back, compared with the old one, and scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.errors import UnsupportedError
from tokenworks.lm.weights import Weights
from tokenworks.transplant.embeddings import BLOCK
from tokenworks.transplant.initialization import ORIGINS, Report
from tokenworks.transplant.matching import Match, token_ids
from tokenworks.workflows.transplant.result import Check, Norms, Row, Scored
from tokenworks.workflows.transplant.stored_rows import StoredRows
from tokenworks.workflows.transplant.subject import Subject

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

_TOLERANCE = 1e-4  # of the largest logit: two products of different size round differently
_TOKENS = 256
_SHOWN = 12
_ROWS_SHOWN = 200


def check_rows(one: Subject, match: Match, folder: Path) -> Check:
    """Whether every copied row of the written files has the bytes of its old row."""
    written = Weights(folder)
    compared = 0
    for part, name in one.names.items():
        old = StoredRows.of(one.weights.tensors[name])
        new = StoredRows.of(written.tensors[name])
        ids = np.flatnonzero(match.source >= 0)
        size = max(1, BLOCK // max(1, old.width))
        for start in range(0, len(ids), size):
            block = ids[start : start + size]
            same = (new.raw(block) == old.raw(match.source[block])).all(axis=1)
            if not same.all():
                wrong = int(block[np.flatnonzero(~same)[0]])
                return Check("shared rows", False, f"row {wrong} of {part} is not the old row")
        compared += len(ids)
    return Check("shared rows", True, f"{compared:,} rows equal the old ones bit for bit")


def norms(one: Subject, report: Report, folder: Path) -> tuple[Norms, ...]:
    """Lengths of the new rows by origin, and of all old rows that have a token."""
    written = Weights(folder)
    found = []
    for part, name in one.names.items():
        if part == "bias":
            continue
        old = _lengths(StoredRows.of(one.weights.tensors[name]))[report.match.used]
        found.append(_norms(part, "old rows", old))
        lengths = _lengths(StoredRows.of(written.tensors[name]))
        for number, origin in enumerate(ORIGINS):
            chosen = lengths[report.origin == number]
            if len(chosen):
                found.append(_norms(part, origin, chosen))
    return tuple(found)


def made_rows(one: Subject, report: Report, folder: Path) -> tuple[Row, ...]:
    """A few hundred of the rows that were not copied, spread over the vocabulary."""
    made = np.flatnonzero(report.source < 0)
    made = (
        made[np.unique(np.linspace(0, len(made) - 1, _ROWS_SHOWN).astype(int))]
        if len(made)
        else made
    )
    written = StoredRows.of(Weights(folder).tensors[one.names["input"]])
    lengths = np.linalg.norm(written.take(made), axis=1)
    known = set(token_ids(report.match.new).tolist())
    mixed = report.input
    rows = []
    for number, length in zip(made.tolist(), lengths.tolist(), strict=True):
        span = slice(int(mixed.starts[number]), int(mixed.starts[number + 1]))
        parts = sorted(
            zip(mixed.sources[span].tolist(), mixed.weights[span].tolist(), strict=True),
            key=lambda pair: -abs(pair[1]),
        )[:_SHOWN]
        token = report.match.new.token_bytes(number) if number in known else b""
        rows.append(
            Row(
                number,
                token.decode("utf-8", "backslashreplace"),
                ORIGINS[report.origin[number]],
                tuple((_spelled(report.match, old), weight) for old, weight in parts),
                length,
            )
        )
    return tuple(rows)


def _spelled(match: Match, old: int) -> str:
    return match.old.token_bytes(old).decode("utf-8", "backslashreplace")


def why_not_scored(one: Subject) -> str | None:
    """Why the models cannot be run here, or None."""
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("transformers") is None:
        return "models need: pip install 'tokenworks[models]'"
    if not one.generates:
        return "no causal language model"
    needed = 2.5 * 2 * one.weights.bytes  # in float32, with room for the work
    free = _free_memory()
    if free is not None and needed > free:
        return f"running it takes about {needed / 1e9:.0f} GB, {free / 1e9:.0f} GB are free"
    return None


def _free_memory() -> float | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return None


def compare_models(
    before: LanguageModel, after: LanguageModel, match: Match, texts: Sequence[str], name: str
) -> tuple[Scored, list[Check]]:
    """Score both models on the same texts, and compare their logits where only shared tokens stand."""
    checks = [_same_logits(before, after, match, texts), _generates(after, match, texts)]
    old, new = before.score(texts), after.score(texts)
    scored = Scored(
        name,
        int(old.bytes.sum()),
        old.bits_per_byte,
        new.bits_per_byte,
        len(old.ids),
        len(new.ids),
        int(old.changed.sum()),
        int(new.changed.sum()),
    )
    return scored, checks


def _same_logits(
    before: LanguageModel, after: LanguageModel, match: Match, texts: Sequence[str]
) -> Check:
    most = min(_TOKENS, before.context or _TOKENS)
    ids: list[int] = []
    for text in texts:
        encoded = match.new.encode(text[:20_000], specials="text", errors="replace")
        ids += [number for number in encoded.tolist() if match.source[number] >= 0]
        if len(ids) >= most:
            break
    ids = ids[:most]
    if not ids:
        return Check("logits of shared tokens", None, "the text has no shared tokens")
    shared = match.shared
    one = before.logits(match.source[ids]).float().cpu().numpy()[:, match.source[shared]]
    two = after.logits(np.array(ids)).float().cpu().numpy()[:, shared]
    worst = float(np.abs(one - two).max())
    allowed = _TOLERANCE * max(1.0, float(np.abs(one).max()))
    return Check(
        "logits of shared tokens",
        worst <= allowed,
        f"differ by at most {worst:.2g} over {len(ids)} tokens of shared text "
        f"(rounding allows {allowed:.2g})",
    )


def _generates(model: LanguageModel, match: Match, texts: Sequence[str]) -> Check:
    start = model.tokenizer.encode(" ".join(texts)[:200], specials="text", errors="replace")[:32]
    context: Any = np.concatenate([np.array(model.start, np.int64), start.astype(np.int64)])
    made = _continued(model, context, 16)
    known = set(token_ids(model.tokenizer).tolist())
    padding = [number for number in made if number not in known]
    if any(match.source[number] < 0 for number in padding):
        return Check("generation", False, f"row {padding[0]}, which has no token, was generated")
    text = model.tokenizer.decode([number for number in made if number in known])
    if padding:  # rows of the old model, which may have been as likely there
        return Check(
            "generation", None, f"{len(padding)} of 16 are padding rows; else {text[:80]!r}"
        )
    return Check("generation", True, f"opens in transformers and goes on: {text[:80]!r}")


def _continued(model: LanguageModel, context: Any, many: int) -> list[int]:
    """The likeliest tokens one after the other."""
    made: list[int] = []
    given, state = context, None
    for _ in range(many):
        try:
            logs, state = model.step(given, state)
        except UnsupportedError:  # a model without a cache reads everything again
            logs = model.log_probs(np.concatenate([context, np.array(made, np.int64)]))
        given = logs[-1].argmax(keepdims=True).astype(np.int64)
        made += given.tolist()
    return made


def _lengths(rows: StoredRows) -> Any:
    size = max(1, BLOCK // max(1, rows.width))
    parts = [
        np.linalg.norm(rows.take(np.arange(at, min(at + size, rows.rows))), axis=1)
        for at in range(0, rows.rows, size)
    ]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def _norms(part: str, origin: str, lengths: Any) -> Norms:
    low, high = np.quantile(lengths, (0.01, 0.99))
    return Norms(part, origin, len(lengths), float(lengths.mean()), float(low), float(high))
