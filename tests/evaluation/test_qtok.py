"""Categories of vocabularies, and what tokenizers share."""

from __future__ import annotations

import pytest

from tokenworks import Tokenizer
from tokenworks.evaluation.qtok import CATEGORIES, SCRIPTS, categorized, qtok


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        (b" the", ("spaced letters", "LATIN")),
        (b" x1", ("spaced other", None)),
        (b"ing", ("inner letters", "LATIN")),
        ("Привет".encode(), ("inner letters", "CYRILLIC")),
        ("aЯ".encode(), ("inner other", None)),
        ("世".encode(), ("letter", "CJK")),
        (b" ", ("symbol", None)),
        (b"7", ("symbol", None)),
        (b"\xe4", ("byte", None)),
        (b"\xe4\xb8", ("partial characters", None)),
        (b"<|endoftext|>", ("control", None)),
        (b"[PAD]", ("control", None)),
        (b"<div>", ("inner other", None)),
        ("नमस्ते".encode(), ("inner letters", "DEVANAGARI")),
    ],
)
def test_category(spelled: bytes, expected: tuple[str, str | None]) -> None:
    kinds, scripts = categorized([b"\xff\n", spelled, b""])
    script = SCRIPTS[scripts[1] - 1] if scripts[1] else None
    assert (CATEGORIES[kinds[1]], script) == expected
    assert [CATEGORIES[kind] for kind in kinds[::2]] == ["partial characters", "control"]


def test_categories_partition_the_vocabulary() -> None:
    gpt2 = Tokenizer.load("gpt2")
    rows = qtok([gpt2])
    counts = [row.value for row in rows if row.metric == "category_tokens"]
    assert len(counts) == len(CATEGORIES)
    assert sum(counts) == gpt2.n_tokens
    assert sum(row.value for row in rows if row.metric == "category_share") == pytest.approx(100)
    scripts = {row.group: row.value for row in rows if row.metric == "script_tokens"}
    assert scripts["Latin"] > 30_000
    assert scripts["Latin"] > 50 * scripts["Cyrillic"]


def test_what_tokenizers_share() -> None:
    gpt2, again, neox = (Tokenizer.load(name) for name in ("gpt2", "gpt2", "gpt-neox"))
    same = {(r.tokenizer, r.metric): r.value for r in qtok([gpt2, again])}
    assert same["gpt2", "singletons"] == 0
    assert same["gpt2", "core_share"] == same["gpt2 (2)", "core_share"] == 100
    both = {(r.tokenizer, r.metric): r.value for r in qtok([gpt2, neox])}
    ours = {gpt2.token_bytes(i) for i in range(50256)}
    theirs = {neox.token_bytes(i) for i in neox.definition.model.ids.tolist()}
    assert both["gpt2", "singletons"] == pytest.approx(
        100 * len(ours - theirs) / len(ours), abs=0.1
    )
    assert 0 < both["gpt-neox", "singletons"] < 60


def test_words_of_languages() -> None:
    gpt2 = Tokenizer.load("gpt2")
    words = {"en": frozenset({"the", "house", "no"}), "it": frozenset({"no", "casa", "zzqx"})}
    found = {(row.metric, row.group): row.value for row in qtok([gpt2], words=words)}
    assert found["language_words", "en"] == 3  # "no" is a word of both
    assert found["language_words", "it"] == sum(
        gpt2.id_of(spelled) is not None for spelled in (b" no", b" casa", b" zzqx")
    )
    assert found["language_words_alone", "en"] == 2
    declared = {row.group: row.value for row in qtok([gpt2]) if row.metric == "language_words"}
    assert len(declared) > 60 and declared["English"] == max(declared.values())
