"""Small faults to plant in real tokenizers, and what `verify` must say of each.

A fault changes one definition. `component` is the part that the report must name; `verdict` is what
must come out: `different` with a counterexample, `permuted`, or `equal` where no text can tell (then
`effect` is what the report says of the part).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Unigram

Change = Callable[[Definition], Definition]


@dataclass(frozen=True)
class Mutation:
    """One fault in one tokenizer."""

    base: str
    name: str
    change: Change
    component: str
    verdict: str = "different"
    effect: str = "shown"


def with_model(**fields: Any) -> Change:
    return lambda d: replace(d, model=replace(d.model, **fields))


def equal_merges_reversed() -> Change:
    """Merges of equal rank in the opposite order, and from then on by place."""

    def change(definition: Definition) -> Definition:
        model = definition.model
        assert isinstance(model, Bpe) and model.merge_ranks is not None
        places = np.lexsort((-np.arange(len(model.merges)), model.merge_ranks))
        return replace(
            definition, model=replace(model, merges=model.merges[places], merge_ranks=None)
        )

    return change


def merges_swapped(i: int, j: int) -> Change:
    def change(d: Definition) -> Definition:
        assert isinstance(d.model, Bpe)
        merges = d.model.merges.copy()
        merges[[i, j]] = merges[[j, i]]
        return replace(d, model=replace(d.model, merges=merges))

    return change


def merge_dropped(i: int) -> Change:
    def change(d: Definition) -> Definition:
        assert isinstance(d.model, Bpe)
        ranks = d.model.merge_ranks
        return replace(
            d,
            model=replace(
                d.model,
                merges=np.delete(d.model.merges, i, axis=0),
                merge_ranks=None if ranks is None else np.delete(ranks, i),
            ),
        )

    return change


def merge_moved(i: int, j: int) -> Change:
    def change(d: Definition) -> Definition:
        assert isinstance(d.model, Bpe)
        rows = d.model.merges.tolist()
        rows.insert(j, rows.pop(i))
        return replace(d, model=replace(d.model, merges=np.array(rows, dtype=np.uint32)))

    return change


def ids_swapped(i: int, j: int) -> Change:
    def change(d: Definition) -> Definition:
        ids = d.model.ids.copy()
        ids[[i, j]] = ids[[j, i]]
        return replace(d, model=replace(d.model, ids=ids))

    return change


def piece_respelled(i: int, spelling: bytes) -> Change:
    def change(d: Definition) -> Definition:
        pieces = list(d.model.pieces)
        pieces[i] = spelling
        return replace(d, model=replace(d.model, pieces=tuple(pieces)))

    return change


def score_changed(piece: str, by: float) -> Change:
    def change(d: Definition) -> Definition:
        assert isinstance(d.model, Unigram)
        scores = d.model.scores.copy()
        scores[d.model.pieces.index(piece.encode())] += by
        return replace(d, model=replace(d.model, scores=scores))

    return change


def step(part: str, kind: str | None, **fields: Any) -> Change:
    """Change fields of the first step of this type, or drop the step when no fields are given."""

    def change(d: Definition) -> Definition:
        steps = list(getattr(d, part))
        at = next(i for i, s in enumerate(steps) if s["type"] == kind)
        steps[at : at + 1] = [{**steps[at], **fields}] if fields else []
        return replace(d, **{part: tuple(steps)})

    return change


def steps_become(part: str, *steps: dict[str, Any]) -> Change:
    return lambda d: replace(d, **{part: tuple(steps)})


def first_step(part: str, added: dict[str, Any]) -> Change:
    return lambda d: replace(d, **{part: (added, *getattr(d, part))})


def pattern(old: str, new: str) -> Change:
    def change(d: Definition) -> Definition:
        steps = list(d.pretokenizer)
        at = next(i for i, s in enumerate(steps) if s["type"] == "Split")
        before = steps[at]["pattern"]["Regex"]
        assert old in before, before
        steps[at] = {**steps[at], "pattern": {"Regex": before.replace(old, new)}}
        return replace(d, pretokenizer=tuple(steps))

    return change


def added(i: int, **fields: Any) -> Change:
    """Change fields of an added token; drop it when no fields are given."""

    def change(d: Definition) -> Definition:
        tokens = list(d.added)
        at = i % len(tokens)
        tokens[at : at + 1] = [replace(tokens[at], **fields)] if fields else []
        return replace(d, added=tuple(tokens))

    return change


def added_more(token: AddedToken) -> Change:
    return lambda d: replace(d, added=(*d.added, token))


def whole(**fields: Any) -> Change:
    return lambda d: replace(d, **fields)


def prefix_space(flag: bool) -> Change:
    return step("pretokenizer", "ByteLevel", add_prefix_space=flag)


def spaces(**fields: bool) -> Change:
    return step("normalizer", "SentencePieceSpaces", **fields)


def bert(**fields: bool) -> Change:
    return step("normalizer", "BertNormalizer", **fields)


def specials_swapped(i: int, j: int) -> Change:
    return lambda d: added(i, id=d.added[j].id)(added(j, id=d.added[i].id)(d))


GPT2, NEOX, CL100K, QWEN, LLAMA3 = "gpt2", "gpt-neox", "cl100k_base", "qwen2.5", "llama3"
MISTRAL, UNIGRAM, WORDPIECE = "mistral-v1", "unigram", "wordpiece"
DIGITS = {"type": "Digits", "individual_digits": True}
SPACES = {"type": "WhitespaceSplit"}
NFC, NFD, NFKC, LOWER = ({"type": t} for t in ("NFC", "NFD", "NFKC", "Lowercase"))

MUTATIONS = [
    Mutation(GPT2, "two merges swapped, early", merges_swapped(2, 300), "merges"),
    Mutation(GPT2, "two merges swapped, middle", merges_swapped(500, 2000), "merges"),
    Mutation(GPT2, "two merges swapped, late", merges_swapped(20000, 49000), "merges"),
    Mutation(GPT2, "first merge dropped", merge_dropped(0), "merges"),
    Mutation(GPT2, "a merge dropped", merge_dropped(31415), "merges"),
    Mutation(GPT2, "last merge dropped", merge_dropped(49999), "merges"),
    Mutation(GPT2, "a merge moved up", merge_moved(4000, 40), "merges"),
    Mutation(GPT2, "a merge moved down", merge_moved(40, 4000), "merges"),
    Mutation(GPT2, "two ids swapped", ids_swapped(1000, 2000), "ids", "permuted", "not-found"),
    Mutation(GPT2, "pretokenizer dropped", step("pretokenizer", "Split"), "pretokenizer"),
    Mutation(GPT2, "prefix space flipped", prefix_space(True), "pretokenizer"),
    Mutation(GPT2, "digits cut singly", first_step("pretokenizer", DIGITS), "pretokenizer"),
    Mutation(GPT2, "NFC added", steps_become("normalizer", NFC), "normalizer"),
    Mutation(GPT2, "lower case added", steps_become("normalizer", LOWER), "normalizer"),
    Mutation(GPT2, "special moved", added(0, id=50300), "added tokens"),
    Mutation(GPT2, "special renamed", added(0, content="<|end_of_text|>"), "added tokens"),
    Mutation(GPT2, "special dropped", added(0), "added tokens"),
    Mutation(GPT2, "special strips left", added(0, lstrip=True), "added tokens"),
    Mutation(GPT2, "special strips right", added(0, rstrip=True), "added tokens"),
    Mutation(GPT2, "special only as a word", added(0, single_word=True), "added tokens"),
    Mutation(GPT2, "a token more", added_more(AddedToken(50257, "<|pad|>")), "added tokens"),
    Mutation(
        GPT2,
        "an ordinary token more",
        added_more(AddedToken(50257, "qzx", special=False)),
        "added tokens",
    ),
    Mutation(GPT2, "decoder dropped", steps_become("decoder"), "decoder"),
    Mutation(
        GPT2,
        "byte_fallback flipped",
        with_model(byte_fallback=True),
        "byte_fallback",
        "equal",
        "proved-none",
    ),
    Mutation(
        GPT2,
        "ignore_merges flipped",
        with_model(ignore_merges=False),
        "ignore_merges",
        "equal",
        "proved-none",
    ),
    Mutation(
        GPT2, "unknown token set", with_model(unk_id=0), "unknown token", "equal", "proved-none"
    ),
    Mutation(
        GPT2, "fuse_unk flipped", with_model(fuse_unk=True), "fuse_unk", "equal", "proved-none"
    ),
    Mutation(GPT2, "eos moved", whole(eos_id=13), "eos_id", "equal", "beside"),
    Mutation(GPT2, "BOS added in training", whole(add_bos=True), "add_bos", "equal", "beside"),
    Mutation(NEOX, "NFC dropped", steps_become("normalizer"), "normalizer"),
    Mutation(NEOX, "NFC to NFKC", steps_become("normalizer", NFKC), "normalizer"),
    Mutation(NEOX, "NFC to NFD", steps_become("normalizer", NFD), "normalizer"),
    Mutation(NEOX, "a run of spaces dropped", added(-1), "added tokens"),
    Mutation(CL100K, "digits by two", pattern(r"\p{N}{1,3}", r"\p{N}{1,2}"), "pretokenizer"),
    Mutation(CL100K, "digits by four", pattern(r"\p{N}{1,3}", r"\p{N}{1,4}"), "pretokenizer"),
    Mutation(CL100K, "contractions in one case", pattern(r"'(?i:", r"'(?:"), "pretokenizer"),
    Mutation(
        CL100K, "marks join letters", pattern(r"?+\p{L}++", r"?+[\p{L}\p{M}]++"), "pretokenizer"
    ),
    Mutation(
        CL100K,
        "ignore_merges flipped",
        with_model(ignore_merges=False),
        "ignore_merges",
        "equal",
        "proved-none",
    ),
    Mutation(QWEN, "digits by three", pattern(r"|\p{N}|", r"|\p{N}{1,3}|"), "pretokenizer"),
    Mutation(QWEN, "last space rule dropped", pattern(r"|\s+(?!\S)", ""), "pretokenizer"),
    Mutation(
        QWEN,
        "line ends apart",
        pattern(r"[^\s\p{L}\p{N}]+[\r\n]*", r"[^\s\p{L}\p{N}]+"),
        "pretokenizer",
    ),
    Mutation(QWEN, "NFC dropped", steps_become("normalizer"), "normalizer"),
    Mutation(QWEN, "two specials swapped", specials_swapped(1, 2), "added tokens"),
    Mutation(LLAMA3, "ignore_merges flipped", with_model(ignore_merges=False), "ignore_merges"),
    Mutation(LLAMA3, "two merges swapped", merges_swapped(100, 250_000), "merges"),
    Mutation(MISTRAL, "byte_fallback flipped", with_model(byte_fallback=False), "byte_fallback"),
    Mutation(MISTRAL, "no dummy prefix", spaces(add_dummy_prefix=False), "normalizer"),
    Mutation(MISTRAL, "extra spaces removed", spaces(remove_extra_whitespaces=True), "normalizer"),
    Mutation(MISTRAL, "equal merges the other way round", equal_merges_reversed(), "merges"),
    Mutation(MISTRAL, "a merge dropped", merge_dropped(100), "merges"),
    Mutation(UNIGRAM, "a score lowered", score_changed("\u2581the", -4.0), "scores"),
    Mutation(UNIGRAM, "a score raised", score_changed("er", 6.0), "scores"),
    Mutation(UNIGRAM, "unknown token moved", with_model(unk_id=5), "unknown token"),
    Mutation(UNIGRAM, "a piece respelled", piece_respelled(300, b"qqq"), "vocabulary"),
    Mutation(UNIGRAM, "character map dropped", step("normalizer", "Precompiled"), "normalizer"),
    Mutation(
        WORDPIECE,
        "longer words",
        with_model(max_input_chars_per_word=120),
        "max_input_chars_per_word",
    ),
    Mutation(
        WORDPIECE,
        "shorter words",
        with_model(max_input_chars_per_word=99),
        "max_input_chars_per_word",
    ),
    Mutation(
        WORDPIECE,
        "another prefix",
        with_model(continuing_subword_prefix="@@"),
        "continuing_subword_prefix",
    ),
    Mutation(WORDPIECE, "case kept", bert(lowercase=False), "normalizer"),
    Mutation(WORDPIECE, "accents kept", bert(strip_accents=False), "normalizer"),
    Mutation(WORDPIECE, "Han not cut", bert(handle_chinese_chars=False), "normalizer"),
    Mutation(WORDPIECE, "control characters kept", bert(clean_text=False), "normalizer"),
    Mutation(
        WORDPIECE, "only white space cuts", steps_become("pretokenizer", SPACES), "pretokenizer"
    ),
    # BERT's steps drop white space anyway, so that stripping it changes nothing.
    Mutation(
        WORDPIECE, "[MASK] strips", added(-1, lstrip=True), "added tokens", "equal", "not-found"
    ),
]
