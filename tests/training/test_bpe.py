"""Whole byte-level tokenizers against the reference trainer."""

from __future__ import annotations

import json

import pytest
from assets import asset
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.training.bpe import bpe
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource


def reference(texts: list[str], pattern: str, **options: object) -> Tokenizer:
    # the reference's regex engine reads {1,3}+ as a repetition of the repetition
    regex = pretokens(pattern).regex.replace("{1,3}+", "{1,3}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(regex), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(show_progress=False, initial_alphabet=alphabet, **options)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def assert_equal(texts: list[str], pattern: str, vocab_size: int, special: list[str]) -> None:
    ours = bpe(TextSource.of_texts(texts), vocab_size, pattern=pattern, special=special)
    theirs = reference(texts, pattern, vocab_size=vocab_size, special_tokens=special)
    model = json.loads(theirs.to_str())["model"]
    merges = [(to_characters(a), to_characters(b)) for a, b in ours.merges]
    assert merges == [tuple(pair) for pair in model["merges"]]
    vocabulary = {
        (
            content
            if (content := dict(map(reversed, ours.specials.items())).get(id))
            else to_characters(ours.token_bytes(id))
        ): id
        for id in range(ours.n_tokens)
    }
    assert vocabulary == model["vocab"]
    for text in texts[:3]:
        assert ours.encode(text, specials="text").tolist() == theirs.encode(text).ids


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k", "llama3", "qwen2"])
def test_equal_on_126_languages(pattern: str) -> None:
    texts = [one.text for one in declarations()]
    assert_equal(texts, pattern, 4000, ["<|endoftext|>", "<pad>"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bench/en.txt", "bench/multi.txt"])
def test_equal_on_books_and_the_web(name: str) -> None:
    with asset(name).open("rb") as file:
        text = file.read(4_000_000).decode("utf-8", "ignore")
    assert_equal(text.splitlines(keepends=True), "cl100k", 20_000, [])


@settings(max_examples=60)
@given(
    texts=st.lists(st.text("aab  b\n.7é", min_size=20, max_size=200), min_size=2, max_size=6),
    size=st.integers(257, 270),
)
def test_equal_on_random_text(texts: list[str], size: int) -> None:
    try:
        assert_equal(texts, "gpt2", size, [])
    except OptionError:
        return  # too little text for that many merges


def test_reserved_tokens_and_padding() -> None:
    source = TextSource.of_texts([one.text for one in declarations()[:5]])
    plain = bpe(source, 300, special=["<s>"])
    padded = bpe(source, 303, special=["<s>"], reserved=3, pad_to_multiple=64)
    assert padded.n_tokens == padded.max_id_plus_one == 320
    assert padded.merges == plain.merges
    assert padded.specials["<s>"] == 0
    assert padded.specials["<|reserved_0|>"] == 300
    assert padded.specials["<|reserved_19|>"] == 319
    text = "Everyone has the right."
    assert padded.encode(text).tolist() == plain.encode(text).tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocab_size": 200}, "256 bytes and 0 reserved tokens take 256 already"),
        ({"vocab_size": 5000}, "cannot be reached: the corpus gives 263 tokens"),
        ({"vocab_size": 260, "special": ["a", "a"]}, "different from each other"),
        ({"vocab_size": 300, "reserved": -1}, "reserved is -1"),
        ({"vocab_size": 300, "pad_to_multiple": 0}, "pad_to_multiple is 0"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        bpe(TextSource.of_texts(["abcdefgh"]), **options)  # type: ignore[arg-type]


def test_an_empty_memory_bound_names_what_fits() -> None:
    source = TextSource.of_texts(["some text"], memory=1 << 20)
    with pytest.raises(OptionError, match="--memory 1MB is for the whole process"):
        bpe(source, 300)
