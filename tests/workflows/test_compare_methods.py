"""The methods of the evaluation family inside `compare`: chosen, bounded, and none ends the others."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import FormatError, OptionError, UnknownNameError
from tokenworks.evaluation.renyi import renyi
from tokenworks.evaluation.sample import Sample
from tokenworks.report import compare_html
from tokenworks.tokenizer.definition import Bpe
from tokenworks.workflows.compare import compare
from tokenworks.workflows.compare.even_sample import LONGEST, EvenSample
from tokenworks.workflows.compare.families import nested
from tokenworks.workflows.compare.lexicons import read_gold
from tokenworks.workflows.compare.methods import DEFAULT
from tokenworks.workflows.compare.texts import Corpus, Text, declaration_corpus

CODES = ("eng", "deu_1996", "tur", "hin", "rus")


def corpus() -> Corpus:
    return declaration_corpus([one for one in declarations() if one.code in CODES])


def smaller(tokenizer: Tokenizer, merges: int, name: str) -> Tokenizer:
    """The same tokenizer with its first merges only."""
    model = tokenizer.definition.model
    assert isinstance(model, Bpe)
    kept = np.sort(np.asarray(model.ids))[: len(model.ids) - len(model.merges) + merges]
    chosen = np.isin(model.ids, kept)
    pieces = tuple(piece for piece, one in zip(model.pieces, chosen, strict=True) if one)
    cut = replace(model, ids=model.ids[chosen], pieces=pieces, merges=model.merges[:merges])
    return Tokenizer(replace(tokenizer.definition, model=cut, name=name))


def test_default_methods_give_rows_and_tables() -> None:
    found = compare(["gpt2", "o200k_base"], corpus(), unreachable=False)
    assert [one.name for one in found.methods] == list(DEFAULT)
    assert found.sampled.whole and found.sampled.documents == 30 * len(CODES)
    keys = [(row.tokenizer, row.metric, row.kind, row.group) for row in found.rows]
    assert len(keys) == len(set(keys))
    page = compare_html.render(found)
    for heading in ("Words, and how evenly", "What vocabularies hold", "How numbers are grouped"):
        assert heading in page


def test_rows_are_those_of_the_method_alone() -> None:
    found = compare(["gpt2"], corpus(), unreachable=False, methods=["renyi"])
    samples = [
        Sample(article, "", one.language)
        for one in declarations()
        if one.code in CODES
        for article in one.articles
    ]
    alone = {
        (row.metric, row.kind, row.group): row.value
        for row in renyi([Tokenizer.load("gpt2")], samples)
    }
    own = {(r.metric, r.kind, r.group): r.value for r in found.rows}
    assert alone.items() <= own.items()
    assert [one.name for one in found.methods] == ["renyi"]


def test_none_and_unknown_and_missing_input(tmp_path: Path) -> None:
    assert not compare(["gpt2"], corpus(), unreachable=False, methods=["none"]).methods
    with pytest.raises(UnknownNameError, match="did you mean renyi"):
        compare(["gpt2"], corpus(), methods=["reny"])
    with pytest.raises(OptionError, match="give it alone"):
        compare(["gpt2"], corpus(), methods=["none", "renyi"])
    with pytest.raises(OptionError, match="needs a lexicon"):
        compare(["gpt2"], corpus(), methods=["tr-pure"])
    with pytest.raises(OptionError, match="needs weights"):
        compare(["gpt2"], corpus(), methods=["under-trained"])
    with pytest.raises(FormatError, match=r"cannot read .*nothing\.tsv"):
        compare(["gpt2"], corpus(), lexicons={"Turkish": [tmp_path / "nothing.tsv"]})
    with pytest.raises(OptionError, match="tokenizer of a model"):
        compare(["gpt2"], corpus(), models={"gtp2": tmp_path})


def test_lexicons_bring_morphology(tmp_path: Path) -> None:
    gold = tmp_path / "de.tsv"
    gold.write_text("Freiheiten\tFrei|heit|en\nwürdig\twürd|ig\nMenschen\tMensch|en\n", "utf-8")
    words = tmp_path / "tr.txt"
    words.write_text("insan\nhak\nve\nher\n", "utf-8")
    found = compare(
        ["gpt2", "o200k_base"],
        corpus(),
        unreachable=False,
        lexicons={"German": [gold], "Turkish": [words], "Klingon": [words]},
    )
    metrics = {(row.metric, row.group) for row in found.rows}
    assert {
        ("morphscore", "German"),
        ("valid_words", "Turkish"),
        ("pure_units", "German"),
    } <= metrics
    assert any("'Klingon'" in warning for warning in found.warnings)
    assert "MorphScore" in compare_html.render(found)


def test_files_of_compounds_and_words(tmp_path: Path) -> None:
    dictionary = tmp_path / "a.dict"
    dictionary.write_text("adamkökü [P:Noun; Roots:adam-kök]\nev\n", "utf-8")
    (tmp_path / "b.txt").write_text("okul\n", "utf-8")
    gold = read_gold({"tr": [dictionary, tmp_path / "b.txt"]})["tr"]
    assert [one.parts for one in gold.compounds] == [("adam", "kökü")]
    assert gold.lexicon is not None and {"ev", "okul"} <= gold.lexicon.words
    assert gold.lexicon.turkish and "lar" in gold.lexicon.suffixes


def test_weights_of_a_model(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    tokenizer = Tokenizer.load("kl3m-004-char-4k-cased")
    rows = np.random.default_rng(0).normal(size=(tokenizer.max_id_plus_one + 8, 8))
    rows[-8:] = 0.01
    save_file({"wte.weight": rows.astype(np.float32)}, tmp_path / "model.safetensors")
    found = compare(
        [tokenizer], corpus(), unreachable=False, methods=["under-trained"],
        models={tokenizer.name: tmp_path},
    )  # fmt: skip
    unused = next(row for row in found.rows if row.metric == "unused_rows")
    assert unused.value >= 8
    (tmp_path / "model.safetensors").write_bytes(b"no")
    again = compare([tokenizer], corpus(), unreachable=False, models={tokenizer.name: tmp_path})
    assert any("left out of under-trained" in warning for warning in again.warnings)


def test_a_family_of_sizes_gets_the_law() -> None:
    large = Tokenizer.load("kl3m-004-char-8k-cased")
    family = [smaller(large, size, f"first-{size}") for size in (1000, 2000, 4000)]
    other = Tokenizer.load("gpt2")
    assert nested([family[2], other, family[0], family[1]]) == [2, 3, 0]
    found = compare([*family, other], corpus(), unreachable=False)
    law = [row for row in found.rows if row.metric == "optimal_vocabulary"]
    assert {row.group for row in law} == {
        one.language for one in declarations() if one.code in CODES
    }
    assert max(row.value for row in law) <= max(one.n_tokens for one in family)
    assert "The vocabulary each language would need" in compare_html.render(found)
    assert not any(row.metric == "law_exponent" for row in
                   compare([family[0], other], corpus(), unreachable=False).rows)  # fmt: skip


class NoDigits(Tokenizer):
    """Refuses sums, and nothing else."""

    def encode_batch(self, texts, **options):  # type: ignore[no-untyped-def, override]
        if any("+" in text for text in texts):
            raise RuntimeError("no sums, please")
        return super().encode_batch(texts, **options)


def test_a_method_that_fails_on_one_tokenizer_keeps_the_others() -> None:
    bad = NoDigits(replace(Tokenizer.load("gpt2").definition, name="bad"))
    found = compare([bad, "o200k_base"], corpus(), unreachable=False, methods=["numbers"])
    assert {row.tokenizer for row in found.rows if row.metric == "aligned"} == {"o200k_base"}
    assert any("bad is left out of numbers: RuntimeError" in w for w in found.warnings)


def test_sample_is_even_and_bounded() -> None:
    sample = EvenSample(size=10_000)
    for number in range(5000):
        sample.add("big", Text(f"{number:010d}", "big", ""))
        if number < 20:
            sample.add("small", Text(f"{number:010d}", "small", ""))
    kept = sample.samples(parallel=False)
    assert 5_000 <= sum(len(one.text) for one in kept) <= 10_000 and not sample.whole
    assert sum(one.language == "small" for one in kept) == 20
    big = [int(one.text) for one in kept if one.language == "big"]
    assert len({b - a for a, b in itertools.pairwise(big)}) == 1 and big[-1] > 4900
    together = sample.samples(parallel=True)
    small = {int(one.text) for one in together if one.language == "small"}
    assert small <= set(big)  # the same documents


def test_long_documents_are_shortened_in_the_sample() -> None:
    sample = EvenSample()
    sample.add("a", Text("x" * (LONGEST + 1), "a", ""))
    assert len(sample.samples(parallel=False)[0].text) == LONGEST
    assert not sample.whole


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "tr.txt"
    text.write_text("Bütün insanlar hür doğar.\n" * 9, "utf-8")
    words = tmp_path / "words.txt"
    words.write_text("insan\n", "utf-8")
    arguments = ["compare", "gpt2", "--on", str(text), "--no-unreachable", "--json"]
    arguments += ["--methods", "tr-pure", "numbers", "--lexicon", f"tr.txt={words}"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["methods"]] == ["tr-pure", "numbers"]
    assert main([*arguments, "--lexicon", "tr"]) == 2
    assert "--lexicon 'tr' is not NAME=VALUE" in capsys.readouterr().err
