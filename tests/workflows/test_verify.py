"""`verify`: against other libraries, on corpora, in its uses, and from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tiktoken
import tokenizers
from assets import asset

from tokenworks.cli import main
from tokenworks.errors import OptionError, TokenworksError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition
from tokenworks.workflows.verify import subject, verify


def variant(name: str = "gpt2", **fields: object) -> Tokenizer:
    definition = Tokenizer.load(name).definition
    return Tokenizer.from_definition(replace(definition, **fields))  # type: ignore[arg-type]


def tiktoken_gpt2(pattern: str | None = None) -> object:
    d = Tokenizer.load("gpt2").definition
    ranks = dict(zip(d.model.pieces, d.model.ids.tolist(), strict=True))
    original = Tokenizer.load("gpt2").pattern
    return tiktoken.Encoding(
        "gpt2",
        pat_str=pattern or original,
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": 50256},
    )


def test_equal_to_tiktoken() -> None:
    result = verify("gpt2", tiktoken_gpt2(), budget=300_000)
    assert result.equal
    assert result.aspects == ("text", "allow")
    assert result.texts > 1000
    assert set(result.by_source) >= {"scripts", "vocabulary", "specials"}


def test_a_reference_with_another_pattern_is_told_apart() -> None:
    result = verify("gpt2", tiktoken_gpt2(r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+"), budget=100_000)
    assert result.verdict == "different"
    assert result.counterexample is not None
    assert len(result.counterexample.text) <= 2
    assert result.differences == ()


def test_equal_to_the_tokenizers_library() -> None:
    path = asset("tokenizers/gpt-neox.json")
    reference = tokenizers.Tokenizer.from_file(str(path))
    result = verify(str(path), reference, budget=300_000)
    assert result.equal
    assert result.aspects == ("text", "allow", "template")


def test_equal_to_sentencepiece() -> None:
    path = asset("tokenizers/mistral-v1.model")
    reference = sentencepiece.SentencePieceProcessor(model_file=str(path))
    assert verify(str(path), reference, budget=300_000).equal


def test_any_object_with_encode() -> None:
    tokenizer = Tokenizer.load("gpt2")

    class Doubling:
        def encode(self, text: str) -> list[int]:
            ids = tokenizer.encode(text, specials="text").tolist()
            return ids * 2 if "zq" in text else ids

    result = verify(tokenizer, Doubling(), texts=["long " * 500 + "a zq here"], budget=1000)
    assert result.counterexample is not None
    assert result.counterexample.text == "zq"
    assert result.counterexample.source == "given"
    with pytest.raises(OptionError, match="cannot compare a int"):
        verify(tokenizer, 3)


def test_corpora_are_read(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    rows = [{"text": "nothing here"}] * 50 + [{"text": "some words and then qzxv at last"}]
    corpus.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    other = subject("gpt2")
    plain = other.encoders["text"]

    def changed(texts: object) -> object:
        flat, starts = plain(texts)  # type: ignore[arg-type]
        at = [i for i, t in enumerate(texts) if "qzxv" in t]  # type: ignore[arg-type, var-annotated]
        flat[starts[at].astype(int)] += 1
        return flat, starts

    result = verify("gpt2", replace(other, encoders={"text": changed}), on=[corpus], budget=0)  # type: ignore[arg-type]
    assert result.counterexample is not None
    assert result.counterexample.text == "qzxv"
    assert result.counterexample.source == "corpus: corpus.jsonl"
    with pytest.raises(TokenworksError):
        verify("gpt2", "gpt2", on=[tmp_path / "absent.txt"], budget=0)


def test_ids_as_trained() -> None:
    with_bos = variant(bos_id=50256, add_bos=True)
    assert verify("gpt2", with_bos, budget=10_000, aspects=["text"]).equal
    result = verify("gpt2", with_bos, budget=10_000, aspects=["text"], trained=True)
    assert result.counterexample is not None
    assert result.counterexample.aspect == "trained"
    assert {d.effect for d in result.differences} == {"shown"}
    assert verify("gpt2", with_bos, budget=10_000).counterexample is not None  # add_special


def test_the_part_to_blame_among_several() -> None:
    changed = variant(
        normalizer=({"type": "NFKC"},),
        added=(AddedToken(50256, "<|endoftext|>"), AddedToken(50257, "<|unused|>")),
        eos_id=None,
    )
    result = verify("gpt2", changed, budget=100_000, aspects=["text"])
    assert set(result.components) == {"normalizer", "added tokens", "eos_id"}
    assert result.counterexample is not None
    assert result.counterexample.cause == "normalizer"
    assert len(result.counterexample.text) == 1


def tiny(merges: list[tuple[int, int]]) -> Tokenizer:
    pieces = [bytes([i]) for i in range(256)] + [b"ab", b"cd", b"bc", b"bcd"]
    model = Bpe(
        tuple(pieces),
        np.arange(len(pieces), dtype=np.uint32),
        np.array(merges, dtype=np.uint32),
        byte_level=True,
    )
    step = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": True,
    }
    return Tokenizer.from_definition(
        Definition("tiny", model, pretokenizer=(step,), decoder=(step,))
    )


def test_what_no_text_can_tell_is_proved() -> None:
    ab, cd = (97, 98), (99, 100)
    passed = verify(tiny([ab, cd]), tiny([cd, ab]), budget=20_000)
    assert passed.equal
    assert passed.differences[0].effect == "proved-none"
    assert "competes in no text" in passed.differences[0].reason
    assert "no text can tell" in passed.sentence()
    # b + cd can never fire when b + c comes first
    dead = verify(tiny([(98, 99), cd, (98, 257)]), tiny([(98, 99), cd]), budget=20_000)
    assert dead.equal
    assert dead.differences[0].effect == "proved-none"
    assert "can never fire" in dead.differences[0].reason


def test_competing_merges_are_told_apart() -> None:
    ab, bc = (97, 98), (98, 99)
    found = verify(tiny([ab, bc]), tiny([bc, ab]), budget=0)
    assert found.counterexample is not None
    assert found.counterexample.text == "abc"
    assert found.texts < 200


def test_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few = ["--budget", "20000"]
    assert main(["verify", "gpt2", "gpt2", *few]) == 0
    shown = capsys.readouterr()
    assert "equal (" in shown.out
    assert "texts" in shown.out
    assert main(["verify", "gpt2", "cl100k_base", *few]) == 1
    assert "the shortest text found" in capsys.readouterr().out
    assert main(["verify", "gpt2", "cl100k_base", *few, "--json", "--quiet"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "different"
    assert data["counterexample"]["a"][0]["id"] != data["counterexample"]["b"][0]["id"]
    for wrong in (["verify", "gpt2", "nope"], ["verify", "gpt2", "gpt2", "--mode", "x"]):
        assert main(wrong) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["verify", "gpt2", "gpt2", "--on", str(tmp_path / "absent"), *few]) == 2
