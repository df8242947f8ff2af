"""Superwords: two phases against one, vetoes, encoding, and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import boundless, bpe_training
from tokenizers import Tokenizer as Reference

from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration
from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.text.hostile import hostile_texts
from tokenworks.tokenizer.definition import Bpe, TwoPhase
from tokenworks.tokenizer.two_phase import word_phase
from tokenworks.training.boundlessbpe import boundlessbpe
from tokenworks.training.bpe import bpe
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.superbpe import superbpe
from tokenworks.training.superwords import ELIGIBLE, race
from tokenworks.training.vocabulary import BYTE_ORDER

WORDS = " ?[a-z]+|[^a-z]"


def texts_of(*codes: str) -> list[str]:
    return [declaration(code).text for code in codes]


ENGLISH = texts_of("en")
phrases = st.lists(
    st.sampled_from(["ab", " ab", " a", " ba", " aab", ".", " b", " abab"]), min_size=8, max_size=60
).map("".join)


@settings(max_examples=150)
@given(documents=st.lists(phrases, min_size=1, max_size=4), merges=st.integers(1, 25))
def test_two_phases_learn_what_one_phase_learns(documents: list[str], merges: int) -> None:
    split = pretokens("gpt2")
    matches = regex.compile(ELIGIBLE).match
    parted = []
    for document in documents:
        edges = split.spans(document).tolist()
        data = document.encode()
        parted.append([data[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)])
    alphabet = [bytes((byte,)) for byte in BYTE_ORDER]
    words, supers = boundless.learn(
        parted, alphabet, merges, lambda word: bool(matches(word.decode()))
    )
    if len(words) + len(supers) < merges:
        return  # too little text; the one-phase learner stops early as well
    try:
        trained = boundlessbpe(TextSource.of_texts(documents), 256 + merges, pattern="gpt2")
    except OptionError:
        # words alone do not fill the vocabulary, so the first phase ended early
        return
    model, phases = trained.definition.model, trained.definition.two_phase
    assert phases is not None
    assert phases.word_merges == len(words)
    assert list(model.pieces[256:]) == words + supers


@pytest.mark.parametrize("codes", [("en",), ("de", "tr", "en"), ("th", "ja", "hi")])
def test_each_run_of_words_is_joined_by_rank(codes: tuple[str, ...]) -> None:
    source = TextSource.of_texts(texts_of(*codes))
    trained = superbpe(source, 494, transition=480, special=["<|end|>"])
    for text in [*texts_of(*codes), *(s.text for s in hostile_texts(seed=3, budget=5_000))]:
        ids = trained.encode(text, specials="text").tolist()
        assert ids == by_hand(trained, text), repr(text)
        batch, starts = trained.encode_batch([text, "", text], specials="text")
        assert batch.tolist() == ids + ids
        assert starts.tolist() == [0, len(ids), len(ids), 2 * len(ids)]
        same, spans = trained.encode_spans(text, specials="text")
        assert same.tolist() == ids
        data = text.encode()
        assert [data[a:b] for a, b in spans.tolist()] == [trained.token_bytes(i) for i in ids]


def by_hand(trained: Tokenizer, text: str) -> list[int]:
    definition = trained.definition
    phases, model = definition.two_phase, definition.model
    assert phases is not None
    assert isinstance(model, Bpe)
    words = Tokenizer.from_definition(word_phase(definition))
    by_bytes = {piece: id for id, piece in enumerate(model.pieces)}
    ranks = {tuple(pair): rank for rank, pair in enumerate(model.merges.tolist())}
    split = replace(pretokens("gpt2"), name="", scanner="", regex=phases.pattern)
    edges, data = split.spans(text).tolist(), text.encode()
    out: list[list[int]] = [[]]  # runs; lists that hold one pretoken's tokens stand alone
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        ids = words.encode(data[a:b].decode(), specials="text").tolist()
        if len(ids) == 1:
            out[-1].append(ids[0])
        else:
            out += [[], *([id] for id in ids), []]
    joined: list[int] = []
    for run in out:
        while True:
            best = min(
                (ranks.get((x, y), len(ranks)), i)
                for i, (x, y) in enumerate(zip([*run, -1], [*run[1:], -1, -1], strict=False))
            )
            if best[0] < phases.word_merges or best[0] == len(ranks):
                break
            i = best[1]
            run[i : i + 2] = [by_bytes[model.pieces[run[i]] + model.pieces[run[i + 1]]]]
        joined += run
    return joined


def test_special_tokens_part_runs() -> None:
    trained = superbpe(TextSource.of_texts(ENGLISH), 700, transition=600, special=["<|end|>"])
    text = "of the right of the<|end|> right of the<|end|>"
    ids = trained.encode(text, specials="allow").tolist()
    parts = [trained.encode(part).tolist() for part in ("of the right of the", " right of the")]
    assert ids == [*parts[0], 0, *parts[1], 0]
    assert trained.decode(ids) == text
    other = superbpe(
        TextSource.of_texts(ENGLISH), 560, transition=500, special=["<|end|>"], pattern=WORDS
    )
    ids = other.encode(text, specials="allow").tolist()
    parts = [other.encode(part).tolist() for part in ("of the right of the", " right of the")]
    assert ids == [*parts[0], 0, *parts[1], 0]


def test_runs_of_any_regex_are_those_of_the_native_scanner() -> None:
    named = superbpe(TextSource.of_texts(ENGLISH), 900, pattern="gpt2")
    regexed = superbpe(TextSource.of_texts(ENGLISH), 900, pattern=f"(?:{pretokens('gpt2').regex})")
    assert named.merges == regexed.merges


@pytest.mark.parametrize("variant", ["runs", "chunks"])
def test_words_are_those_of_bpe_and_superwords_save_tokens(variant: str) -> None:
    texts = texts_of("en", "de", "tr")
    trained = superbpe(TextSource.of_texts(texts), 1200, transition=900, variant=variant)
    words = bpe(TextSource.of_texts(texts), 900, pattern="o200k")
    assert trained.merges[:644] == words.merges
    more = sum(trained.count(text) for text in texts)
    assert more < sum(words.count(text) for text in texts)
    assert trained.n_tokens == 1200


def test_vetoes() -> None:
    texts = [
        text + "\nNote: the note: the end: of the end" * 20 for text in texts_of("en", "es", "fr")
    ]
    for options in ({"variant": "chunks"}, {"max_words": 3, "veto_colon_space": True}):
        trained = superbpe(TextSource.of_texts(texts), 1100, transition=900, **options)
        limit = options.get("max_words", 4)
        for _, piece in zip(range(trained.n_tokens), trained.definition.model.pieces, strict=True):
            assert len(piece.split(b" ")) - piece.split(b" ").count(b"") <= limit
            assert b": " not in piece
    free = superbpe(TextSource.of_texts(texts), 1100, transition=900)
    assert max(len(piece.split()) for piece in free.definition.model.pieces) > 4


@given(documents=st.lists(phrases, min_size=1, max_size=4))
def test_chunks_go_on_where_words_end(documents: list[str]) -> None:
    split = pretokens("superbpe")
    try:
        trained = superbpe(
            TextSource.of_texts(documents), 266, transition=261, variant="chunks", pattern="gpt2"
        )
    except OptionError:
        return
    alphabet = [bytes((byte,)).decode("latin-1") for byte in BYTE_ORDER]
    pieces = [piece.decode("latin-1") for piece in trained.definition.model.pieces]
    corpus: dict[tuple[int, ...], int] = {}
    for document in documents:
        edges, data = split.spans(document).tolist(), document.encode()
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            chunk = tuple(alphabet.index(chr(byte)) for byte in data[a:b])
            corpus[chunk] = corpus.get(chunk, 0) + 1
    for (left, right), token in zip(
        trained.definition.model.merges.tolist()[:5], range(256, 261), strict=True
    ):
        after: dict[tuple[int, ...], int] = {}
        for chunk, count in corpus.items():
            new = bpe_training.merged(chunk, (left, right), token)
            after[new] = after.get(new, 0) + count
        corpus = after

    def allowed(text: str) -> bool:
        return ": " not in text and len([w for w in text.split(" ") if w]) <= 4

    found = bpe_training.learn(corpus, pieces[:261], 266, allowed=allowed)
    assert [tuple(pair) for pair in trained.definition.model.merges.tolist()[5:]] == [
        (left, right) for left, right, _, _ in found
    ]


def test_a_chunk_tokenizer_is_the_same_in_the_reference(tmp_path: Path) -> None:
    texts = texts_of("en", "fr")
    trained = superbpe(TextSource.of_texts(texts), 1000, variant="chunks")
    trained.save(tmp_path / "out")
    assert not (tmp_path / "out" / "tokenworks.json").exists()
    reference = Reference.from_file(str(tmp_path / "out" / "tokenizer.json"))
    for text in [*texts, *texts_of("de", "tr")]:
        assert reference.encode(text).ids == trained.encode(text).tolist()


def test_two_phases_survive_saving(tmp_path: Path) -> None:
    trained = boundlessbpe(TextSource.of_texts(ENGLISH), 900)
    trained.save(tmp_path / "out")
    again = Tokenizer.load(tmp_path / "out")
    assert again == trained
    assert again.encode(ENGLISH[0]).tolist() == trained.encode(ENGLISH[0]).tolist()
    again.save(tmp_path / "twice")
    assert Tokenizer.load(tmp_path / "twice") == trained
    with pytest.raises(UnsupportedError, match="two phases, which tiktoken cannot say"):
        trained.save(tmp_path / "ranks", format="tiktoken")
    (tmp_path / "out" / "tokenworks.json").write_text('{"two_phase": {"pattern": 3}}')
    with pytest.raises(FormatError, match=r"tokenworks\.json.*word_merges"):
        Tokenizer.load(tmp_path / "out")


def test_auto_is_the_race_of_counts() -> None:
    source = TextSource.of_texts(ENGLISH)
    automatic = superbpe(source, 900, transition="auto")
    assert automatic.merges == boundlessbpe(source, 900).merges
    assert race(np.array([9, 5, 5, 1]), np.array([9, 6, 5]), 5) == 3
    assert race(np.array([2]), np.array([], dtype=np.uint64), 5) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transition": 2.5e9}, "transition is 2500000000.0; expected 'auto'"),
        ({"transition": "soon"}, "transition is 'soon'"),
        ({"variant": "chunk"}, "variant 'chunk' is not one of runs, chunks"),
        ({"variant": "chunks", "transition": "auto"}, "'auto' is for runs"),
        ({"eligible": "("}, "is no regular expression"),
        ({"vocab_size": 60_000}, "cannot be reached"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    arguments = {"vocab_size": 800} | options
    with pytest.raises(OptionError, match=message):
        superbpe(TextSource.of_texts(ENGLISH), **arguments)  # type: ignore[arg-type]


def test_a_second_phase_needs_bytes() -> None:
    definition = bpe(TextSource.of_texts(ENGLISH), 300).definition
    assert isinstance(definition.model, Bpe)
    text = replace(definition.model, byte_level=False)
    with pytest.raises(UnsupportedError, match="two phases need a byte-level BPE model"):
        word_phase(replace(definition, model=text, two_phase=TwoPhase("x", 1)))
