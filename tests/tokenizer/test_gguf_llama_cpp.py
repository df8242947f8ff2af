"""Ids as llama.cpp has them: its own test vectors, and the library itself where it is installed.

llama-cpp-python is no test dependency: it has no wheels and takes long to build. Where it is installed,
what we write is opened by it; `benchmarks/gguf_in_llama_cpp.py` does that for every tokenizer.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.text.hostile import hostile_texts
from tokenworks.tokenizer.gguf_pretokenizers import PRETOKENIZERS
from tokenworks.tokenizer.pattern_split import compiled
from tokenworks.tokenizer.writers.write import write

VECTORS = Path(__file__).parent.parent / "data" / "llama_cpp"
WRITTEN = {  # the vocabulary of each list of vectors, read from another format
    "gpt-2": lambda: "gpt2",
    "qwen2": lambda: "qwen2.5",
    "llama-bpe": lambda: asset("tokenizers/llama3.hf"),
    "llama-spm": lambda: asset("tokenizers/llama2.model"),
}


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bert") / "bert-bge.gguf"
    path.write_bytes(lzma.decompress((VECTORS / "bert-bge.gguf.xz").read_bytes()))
    return path


def vectors(name: str) -> Iterator[tuple[str, list[int]]]:
    texts = (VECTORS / "texts.txt").read_text("utf-8").split("\n__ggml_vocab_test__\n")
    lines = (VECTORS / f"{name}.txt").read_text("utf-8").splitlines()
    for text, line in zip(texts[:-1], lines, strict=True):  # nothing stands behind the last line
        yield text, [int(number) for number in line.split()]


@pytest.mark.parametrize("name", WRITTEN)
def test_vectors_through_a_file_that_we_write(name: str, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(WRITTEN[name]())
    (file,) = write(tokenizer.definition, tmp_path / "x.gguf", "gguf")
    read = Tokenizer.load(file)
    for text, ids in vectors(name):
        assert tokenizer.encode(text, specials="text").tolist() == ids
        assert read.encode(text, specials="text").tolist() == ids


def test_vectors_of_wordpiece(bert: Path) -> None:
    read = Tokenizer.load(bert)
    for text, ids in vectors("bert-bge"):
        assert read.encode(text, specials="text").tolist() == ids
    assert read.encode("Hello world", add_special=True).tolist() == [101, 7592, 2088, 102]
    assert read.decode([7592, 1010, 2088, 999]) == "hello, world!"


def test_wordpiece_comes_out_byte_for_byte(bert: Path, tmp_path: Path) -> None:
    (file,) = write(Tokenizer.load(bert).definition, tmp_path / "x.gguf", "gguf")
    assert file.read_bytes() == bert.read_bytes()


def test_wordpiece_of_the_tokenizers_library_through_gguf(bert: Path, tmp_path: Path) -> None:
    model = Tokenizer.load(bert).definition.model
    vocabulary = {piece.decode(): number for number, piece in enumerate(model.pieces)}
    library = tokenizers.BertWordPieceTokenizer(vocabulary)
    library.save(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer.load(tmp_path / "tokenizer.json")
    (file,) = write(ours.definition, tmp_path / "x.gguf", "gguf")
    for text in ("", "Héllo, [MASK] wörld! 東京 [UNK]", "unaffable" * 9):
        expected = library.encode(text).ids
        for tokenizer in (ours, Tokenizer.load(file)):
            ids = tokenizer.encode(text, add_special=True, specials="allow")
            assert ids.tolist() == expected


def test_wordpiece_equals_the_tokenizers_library(bert: Path) -> None:
    ours = Tokenizer.load(bert)
    vocabulary = {ours.definition.model.pieces[i].decode(): i for i in range(30522)}
    library = tokenizers.BertWordPieceTokenizer(vocabulary)

    def check(text: str) -> None:
        expected = library.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, specials="allow").tolist() == expected, text

    for sample in hostile_texts(seed=1, budget=40_000, specials=list(ours.specials)):
        check(sample.text.encode("utf-8", "replace").decode())

    @settings(max_examples=100)
    @given(st.text(max_size=40))
    def any_text(text: str) -> None:
        check(text.encode("utf-8", "replace").decode())

    any_text()


@pytest.mark.parametrize("name", PRETOKENIZERS)
def test_every_pretokenizer_compiles(name: str) -> None:
    for pattern in PRETOKENIZERS[name].patterns:
        assert compiled(pattern)


@pytest.mark.parametrize("name", ["gpt2", "mistral-v1", "llama3"])
def test_the_library_itself_opens_what_we_write(name: str, tmp_path: Path) -> None:
    library: Any = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    tokenizer = Tokenizer.load(asset("tokenizers/llama3.hf") if name == "llama3" else name)
    (file,) = write(tokenizer.definition, tmp_path / "x.gguf", "gguf")
    opened = library.Llama(str(file), vocab_only=True, verbose=False)
    assert opened.n_vocab() == tokenizer.max_id_plus_one
    for sample in hostile_texts(seed=2, budget=100_000, specials=list(tokenizer.specials)):
        text = sample.text.encode("utf-8", "replace").decode().replace("\0", "")
        expected = tokenizer.encode(text, specials="text").tolist()
        assert opened.tokenize(text.encode(), add_bos=False, special=False) == expected, text
