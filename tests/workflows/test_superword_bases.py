"""`extend` and `prune` on a tokenizer that joins words to superwords in a second phase."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workflows.bases import text_in

import tokenworks
from tokenworks.cli import main
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe
from tokenworks.tokenizer.prune_plan import parts
from tokenworks.workflows.extend import ExtendResult, extend
from tokenworks.workflows.extension_proof import expanded, expansion
from tokenworks.workflows.prune import PruneResult, prune

# the declaration in English, again and again in other words, so that words stand side by side often
ENGLISH, GERMAN = text_in(("en",)), text_in(("de",))
TEXTS = st.one_of(
    st.text(max_size=40),
    st.tuples(st.sampled_from((ENGLISH, GERMAN)), st.integers(0, 9000), st.integers(0, 200)).map(
        lambda cut: cut[0][cut[1] : cut[1] + cut[2]]
    ),
)


@cache
def base(algorithm: str = "superbpe") -> Tokenizer:
    return _trained(ENGLISH, algorithm)


def _trained(text: str, algorithm: str) -> Tokenizer:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        path.write_text(text, encoding="utf-8")
        return tokenworks.train(path, vocab_size=900, algorithm=algorithm).tokenizer


@cache
def grown(folder: Path) -> ExtendResult:
    path = folder / "german.txt"
    path.write_text(GERMAN, encoding="utf-8")
    return extend(base(), path, 120, special=("<|added|>",))


@cache
def smaller(folder: Path) -> PruneResult:
    path = folder / "english.txt"
    path.write_text(ENGLISH[: len(ENGLISH) // 2], encoding="utf-8")
    return prune(base(), path, 600)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("superwords")


def test_new_tokens_are_words_that_texts_are_encoded_with(folder: Path) -> None:
    new = grown(folder).tokenizer
    first = base().max_id_plus_one
    used = np.unique(new.encode(GERMAN))
    assert (used >= first).sum() > 100
    assert len(new.encode(GERMAN)) < 0.8 * len(base().encode(GERMAN))
    before, after = base().definition.two_phase, new.definition.two_phase
    assert before is not None and after is not None and after.single_pass is not None
    assert after.word_merges == before.word_merges + 120


@given(text=TEXTS)
def test_new_tokens_written_as_old_ones_give_the_old_encoding(text: str, folder: Path) -> None:
    new = grown(folder).tokenizer
    after = new.encode(text, specials="text")
    assert expanded(after, expansion(base(), new)).tolist() == base().encode(text).tolist()


@given(text=TEXTS)
def test_a_text_without_a_dropped_token_is_encoded_the_same(text: str, folder: Path) -> None:
    result = smaller(folder)
    expected = result.id_map[base().encode(text)]
    after = result.tokenizer.encode(text)
    if not (expected < 0).any():
        assert after.tolist() == expected.tolist()
    assert result.tokenizer.decode(after) == text


def test_what_stays_holds_the_parts_of_each_superword(folder: Path) -> None:
    old, result = base(), smaller(folder)
    model, phases = old.definition.model, old.definition.two_phase
    assert isinstance(model, Bpe) and phases is not None and result.tokenizer.n_tokens == 600
    tree = parts(old.definition)
    kept = result.id_map[model.ids] >= 0
    superwords = [model.pieces.index(a + b) for a, b in _spelled(model, phases.word_merges)]
    assert superwords and (tree[superwords] >= 0).all()
    built = kept & (tree[:, 0] >= 0)
    assert kept[tree[built]].all()
    assert kept[superwords].any() and not kept[superwords].all()


def _spelled(model: Bpe, first: int) -> list[tuple[bytes, bytes]]:
    return [(model.pieces[left], model.pieces[right]) for left, right in model.merges[first:]]


@pytest.mark.parametrize("algorithm", ["superbpe", "boundlessbpe"])
def test_command_line_writes_folders_that_say_both_phases(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = base(algorithm).save(tmp_path / "base", format="huggingface") or tmp_path / "base"
    for name, text in (("a", ENGLISH), ("b", GERMAN)):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    both = ["--on", str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    for verb in (["extend", "--add", "50"], ["prune", "--size", "500"]):
        out = tmp_path / verb[0]
        assert main([verb[0], str(start), *both, *verb[1:], "-o", str(out)]) == 0
        said = json.loads((out / "tokenworks.json").read_text(encoding="utf-8"))["two_phase"]
        assert said["single_pass"]["documents"] > 0
        again = Tokenizer.load(out)
        assert again.decode(again.encode(GERMAN)) == GERMAN
    capsys.readouterr()
