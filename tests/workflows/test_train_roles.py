"""Special tokens that a trained tokenizer names as the beginning, the end and the filling of texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "english.txt"
    path.write_text(declaration("eng").text)
    return str(path)


@pytest.mark.parametrize("algorithm", ["bpe", "superbpe", "boundlessbpe", "supertokens"])
def test_roles_are_special_tokens_that_the_folder_names(
    corpus: str, tmp_path: Path, algorithm: str
) -> None:
    trained = tw.train(
        [corpus], vocab_size=500, algorithm=algorithm, special=["<pad>"], eos="<end>", pad="<pad>"
    )
    trained.save(tmp_path / "out")
    read = Tokenizer.load(tmp_path / "out")
    assert read.specials == {"<pad>": 0, "<end>": 1}
    assert read.n_tokens == 500
    definition = read.definition
    assert (definition.bos_id, definition.eos_id, definition.pad_id) == (None, 1, 0)
    options = json.loads((tmp_path / "out/manifest.json").read_text())["training"]["options"]
    assert options["eos"] == "<end>"
    assert options["special"] == ["<pad>", "<end>"]


def test_transformers_and_doctor_find_the_roles(corpus: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    out = tmp_path / "out"
    names = ["--bos", "<s>", "--eos", "</s>", "--pad", "</s>"]
    assert main(["train", corpus, "--vocab-size", "290", "-o", str(out), *names, "--quiet"]) == 0
    theirs = AutoTokenizer.from_pretrained(out)
    assert (theirs.bos_token, theirs.eos_token, theirs.pad_token) == ("<s>", "</s>", "</s>")
    assert theirs("sea")["input_ids"] == Tokenizer.load(out).encode_list("sea")
    assert main(["doctor", str(out), "--quiet"]) == 0


def test_a_token_of_the_base_keeps_its_id(corpus: str) -> None:
    base = tw.train([corpus], vocab_size=280, special=["<end>"]).tokenizer
    grown = tw.train([corpus], vocab_size=290, base=base, eos="<end>", pad="<pad>").tokenizer
    assert grown.definition.eos_id == base.specials["<end>"]
    assert grown.definition.pad_id == grown.specials["<pad>"] != grown.definition.eos_id
    assert grown.n_tokens == 290


@pytest.mark.parametrize("name", ["", "<\udcff>"])
@pytest.mark.parametrize("algorithm", ["bpe", "boundlessbpe", "superbpe", "supertokens"])
def test_names_that_are_no_text_are_refused(corpus: str, name: str, algorithm: str) -> None:
    with pytest.raises(OptionError, match="special token"):
        tw.train([corpus], vocab_size=500, algorithm=algorithm, eos=name)
    if algorithm == "bpe":
        with pytest.raises(OptionError, match="special token"):
            tw.train([corpus], vocab_size=500, alphabet="characters", eos=name)
