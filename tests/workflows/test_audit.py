"""`audit` on real tokenizers: every number below was found by looking at every token."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from assets import asset
from safetensors.numpy import save_file

from tokenworks.cli import main
from tokenworks.errors import FormatError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe
from tokenworks.tokenizer.model_alone import unmerged
from tokenworks.workflows.audit import audit


def gpt2_with(**fields: object) -> Tokenizer:
    definition = Tokenizer.load("gpt2").definition
    return Tokenizer.from_definition(replace(definition, **fields))  # type: ignore[arg-type]


def test_llama3_588_tokens_are_reached_only_as_whole_pretokens() -> None:
    """The vocabulary was extended by 28,000 tokens that were not made by merging.

    588 of them are spelled so that an earlier merge always takes one of their parts. Encoders that
    apply the merge list alone never give them; `ignore_merges` in tokenizer.json (and tiktoken's own
    rule) looks a whole pretoken up first and does. All other text tokens are reached by merging.
    """
    result = audit(asset("tokenizers/llama3.hf"))
    found = result.finding("whole-only")
    assert found is not None
    assert found.count == 588
    assert found.level == "note"
    # tokens 0 to 100,255 are those of cl100k_base; all of the 588 come after
    definition = Tokenizer.load(str(asset("tokenizers/llama3.hf"))).definition
    ids = definition.model.ids[unmerged(definition)]
    assert ids.min() >= 100_256
    first = found.tokens[0]
    assert (first.id, first.text) == (100_769, " việc")
    assert 'merging its spelling ends in " vi" + "ệ" + "c"' in first.why
    assert '"v" + "i"' in first.why or '" v" + "i"' in first.why
    assert result.finding("merges") is None


def test_llama3_without_whole_pretokens_loses_them() -> None:
    definition = Tokenizer.load(str(asset("tokenizers/llama3.hf"))).definition
    assert isinstance(definition.model, Bpe)
    merging = replace(definition, model=replace(definition.model, ignore_merges=False))
    found = audit(Tokenizer.from_definition(merging)).finding("merges")
    assert found is not None
    assert found.level == "finding"
    assert found.count == 588


@pytest.mark.parametrize(
    ("name", "partial", "impossible"), [("gpt2", 331, 13), ("cl100k_base", 760, 13)]
)
def test_every_token_of_the_openai_encodings_is_reached(
    name: str, partial: int, impossible: int
) -> None:
    result = audit(name)
    assert result.clean
    counts = {f.kind: f.count for f in result.findings}
    assert counts["partial-utf8"] == partial
    assert counts["impossible-bytes"] == impossible  # C0, C1, F5 to FF


def test_each_step_is_blamed_for_what_it_prevents() -> None:
    lower = audit(gpt2_with(normalizer=({"type": "Lowercase"},)))
    changed = lower.finding("normalizer-changes")
    assert changed is not None
    assert all(t.text != t.text.lower() for t in changed.tokens)
    single = audit(
        gpt2_with(
            pretokenizer=(
                {"type": "Digits", "individual_digits": True},
                *Tokenizer.load("gpt2").definition.pretokenizer,
            )
        )
    ).finding("pretokenizer-splits")
    assert single is not None
    assert single.count > 1000
    assert all("(digits)" in t.why for t in single.tokens)
    shadowed = audit(
        gpt2_with(
            added=(AddedToken(50256, "<|endoftext|>"), AddedToken(50257, "the", special=False))
        )
    )
    taken = shadowed.finding("shadowed-by-added")
    assert taken is not None
    assert "the" in {t.text for t in taken.tokens}
    spelled = shadowed.finding("added-shadows")
    assert spelled is not None
    assert [t.why for t in spelled.tokens] == ["50257 is taken"]  # wherever it stands


def test_a_cut_character_that_the_normalizer_changes_is_explained() -> None:
    """NFC takes U+F980 and all its neighbours away; only some of them hold the token without it."""
    found = audit("qwen2.5")
    assert found.finding("no-witness") is None
    changed = found.finding("normalizer-changes")
    assert changed is not None
    assert {r"\xef\xa5", r"\xef\xa6"} <= {t.text for t in changed.tokens}


def test_unmergeable_and_duplicate_pieces() -> None:
    definition = Tokenizer.load("gpt2").definition
    model = definition.model
    assert isinstance(model, Bpe)
    plain = replace(model, ignore_merges=False)
    dropped = replace(plain, merges=np.delete(model.merges, 1000, axis=0))
    left, right = model.merges[1000].tolist()
    found = audit(Tokenizer.from_definition(replace(definition, model=dropped))).finding("merges")
    assert found is not None
    gone = (model.pieces[left] + model.pieces[right]).decode()
    assert gone in {t.text for t in found.tokens}
    assert any("no merge makes it" in t.why for t in found.tokens)


def test_usage_and_drift_on_a_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat sat on the mat\n" * 200, "utf-8")
    result = audit("gpt2", on=corpus)
    assert result.usage is not None
    assert result.usage.bytes == 23 * 200
    assert result.usage.used == 7
    assert result.usage.unused == 50256 - 7
    spans = next(d for d in result.drift if d.sampling.startswith("spans"))
    assert spans.valid.value == 0.0
    assert spans.all.of == 2000
    uniform = next(d for d in result.drift if d.sampling == "uniform")
    assert 0.3 < uniform.all.low < uniform.all.value < uniform.all.high < 0.6


def test_embedding_rows(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"vocab_size": 50000}', "utf-8")
    tensors = {
        "model.embed_tokens.weight": np.zeros((50_000, 2), np.float32),
        "lm_head.weight": np.zeros((50_304, 2), np.float32),
    }
    save_file(tensors, tmp_path / "model.safetensors")
    result = audit("gpt2", model=tmp_path)
    assert result.rows is not None
    assert result.rows.config_vocab_size == 50_000
    assert result.rows.matrices == {"model.embed_tokens.weight": 50_000, "lm_head.weight": 50_304}
    found = result.finding("rows")
    assert found is not None
    assert found.count == 1
    assert not result.clean
    with pytest.raises(FormatError, match="expected a folder with"):
        audit("gpt2", model=tmp_path / "absent")


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "gpt2", "--json", "--quiet"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["clean"] is True
    assert shown["tokens"] == 50257
    assert main(["audit", "gpt2"]) == 0
    table = capsys.readouterr().out
    assert "how text is cut" in table
    assert main(["audit", "no-such-tokenizer"]) == 2
    assert "error:" in capsys.readouterr().err
