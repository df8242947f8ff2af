"""Normalizers, digit rules and mixtures: what a method learns from."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError, UnknownNameError
from tokenworks.registry import resolve
from tokenworks.text import Mix
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.training.boundlessbpe import boundlessbpe
from tokenworks.training.bpe import bpe
from tokenworks.training.digits import RULES
from tokenworks.training.normalizers import normalizer_steps
from tokenworks.training.pretokens import Pretokens, pretokens
from tokenworks.training.source import TextSource

TEXTS = [one.text for one in declarations()[:40]]
MIXED = [f"{text} ﬁne ① Ⅷ é {text.title()}" for text in TEXTS]


def test_a_normalizer_gives_the_merges_of_the_reference() -> None:
    theirs = Tokenizer(models.BPE())
    theirs.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    theirs.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pretokens("gpt2").regex), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    theirs.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    theirs.train_from_iterator(MIXED, trainer)
    ours = bpe(TextSource.of_texts(MIXED), 2000, pattern="gpt2", normalizer=["nfkc", "lowercase"])
    merges = [(to_characters(a), to_characters(b)) for a, b in ours.merges]
    assert merges == [tuple(pair) for pair in json.loads(theirs.to_str())["model"]["merges"]]
    for text in MIXED[:5]:
        assert ours.encode(text).tolist() == theirs.encode(text).ids


def test_two_phases_normalize_first(tmp_path: Path) -> None:
    options = {"special": ("<|END|>",)}
    uniform = [unicodedata.normalize("NFKC", text) for text in TEXTS]
    plain = boundlessbpe(TextSource.of_texts(uniform), 2000, **options)  # type: ignore[arg-type]
    wide = [text.replace("a", "ａ").replace("n", "ｎ") for text in TEXTS]
    ours = boundlessbpe(
        TextSource.of_texts(wide),
        2000,
        normalizer=["nfkc"],
        **options,  # type: ignore[arg-type]
    )
    assert ours.merges == plain.merges
    ours.save(tmp_path / "out", format="huggingface")
    again = tw.Tokenizer.load(tmp_path / "out")
    for text in wide[:9]:
        written = f"{text[:200]}<|END|>{text[200:500]}"
        ids = again.encode(written, specials="allow").tolist()
        uniform = [unicodedata.normalize("NFKC", part) for part in written.split("<|END|>")]
        first, second = (plain.encode(part).tolist() for part in uniform)
        assert ids == [*first, 0, *second]
        joined, spans = again.encode_spans(written, specials="allow")
        assert joined.tolist() == ids
        assert spans[-1, 1] == len(written.encode())


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k", "llama3", "qwen2", "superbpe"])
@settings(max_examples=25)
@given(number=st.integers(0, 10**9))
def test_digit_rules(pattern: str, number: int) -> None:
    digits = str(number)
    expected = {
        "none": [digits],
        "1": list(digits),
        "3": regex.findall(".{1,3}", digits),
        "3-right": f"{number:,}".split(","),
    }
    for rule in RULES:
        text = f"a {digits}."
        spans = pretokens(pattern, rule).spans(text).tolist()
        found = [text[a:b] for a, b in zip(spans[::2], spans[1::2], strict=True)]
        assert [part.strip() for part in found if regex.search(r"\d", part)] == expected[rule]


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k", "llama3", "tekken"])
@settings(max_examples=12)
@given(text=st.text(st.sampled_from("a1٣Ⅷ² \n.,é🙂'sS"), max_size=40))
def test_digits_split_natively_are_those_of_the_one_regex(pattern: str, text: str) -> None:
    for rule in RULES:
        native = pretokens(pattern, rule)
        one = Pretokens("", native.regex, "")
        assert native.runs or native.scanner
        assert native.spans(text).tolist() == one.spans(text).tolist()


@pytest.mark.parametrize("algorithm", ["bpe", "boundlessbpe"])
def test_numbers_are_encoded_as_they_were_learned(algorithm: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    text = " ".join(f"{n * 7919:d}" for n in range(9000))
    source = TextSource.of_texts([*TEXTS, text])
    made = resolve(algorithm, "training")(source, 1500, digits="3-right")
    made.save(tmp_path / "out", format="huggingface")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "out")
    again = tw.Tokenizer.load(tmp_path / "out")
    for sample in ("about 1234567 of 12 in 2024", text[:300], *TEXTS[:5]):
        ids = again.encode(sample).tolist()
        assert again.decode(ids) == sample
        if algorithm == "bpe":
            assert ids == theirs.encode(sample, add_special_tokens=False)
        pieces = [again.token_bytes(number) for number in ids]
        assert all(len(piece) <= 3 for piece in pieces if piece.isdigit())
    assert [again.token_bytes(n) for n in again.encode("x1234567")][1] == b"1"


def test_a_digit_rule_that_a_pattern_has_already_changes_nothing() -> None:
    assert pretokens("llama3", "1").scanner == "qwen2"
    assert pretokens("o200k", "3").scanner == "o200k"
    kept = bpe(TextSource.of_texts(MIXED), 900, pattern="o200k", digits="3")
    assert kept.merges == bpe(TextSource.of_texts(MIXED), 900, pattern="o200k").merges


def test_names_that_are_wrong_have_one_clear_error() -> None:
    with pytest.raises(
        UnknownNameError, match="unknown normalizer 'nfck'; did you mean nfc or nfkd or nfkc"
    ):
        normalizer_steps(["nfck"])
    with pytest.raises(OptionError, match="no JSON"):
        normalizer_steps(["{type: NFC}"])
    with pytest.raises(OptionError, match='has no "type"'):
        normalizer_steps(["{}"])
    with pytest.raises(OptionError, match="normalizer"):
        normalizer_steps(['{"type": "Nonsense"}'])
    with pytest.raises(OptionError, match="digits '4' is not one of none, 1, 3, 3-right"):
        pretokens("gpt2", "4")
    with pytest.raises(OptionError, match="no alternative for numbers alone"):
        pretokens("whitespace", "1")


@pytest.fixture
def languages(tmp_path: Path) -> Path:
    for code, times in (("en", 40), ("tr", 10)):
        folder = tmp_path / "corpus" / code
        folder.mkdir(parents=True)
        lines = [f"{code} {word} {n}" for n in range(times * 30) for word in ("one", "two")]
        for number in range(8):
            text = "\n".join(lines[number::8])
            (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return tmp_path / "corpus"


def test_a_mixture_has_the_shares_that_were_asked_for(
    languages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", str(languages), "--vocab-size", "300", "--pattern", "gpt2", "--json"]
    mixture = ["--mix", "en=0.5", "--mix", "tr=0.5"]
    for engine in ("threads", "processes"):
        out = tmp_path / engine
        assert main([*arguments, *mixture, "--engine", engine, "-o", str(out)]) == 0
        said = json.loads(capsys.readouterr().out)
        shares = {label: one["share"] for label, one in said["mix"]["labels"].items()}
        assert shares == pytest.approx({"en": 0.5, "tr": 0.5}, abs=0.1)
        assert said["mix"]["scarcest"] == "tr"
        assert said["counts"]["bytes"] == said["mix"]["bytes"]
    first, second = (tw.Tokenizer.load(tmp_path / name) for name in ("threads", "processes"))
    assert first.sha256 == second.sha256
    assert main([*arguments, "--mix", "en=1", "--mix", "de=1", "-o", str(tmp_path / "no")]) == 2
    assert "no document has the label 'de'; labels: en" in capsys.readouterr().err
    assert main([*arguments, "--mix", "en", "-o", str(tmp_path / "no")]) == 2
    assert "not LABEL=WEIGHT" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"corpus", "threads", "processes"}
    files = [*arguments, "--mix", "0=1", "--mix", "1=1", "-o", str(tmp_path / "files")]
    files[1] = str(languages / "en")
    assert main(files) == 0
    assert set(json.loads(capsys.readouterr().out)["mix"]["labels"]) == {"0", "1"}


def test_temperature_evens_out(languages: Path) -> None:
    plain = tw.train(languages, vocab_size=300, mix=Mix())
    warm = tw.train(languages, vocab_size=300, mix=Mix(temperature=5.0))
    assert plain.mix is not None
    assert warm.mix is not None
    assert warm.mix["labels"]["tr"]["share"] > plain.mix["labels"]["tr"]["share"] * 1.4  # type: ignore[index]
