"""Why no text produces a token: each step of the tokenizer is taken away in turn, and the model asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.tokenizer.merge_trace import MergeTrace
from tokenworks.tokenizer.model_alone import model_alone
from tokenworks.workflows.audit.describe import quoted
from tokenworks.workflows.audit.reach import CONTEXTS
from tokenworks.workflows.text_around import as_texts, completions, impossible

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Reason = tuple[str, str]  # kind of finding, and the sentence


def reasons(tokenizer: Tokenizer, left: dict[int, bytes]) -> dict[int, Reason]:
    """For every token without a witness, the kind of its trouble and a sentence.

    Args:
        tokenizer: the tokenizer.
        left: ids and bytes of the tokens that no text was found for.
    """
    d = tokenizer.definition
    out: dict[int, Reason] = {}
    piece_of = dict(zip(d.model.ids.tolist(), d.model.pieces, strict=True))
    reached: dict[bytes, int] = {}
    for i in sorted(piece_of):
        if i not in left:
            reached.setdefault(tokenizer.token_bytes(i), i)
    unused: frozenset[int] = getattr(d.model, "unused", frozenset())
    fallback = getattr(d.model, "byte_fallback", False)
    for i, text in left.items():
        if impossible(text):
            out[i] = ("impossible-bytes", "no UTF-8 text contains these bytes")
        elif i in unused:
            out[i] = ("declared-unused", "the model declares the piece unused")
        elif fallback and _is_byte_piece(piece_of[i]):
            out[i] = ("byte-fallback", "a byte that every character here has a piece instead of")
        elif text in reached:
            out[i] = ("duplicate", f"token {reached[text]} has the same bytes and is taken instead")
    rest = {i: piece_of[i] for i in left if i not in out}
    by_model = _model_reasons(tokenizer, rest)
    out.update(by_model)
    rest = {i: p for i, p in rest.items() if i not in by_model}
    out.update(_step_reasons(tokenizer, rest))
    return out


def _is_byte_piece(piece: bytes) -> bool:
    return len(piece) == 6 and piece.startswith(b"<0x") and piece.endswith(b">")


def _model_reasons(tokenizer: Tokenizer, rest: dict[int, bytes]) -> dict[int, Reason]:
    model = tokenizer.definition.model
    if isinstance(model, Bpe):
        trace = MergeTrace(model)
        out: dict[int, Reason] = {}
        for i, piece in rest.items():
            if model.ignore_merges and _is_text(piece):
                continue
            if not trace.reachable(trace.index_of[piece]):
                out[i] = ("merges", explain_merges(trace, piece))
        return out
    return _preferred(tokenizer, rest)


def _is_text(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


def _preferred(tokenizer: Tokenizer, rest: dict[int, bytes]) -> dict[int, Reason]:
    """Unigram and WordPiece: what the model takes instead of the piece."""
    d = tokenizer.definition
    pairs = [(i, p.decode()) for i, p in rest.items() if _is_text(p)]
    if not pairs:
        return {}
    model_only = type(tokenizer).from_definition(model_alone(d))
    flat, starts = model_only.encode_batch([t for _, t in pairs], specials="text")
    piece_of = dict(zip(d.model.ids.tolist(), d.model.pieces, strict=True))
    score: dict[int, float] = {}
    if isinstance(d.model, Unigram):
        score = dict(zip(d.model.ids.tolist(), d.model.scores.tolist(), strict=True))
    out: dict[int, Reason] = {}
    for n, (i, _) in enumerate(pairs):
        ids = flat[int(starts[n]) : int(starts[n + 1])].tolist()
        if ids == [i]:
            continue
        parts = " + ".join(quoted(piece_of.get(t, b"?")) for t in ids)
        why = f"the model takes {parts} instead"
        if score and all(t in score for t in ids):
            why += f" (score {sum(score[t] for t in ids):.3f} against {score[i]:.3f})"
        out[i] = ("not-preferred", why)
    return out


def explain_merges(trace: MergeTrace, piece: bytes) -> str:
    """What merging makes of a piece's spelling, and which earlier merge is in the way."""
    symbols = trace.symbols(piece)
    if symbols is None:
        return "its characters are not all in the vocabulary"
    final, done = trace.run(symbols)
    ends = (
        f"merging its spelling ends in {' + '.join(quoted(trace.model.pieces[p]) for p in final)}"
    )
    target = trace.index_of[piece]
    making = trace.making.get(target, ())
    if not making:
        return f"{ends}; no merge makes it"
    left, right = making[0]
    first = trace.symbols(trace.model.pieces[left])
    border = len(first) if first is not None else 0
    pieces = trace.model.pieces
    wanted = f"{quoted(pieces[left])} + {quoted(pieces[right])}"
    for merged in done:
        if merged.start < border < merged.end:
            taken = f"{quoted(pieces[merged.left])} + {quoted(pieces[merged.right])}"
            return f"{ends}; {wanted} would make it, but {taken} (rank {merged.rank}) comes before"
    return f"{ends}; {wanted} would make it, but one of the two cannot be reached itself"


def _step_reasons(tokenizer: Tokenizer, rest: dict[int, bytes]) -> dict[int, Reason]:
    d = tokenizer.definition
    plain = model_alone(d)
    changes: list[tuple[str, str, Callable[[], Definition]]] = [
        (
            "shadowed-by-added",
            "an added token is matched first",
            lambda: replace(d, added=()),
        ),
        (
            "pretokenizer-splits",
            "the pretokenizer always cuts it",
            lambda: replace(d, pretokenizer=plain.pretokenizer),
        ),
        (
            "normalizer-changes",
            "the normalizer changes its text",
            lambda: replace(d, normalizer=()),
        ),
        ("steps", "normalizer and pretokenizer together prevent it", lambda: plain),
    ]
    out: dict[int, Reason] = {}
    for texts_of in (as_texts, completions):  # few texts first: they explain nearly all
        for kind, sentence, change in changes:
            todo = {i: p for i, p in rest.items() if i not in out}
            if not todo:
                break
            changed = type(tokenizer).from_definition(change())
            for i in _seen(changed, tokenizer, todo, texts_of):
                out[i] = (kind, sentence + _detail(kind, todo[i]))
    for i in rest:
        if i not in out:
            out[i] = ("no-witness", "no text was found; none of the steps alone explains it")
    return out


def _seen(
    changed: Tokenizer,
    tokenizer: Tokenizer,
    todo: dict[int, bytes],
    texts_of: Callable[[bytes], Iterable[str]],
) -> set[int]:
    texts: list[str] = []
    for i, piece in todo.items():
        for spelled in {piece, tokenizer.token_bytes(i)}:
            for text in texts_of(spelled):
                texts += [context.replace("{}", text) for context in CONTEXTS]
    if not texts:
        return set()
    flat, _ = changed.encode_batch(texts, specials="text")
    return set(np.unique(flat).tolist()) & set(todo)


def _detail(kind: str, piece: bytes) -> str:
    if kind != "pretokenizer-splits":
        return ""
    text = piece.decode("utf-8", "ignore")
    if any(c.isnumeric() for c in text):
        return " (digits)"
    if any(c.isspace() for c in text.strip(" ")) or text.endswith(" "):
        return " (white space)"
    if any(c in "'’" for c in text):
        return " (apostrophe)"
    return " (letters beside other characters)"
