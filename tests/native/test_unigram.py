"""Unigram and the SentencePiece normalization against `sentencepiece` and `tokenizers`."""

from __future__ import annotations

import base64
import io
import json
import random
import time
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets import asset
from tests.native.reference import Step, expected, found, native, reference, texts
from tests.native.test_normalizers import CLOSE, EACH_CHARACTER, all_code_points
from tokenizers import Tokenizer

from tokenworks import _native
from tokenworks.tokenizer import sentencepiece_model
from tokenworks.tokenizer.definition import Definition, Unigram

MODELS = "tokenizers/compoundpiece_spm_subset/tokenizers/baseline/monolingual"
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "foo", "bar", "<sep>"]
WORDS += ["naïve", "café", "Straße", "ﬁne", "①②", "日本語", "ｶﾞ\u0301"]
TEXTS = st.text(alphabet="".join(WORDS) + CLOSE, max_size=24)

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "byte_fallback": {"byte_fallback": True},
    "spaces_kept": {"remove_extra_whitespaces": False, "user_defined_symbols": ["  ", "x"]},
    "no_prefix": {"add_dummy_prefix": False},
    "suffix": {"treat_whitespace_as_suffix": True},
    "identity": {"normalization_rule_name": "identity"},
    "folded": {
        "normalization_rule_name": "nmt_nfkc_cf",
        "user_defined_symbols": ["<sep>", "ｶﾞ", "Fo"],
    },
}


def train(**options: Any) -> bytes:
    """A small SentencePiece model of made-up sentences."""
    chooser = random.Random(3)
    sentences = [" ".join(chooser.choices(WORDS, k=8)) for _ in range(300)]
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=out,
        vocab_size=400,
        hard_vocab_limit=False,
        character_coverage=0.995,
        model_type="unigram",
        minloglevel=2,
        **options,
    )
    return out.getvalue()


def native_model(model: Unigram, *, flavour: str | None = None) -> _native.Model:
    return _native.unigram(
        list(model.pieces),
        model.ids.tolist(),
        model.scores.tolist(),
        model.unk_id,
        model.byte_fallback,
        flavour or model.flavour,
        model.user_defined,
        model.unused,
    )


def encode(
    pipeline: _native.Pipeline, model: _native.Model, text: str
) -> list[tuple[int, int, int]]:
    """(id, begin, end) of every token, in bytes of the text."""
    out = []
    for piece, _, spans in pipeline.run(text):
        ids, ends = model.encode(piece)
        begin = 0
        for i, end in zip(ids, ends, strict=True):
            last = spans[end - 1][1] if end > begin else spans[begin][0]
            out.append((i, spans[begin][0], last))
            begin = end
    return out


def by_sentencepiece(
    processor: sentencepiece.SentencePieceProcessor, text: str
) -> list[tuple[int, int, int]]:
    pieces = processor.encode(text, return_type="proto").pieces
    return [(p.id, p.begin, p.end) for p in pieces]


def loaded(data: bytes) -> tuple[Definition, Unigram, sentencepiece.SentencePieceProcessor]:
    definition = sentencepiece_model.parse(data, "trained.model")
    assert isinstance(definition.model, Unigram)
    return (
        definition,
        definition.model,
        sentencepiece.SentencePieceProcessor(model_proto=data),
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_same_as_sentencepiece_on_random_texts(name: str) -> None:
    definition, model, processor = loaded(train(**OPTIONS[name]))
    pipeline, unigram = native(definition.normalizer), native_model(model)

    @settings(max_examples=300, deadline=None)
    @given(st.one_of(TEXTS, st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
    def check(text: str) -> None:
        assert encode(pipeline, unigram, text) == by_sentencepiece(processor, text)

    check()


def test_same_as_sentencepiece_on_every_code_point() -> None:
    definition, model, processor = loaded(train(byte_fallback=True))
    pipeline, unigram = native(definition.normalizer), native_model(model)
    for line in all_code_points():
        got = [
            i for piece, _, _ in pipeline.run(line, track=False) for i in unigram.encode(piece)[0]
        ]
        assert got == processor.encode(line)


@pytest.mark.parametrize("language", ["de", "hi", "ru", "tr"])
def test_same_as_sentencepiece_on_real_models(language: str) -> None:
    path = asset(f"{MODELS}/{language}.model")
    definition, model, processor = loaded(path.read_bytes())
    pipeline, unigram = native(definition.normalizer), native_model(model)
    with asset("corpora/multi.txt").open(encoding="utf-8") as lines:
        paragraphs = lines.read(3_000_000)[2_800_000:].split("\n\n")
    for text in paragraphs:
        assert encode(pipeline, unigram, text) == by_sentencepiece(processor, text)


def test_same_as_sentencepiece_on_long_texts() -> None:
    # Repeats make ties, which the rounding of the summed scores decides; the sums start anew
    # whenever they fall below -100,000.
    definition, model, processor = loaded(train(user_defined_symbols=["x"]))
    pipeline, unigram = native(definition.normalizer), native_model(model)
    chooser = random.Random(11)
    ties = ["oo" * 20, "e" * 33, "foofoo", "barbar" * 9, "thethethe", "x", "☃☃", "qui", "ok"]
    text = " ".join(chooser.choices(ties, k=60_000))
    ids = [i for p, _, _ in pipeline.run(text, track=False) for i in unigram.encode(p)[0]]
    assert ids == processor.encode(text)


def charsmap_steps() -> tuple[Step, ...]:
    definition, _, _ = loaded(train())
    charsmap = definition.normalizer[0]["precompiled_charsmap"]
    return ({"type": "Precompiled", "precompiled_charsmap": charsmap},)


def test_precompiled_map_as_tokenizers_reads_it() -> None:
    steps = charsmap_steps()
    ours, theirs = native(steps), reference(steps).normalizer
    assert theirs is not None
    for line in all_code_points():
        for text in (line, line.replace("a", "\u0301"), line.replace("a", "")):
            assert "".join(texts(ours, text, track=False)) == theirs.normalize_str(text)
    each, each_theirs = native(steps, EACH_CHARACTER), reference(steps, EACH_CHARACTER)

    @settings(max_examples=500, deadline=None)
    @given(TEXTS)
    def check(text: str) -> None:
        assert "".join(texts(ours, text)) == theirs.normalize_str(text)
        # Where the map removes a text's first character the reference loses count.
        if theirs.normalize_str(text[:1]) or not text:
            assert found(each, text) == expected(each_theirs, text)

    check()


@pytest.mark.parametrize("byte_fallback", [False, True])
def test_same_as_tokenizers(byte_fallback: bool) -> None:
    _, model, _ = loaded(train(byte_fallback=byte_fallback))
    theirs = Tokenizer.from_str(_huggingface(model, byte_fallback))
    unigram = native_model(model, flavour="tokenizers")
    steps = ({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},)
    pipeline = native((), steps)

    @settings(max_examples=500, deadline=None)
    @given(st.one_of(TEXTS, st.text(alphabet="".join(WORDS) + "<unk></s>", max_size=30)))
    def check(text: str) -> None:
        encoding = theirs.encode(text, add_special_tokens=False)
        got = encode(pipeline, unigram, text)
        assert [i for i, _, _ in got] == encoding.ids
        if not byte_fallback:  # there each byte token spans the whole run in the reference
            at = [len(text[:i].encode()) for i in range(len(text) + 1)]
            assert [s for _, *s in got] == [[at[a], at[b]] for a, b in encoding.offsets]

    check()


def _huggingface(model: Unigram, byte_fallback: bool) -> str:
    vocab = [[p.decode(), s] for p, s in zip(model.pieces, model.scores.tolist(), strict=True)]
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": metaspace,
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "Unigram",
                "unk_id": model.unk_id,
                "vocab": vocab,
                "byte_fallback": byte_fallback,
            },
        }
    )


def test_long_words_in_linear_time() -> None:
    _, model, _ = loaded(train())
    unigram = native_model(model)
    start = time.perf_counter()
    for text in (b"a" * 10_000_000, "☃".encode() * 3_000_000, b"the" * 3_000_000):
        ids, ends = unigram.encode(text)
        assert ends[-1] == len(text)
        assert ids
    assert time.perf_counter() - start < 30


def test_damaged_maps_never_crash() -> None:
    charsmap = base64.b64decode(charsmap_steps()[0]["precompiled_charsmap"])
    chooser = random.Random(7)
    for _ in range(200):
        blob = bytearray(charsmap)
        for _ in range(chooser.randrange(1, 2000)):
            blob[chooser.randrange(4, len(blob))] = chooser.randrange(256)
        for flavour in (None, "sentencepiece"):
            step = {"type": "Precompiled", "precompiled_charsmap": bytes(blob), "flavour": flavour}
            try:
                pipeline = native((step,))
            except ValueError as error:
                assert "precompiled_charsmap" in str(error)
                continue
            pipeline.run(CLOSE * 3)


def test_missing_unknown_token_is_one_clear_error() -> None:
    model = _native.unigram([b"a"], [0], [-1.0], None)
    assert model.encode(b"aa") == ([0, 0], [1, 2])
    with pytest.raises(RuntimeError, match="names no unk_id"):
        model.encode(b"ab")
    with pytest.raises(ValueError, match="unk_id 5 is the id of no piece"):
        _native.unigram([b"a"], [0], [-1.0], 5)
    with pytest.raises(ValueError, match="1 pieces, 2 ids and 1 scores"):
        _native.unigram([b"a"], [0, 1], [-1.0], None)
