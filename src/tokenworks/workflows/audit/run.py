"""`audit`: every token of a tokenizer, whether text can produce it, and how the tokenizer behaves."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tokenworks.text.reading import documents_of
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe
from tokenworks.tokenizer.merge_trace import MergeTrace
from tokenworks.tokenizer.model_alone import unmerged
from tokenworks.workflows.audit.describe import by_category, by_script, longest, shown
from tokenworks.workflows.audit.drift import drift
from tokenworks.workflows.audit.embedding_rows import embedding_rows
from tokenworks.workflows.audit.reach import Reach, ordinary_tokens, reach
from tokenworks.workflows.audit.reasons import explain_merges, reasons
from tokenworks.workflows.audit.result import AuditResult, Finding, Level, Rows, Token
from tokenworks.workflows.audit.splits import splits
from tokenworks.workflows.audit.usage import usage
from tokenworks.workflows.verify.shrink import shrink

DOCUMENT = 1 << 16  # bytes; longer documents of a corpus are cut
LISTED = 50  # tokens kept in a finding
# Kind -> level and what is said of the tokens.
KINDS: dict[str, tuple[Level, str]] = {
    "merges": ("finding", "no merges reach them"),
    "not-preferred": ("finding", "the model always takes other pieces"),
    "pretokenizer-splits": ("finding", "the pretokenizer cuts every text that holds them"),
    "normalizer-changes": ("finding", "the normalizer changes every text that holds them"),
    "shadowed-by-added": ("finding", "an added token is matched first"),
    "steps": ("finding", "normalizer and pretokenizer together prevent them"),
    "duplicate": ("finding", "another token has the same bytes"),
    "no-witness": ("finding", "no text was found that produces them"),
    "added-unreachable": ("finding", "added tokens that their own spelling does not give"),
    "added-shadows": ("note", "ordinary tokens spelled like an added token"),
    "rows": ("finding", "the model has fewer embedding rows than the tokenizer has ids"),
    "whole-only": ("note", "merges cannot reach them; only taking a pretoken whole does"),
    "in-context": ("note", "need other text beside them"),
    "partial-utf8": ("note", "cut characters: cannot stand alone"),
    "impossible-bytes": ("note", "bytes that no UTF-8 text contains"),
    "byte-fallback": ("note", "byte tokens of characters that have a piece of their own"),
    "declared-unused": ("note", "pieces that the model itself declares unused"),
}


def audit(
    tokenizer: Any,
    on: str | Path | Sequence[str | Path] | None = None,
    model: str | Path | None = None,
    *,
    seed: int = 0,
) -> AuditResult:
    """Examine every token of a tokenizer.

    Args:
        tokenizer: a `Tokenizer`, or the name or path of one.
        on: corpora whose use of the vocabulary is counted, and which drift is measured on.
        model: a model folder or `.safetensors` file whose embedding rows are compared.
        seed: of everything that is drawn.

    Returns:
        Findings (what is wrong), notes (what is worth knowing), and the tables.

    Raises:
        TokenworksError: the tokenizer, a corpus or the model cannot be read.
    """
    begin = time.perf_counter()
    tok = Tokenizer.load(str(tokenizer)) if isinstance(tokenizer, str | Path) else tokenizer
    paths = [on] if isinstance(on, str | Path) else list(on or ())
    head = list(islice(_texts(paths), 2000))
    tokens = ordinary_tokens(tok)
    found = reach(tok, tokens, seed)
    sorted_out: dict[str, list[Token]] = defaultdict(list)
    left = {i: p for i, p in tokens.items() if not found.seen[i]}
    for i, (kind, why) in sorted(reasons(tok, left).items()):
        sorted_out[kind].append(Token(i, shown(tokens[i]), why))
    _reached(tok, tokens, found, sorted_out)
    _whole_only(tok, found, sorted_out)
    _added(tok, tokens, sorted_out)
    used = usage(tok, _texts(paths))[0] if paths else None
    rows = embedding_rows(model, tok) if model is not None else None
    if rows is not None:
        _check_rows(rows, sorted_out)
    return AuditResult(
        name=tok.name,
        tokens=tok.n_tokens,
        highest_id_plus_one=tok.max_id_plus_one,
        findings=tuple(_findings(sorted_out)),
        longest=longest(tokens),
        scripts=by_script(list(tokens.values())),
        categories=by_category(list(tokens.values())),
        splits=splits(tok),
        drift=drift(tok, head, seed),
        usage=used,
        rows=rows,
        seconds=time.perf_counter() - begin,
    )


def _texts(paths: Sequence[str | Path]) -> Iterator[str]:
    if not paths:
        return iter(())
    return (
        document.text
        for path in paths
        for document in documents_of(path, max_document_bytes=DOCUMENT)
    )


def _reached(
    tok: Tokenizer, tokens: dict[int, bytes], found: Reach, sorted_out: dict[str, list[Token]]
) -> None:
    for i, piece in tokens.items():
        if found.alone[i] or not found.seen[i]:
            continue
        text = shown(piece)
        kind = "in-context"
        try:
            piece.decode()
        except UnicodeDecodeError:
            kind = "partial-utf8"
        where = found.witness.get(i)
        if where is None or len(sorted_out[kind]) >= LISTED:
            why = "seen"
        else:
            why = f"seen in {_shortest(tok, i, where)!r}"
        sorted_out[kind].append(Token(i, text, why))


def _shortest(tok: Tokenizer, token: int, text: str) -> str:
    """The witness cut down to what the token needs."""
    return shrink(text, lambda t: token in tok.encode(t, specials="text"), limit=400)


def _whole_only(tok: Tokenizer, found: Reach, sorted_out: dict[str, list[Token]]) -> None:
    """Tokens that only `ignore_merges` reaches: encoders that apply merges alone never give them."""
    d = tok.definition
    if not isinstance(d.model, Bpe) or not d.model.ignore_merges:
        return
    trace = MergeTrace(d.model)
    listed = sorted_out["whole-only"]
    for n in unmerged(d).tolist():
        token, piece = int(d.model.ids[n]), d.model.pieces[n]
        if found.seen[token]:
            why = explain_merges(trace, piece) if len(listed) < LISTED else ""
            listed.append(Token(token, shown(piece), why))


def _added(tok: Tokenizer, tokens: dict[int, bytes], sorted_out: dict[str, list[Token]]) -> None:
    added = tok.definition.added
    if not added:
        return
    flat, starts = tok.encode_batch([t.content for t in added], specials="allow")
    for n, token in enumerate(added):
        ids = flat[int(starts[n]) : int(starts[n + 1])].tolist()
        if ids != [token.id]:
            why = f"its spelling gives {ids[:8]}"
            sorted_out["added-unreachable"].append(Token(token.id, token.content, why))
    spelled = {t.content.encode(): t for t in added}
    for i, piece in tokens.items():
        if piece in spelled:
            token = spelled[piece]
            why = f"{token.id} is taken"
            if token.special:
                why = f"where special tokens are allowed, {why}"
            sorted_out["added-shadows"].append(Token(i, shown(piece), why))


def _check_rows(rows: Rows, sorted_out: dict[str, list[Token]]) -> None:
    for name, count in rows.matrices.items():
        if count < rows.highest_id_plus_one:
            why = f"{name} has {count} rows, the ids reach {rows.highest_id_plus_one - 1}"
            sorted_out["rows"].append(Token(count, name, why))


def _findings(sorted_out: dict[str, list[Token]]) -> Iterator[Finding]:
    for kind, (level, summary) in KINDS.items():
        tokens = sorted_out.get(kind, [])
        if tokens:
            yield Finding(kind, level, summary, len(tokens), tuple(tokens[:LISTED]))
