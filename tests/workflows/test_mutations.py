"""`verify` finds and names every planted fault, and raises no false alarm."""

from __future__ import annotations

import string
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from assets import asset
from workflows.mutations import MUTATIONS, Mutation

from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, WordPiece
from tokenworks.workflows.verify import verify

EMBEDDED = ("gpt2", "gpt-neox", "cl100k_base", "qwen2.5", "mistral-v1")
FILES = {
    "llama3": "tokenizers/llama3.hf",
    "unigram": "tokenizers/compoundpiece_spm_subset/tokenizers/baseline/monolingual/fr.model",
}
WORDS = "the of and to in un believ able run ning token s ing ed play er walk 19 20 世 界 é ##qq"


def wordpiece() -> Definition:
    """An uncased WordPiece tokenizer with every ASCII letter and digit, and a few pieces."""
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation, "\x07", "İ", "É", "A"]
    spelled = ["[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    spelled += [f"##{c}" for c in letters] + WORDS.split()
    spelled += [f"##{w}" for w in ("able", "ing", "ning", "s", "ed", "er")]
    spelled += [f"@@{c}" for c in string.ascii_lowercase]
    unique = list(dict.fromkeys(spelled))
    return Definition(
        "wordpiece",
        WordPiece(
            tuple(w.encode() for w in unique), np.arange(len(unique), dtype=np.uint32), unk_id=0
        ),
        normalizer=(
            {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
        ),
        pretokenizer=({"type": "BertPreTokenizer"},),
        decoder=({"type": "WordPiece", "prefix": "##", "cleanup": True},),
        added=tuple(AddedToken(i, w) for i, w in enumerate(spelled[:4])),
    )


@cache
def base(name: str) -> Tokenizer:
    if name == "wordpiece":
        return Tokenizer.from_definition(wordpiece())
    return Tokenizer.load(name if name in EMBEDDED else str(asset(FILES[name])))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.base}: {m.name}")
def test_a_planted_fault_is_found_and_named(mutation: Mutation) -> None:
    original = base(mutation.base)
    changed = Tokenizer.from_definition(mutation.change(original.definition))
    result = verify(original, changed, budget=100_000)
    assert result.components == (mutation.component,)
    assert result.verdict == mutation.verdict, result.sentence()
    (difference,) = result.differences
    assert difference.effect == mutation.effect
    if mutation.verdict != "different":
        assert result.counterexample is None
        return
    found = result.counterexample
    assert found is not None
    assert found.cause == mutation.component
    assert 0 < len(found.text) <= 130  # the longest is a WordPiece word of 121 letters
    assert (found.a != found.b) or found.decoded_a != found.decoded_b


@pytest.mark.parametrize("name", [*EMBEDDED, *FILES, "wordpiece"])
def test_no_alarm_for_the_same_tokenizer(name: str) -> None:
    result = verify(base(name), Tokenizer.from_definition(base(name).definition), budget=200_000)
    assert result.verdict == "equal"
    assert result.differences == ()
    assert result.texts > 1000


def test_no_alarm_when_only_the_order_of_the_pieces_differs() -> None:
    original = base("gpt2").definition
    assert isinstance(original.model, Bpe)
    order = np.random.default_rng(0).permutation(len(original.model.pieces))
    place = np.argsort(order).astype(np.uint32)
    model = replace(
        original.model,
        pieces=tuple(original.model.pieces[i] for i in order),
        ids=original.model.ids[order],
        merges=place[original.model.merges],
    )
    shuffled = Tokenizer.from_definition(replace(original, model=model))
    result = verify(base("gpt2"), shuffled, budget=200_000)
    assert result.verdict == "equal"
    assert result.differences == ()


def test_permuted_ids_are_equal_by_bytes() -> None:
    original = base("gpt2").definition
    ids = original.model.ids.copy()
    ids[:50256] = np.random.default_rng(1).permutation(ids[:50256])
    permuted = Tokenizer.from_definition(replace(original, model=replace(original.model, ids=ids)))
    assert verify(base("gpt2"), permuted, budget=50_000).verdict == "permuted"
    assert verify(base("gpt2"), permuted, budget=50_000, mode="bytes").verdict == "equal"
    by_ids = verify(base("gpt2"), permuted, budget=50_000, mode="ids")
    assert by_ids.counterexample is not None
    assert len(by_ids.counterexample.text) == 1


def test_there_are_at_least_forty_that_a_text_shows() -> None:
    assert sum(m.verdict == "different" for m in MUTATIONS) >= 40
