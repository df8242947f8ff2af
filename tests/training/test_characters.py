"""Character-level BPE with byte fallback against the reference trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError
from tokenworks.training.bpe import bpe
from tokenworks.training.characters import in_characters
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource

TEXTS = [one.text for one in declarations()]
BYTES = [f"<0x{value:02X}>" for value in range(256)]


def reference(texts: list[str], size: int, special: list[str], **options: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pretokens("gpt2").regex), "isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=[*special, *BYTES], **options
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@pytest.mark.parametrize(
    ("texts", "size", "options"),
    [
        (TEXTS, 9000, {}),
        (TEXTS[:60], 3000, {"limit_alphabet": 150}),
        (TEXTS[:20], 1500, {"initial_alphabet": list("☃🙂Ω"), "limit_alphabet": 60}),
        (TEXTS[:20], 1500, {"max_token_length": 5, "min_frequency": 3}),
    ],
)
def test_merges_and_ids_are_those_of_the_reference(
    texts: list[str], size: int, options: dict[str, Any]
) -> None:
    special = ["<unk>", "<s>"]
    ours = bpe(
        TextSource.of_texts(texts),
        size,
        alphabet="characters",
        pattern="gpt2",
        special=special,
        **options,
    )
    theirs = reference(texts, size, special, **options)
    model = json.loads(theirs.to_str())["model"]
    vocabulary = {
        piece.decode(): number for number, piece in enumerate(ours.definition.model.pieces)
    }
    limited = "limit_alphabet" in options
    if limited:  # the reference picks among equally rare characters by chance
        assert len(set(vocabulary) ^ set(model["vocab"])) < 0.05 * size
        return
    assert [(a.decode(), b.decode()) for a, b in ours.merges] == [
        tuple(pair) for pair in model["merges"]
    ]
    assert vocabulary == model["vocab"]
    for text in [*texts[:9], "𝄞 unseen 🙂"]:
        assert ours.encode(text).tolist() == theirs.encode(text).ids


def test_a_limit_where_no_two_characters_are_equally_frequent() -> None:
    texts = [" ".join(chr(97 + i) * (50 - i) for i in range(20))]
    options = {"limit_alphabet": 12, "initial_alphabet": ["t"]}
    ours = bpe(TextSource.of_texts(texts), 290, alphabet="characters", pattern="gpt2", **options)
    model = json.loads(reference(texts, 290, [], **options).to_str())["model"]
    pieces = [piece.decode() for piece in ours.definition.model.pieces]
    assert dict(zip(pieces, range(290), strict=True)) == model["vocab"]
    assert pieces[256:268] == [*"abcdefghijk", "t"]


small = bpe(
    TextSource.of_texts(TEXTS[:12] + ["<0x41> <0x41> <0x41>"] * 500), 900, alphabet="characters"
)


@given(text=st.one_of(st.text(), st.sampled_from(["<0x41>", "a<0x0A>b", "\0", "🙂<0xFF>"])))
def test_every_text_survives(text: str) -> None:
    ids = small.encode(text, specials="text")
    assert small.decode_bytes(ids) == text.encode()


def test_a_vocabulary_smaller_than_the_alphabet_names_what_fits() -> None:
    source = TextSource.of_texts(TEXTS)
    with pytest.raises(OptionError, match=r"different characters .* limit_alphabet 244 or less"):
        bpe(source, 500, alphabet="characters")
    assert bpe(source, 500, alphabet="characters", limit_alphabet=244).n_tokens == 500
    for options, message in (
        ({"alphabet": "runes"}, "alphabet 'runes' is not one of bytes, characters"),
        ({"limit_alphabet": 5}, "go with alphabet 'characters'"),
        ({"alphabet": "characters", "limit_alphabet": 0}, "limit_alphabet is 0"),
        ({"alphabet": "characters", "initial_alphabet": [""]}, "holds an empty string"),
    ):
        with pytest.raises(OptionError, match=message):
            bpe(source, 500, **options)  # type: ignore[arg-type]


def test_pretokens_cut_inside_a_character_are_left_out() -> None:
    with pytest.warns(match="longer than 65,536 bytes"):
        counted = TextSource.of_texts(["é" * 40_000 + "x" + "é" * 40_000]).counts(pretokens(r"\w+"))
    words = in_characters(counted)
    assert set(map(chr, words.symbols.tolist())) <= {"é", "x"}
    assert words.starts[-1] == len(words.symbols)


def test_transformers_opens_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import AutoTokenizer

    corpus, out = tmp_path / "corpus.txt", tmp_path / "out"
    corpus.write_text("\n".join(TEXTS[:30]), encoding="utf-8")
    command = ["train", str(corpus), "--alphabet", "characters", "--vocab-size", "2000"]
    command += ["--limit-alphabet", "300", "--initial-alphabet", "☃Ω", "--special", "<|end|>"]
    assert main([*command, "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == 2000
    ours, theirs = tw.Tokenizer.load(out), AutoTokenizer.from_pretrained(str(out))
    assert ours.id_of("☃".encode()) is not None
    for text in [*TEXTS[:40], "𝄞 unseen 🙂\n  two"]:
        ids = theirs.encode(text, add_special_tokens=False)
        assert ids == ours.encode(text).tolist()
        assert theirs.decode(ids) == text
