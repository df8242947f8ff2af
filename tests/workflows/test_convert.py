"""`convert` writes only what is proved equal, and says what differs otherwise."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import sentencepiece

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.errors import OptionError, UnsupportedError, WriteError
from tokenworks.workflows.convert import InexactError, convert, probes

MODELS = Path(__file__).parent.parent / "data" / "sentencepiece"
BUDGET = 60_000


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("gpt2", "huggingface"),
        ("gpt2", "tiktoken"),
        ("gpt2", "gguf"),
        ("kl3m-004-char-4k-cased", "huggingface"),
        ("mistral-v1", "huggingface"),
        ("mistral-v1", "sentencepiece"),
        (str(MODELS / "bpe-unused-equal-scores.model"), "gguf"),
        (str(MODELS / "bpe-unused-equal-scores.model"), "sentencepiece"),
        (str(MODELS / "bpe-byte-fallback.model"), "huggingface"),
        (str(MODELS / "unigram-rules.model"), "sentencepiece"),
    ],
)
def test_exact_conversions(name: str, to: str, tmp_path: Path) -> None:
    result = convert(name, to, tmp_path / "out", budget=BUDGET)
    assert result.exact
    assert result.verification.texts > 100
    assert all(result.same_bytes.values())
    said = json.loads(Path(result.files[-1]).read_text(encoding="utf-8"))
    assert said["exact"] is True
    assert said["differs_on"] is None
    main_file = tmp_path / "out" if to == "huggingface" else Path(result.files[0])
    again = Tokenizer.load(main_file)
    for text in ("", "Hello world", "banana  123\n"):
        assert again.encode(text).tolist() == Tokenizer.load(name).encode(text).tolist()


def test_what_differs_is_not_written(tmp_path: Path) -> None:
    source = MODELS / "bpe-unused-equal-scores.model"
    with pytest.raises(InexactError, match=r"exactly: the text .* nothing was written") as caught:
        convert(source, "huggingface", tmp_path / "out", budget=BUDGET)
    found = caught.value.verification.counterexample
    assert found is not None
    assert len(found.text) <= 3
    assert list(tmp_path.iterdir()) == []
    result = convert(source, "huggingface", tmp_path / "out", budget=BUDGET, inexact=True)
    assert not result.exact
    assert "not exact" in result.notes[0]
    said = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert said["differs_on"] is not None


def test_a_seeded_difference_is_found_for_ranks(tmp_path: Path) -> None:
    definition = Tokenizer.load("gpt2").definition
    model = replace(definition.model, ids=definition.model.ids.copy())
    model.ids[[300, 301]] = model.ids[[301, 300]]
    swapped = Tokenizer.from_definition(replace(definition, model=model))
    with pytest.raises(UnsupportedError, match="ids must be in the order of the merges"):
        convert(swapped, "tiktoken", tmp_path / "out", budget=BUDGET)


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tokenizer.json").write_text("mine", encoding="utf-8")
    with pytest.raises(OptionError, match="exists"):
        convert("gpt2", "huggingface", tmp_path / "out", budget=0)
    assert (tmp_path / "out" / "tokenizer.json").read_text(encoding="utf-8") == "mine"
    convert("gpt2", "huggingface", tmp_path / "out", budget=0, overwrite=True)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises((OptionError, WriteError)):
        convert("gpt2", "gguf", tmp_path / "file" / "x.gguf", budget=0)


def test_probes_hold_competing_splits() -> None:
    texts = probes(Tokenizer.load("mistral-v1").definition)
    assert any(set(text) == {" "} and len(text) > 4 for text in texts)
    assert probes(Tokenizer.load("gpt2").definition) == []


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(MODELS / "bpe-byte-fallback.model")
    out = str(tmp_path / "x.gguf")
    assert main(["convert", model, "--to", "gguf", "-o", out, "--budget", "20000", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["exact"] is True
    assert main(["convert", model, "--to", "tiktoken", "-o", out]) == 2
    assert "not bytes" in capsys.readouterr().err
    odd = str(MODELS / "bpe-unused-equal-scores.model")
    code = main(["convert", odd, "-o", str(tmp_path / "hf"), "--budget", "20000", "--json"])
    assert code == 1
    assert json.loads(capsys.readouterr().out)["verification"]["counterexample"]
    assert main(["convert", model, "--to", "word", "-o", out]) == 2


def test_a_difference_in_decoding_alone_is_shown_as_such(tmp_path: Path) -> None:
    """The same ids, another text: the message shows both texts."""
    out = io.BytesIO()
    lines = ["the cat sat on the mat", "a man, a plan, a canal"] * 50
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=out,
        vocab_size=60,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        minloglevel=5,
    )
    source = tmp_path / "plain.model"
    source.write_bytes(out.getvalue())
    with pytest.raises(UnsupportedError, match="are decoded to ' ⁇ ' before and to '<unk>' after"):
        convert(source, "huggingface", tmp_path / "out", budget=10_000)
    assert not (tmp_path / "out").exists()
