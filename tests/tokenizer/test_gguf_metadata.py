"""GGUF: the `gguf` package reads what is written, what it writes is read, damage is named."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from tests.tokenizer.damage import damaged

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, OptionError, TokenworksError, UnsupportedError
from tokenworks.tokenizer import gguf_metadata
from tokenworks.tokenizer.gguf_pretokenizers import PRETOKENIZERS
from tokenworks.tokenizer.writers.write import render, write

DATA = Path(__file__).parent.parent / "data"
SMALL = sorted((DATA / "gguf").glob("*.gguf"))
TEXTS = ["", " ", "Hello  world\n", "banana bandana  12345 é 東京 \0😀", "▁ ▁▁a" + " " * 40]


@pytest.mark.parametrize(
    "name",
    [
        "gpt2",
        "mistral-v1",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("o200k_base", "tekken", "qwen2.5")
        ),
    ],
)
def test_the_gguf_package_reads_what_is_written(name: str, tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(name)
    (file,) = write(tokenizer.definition, tmp_path / "x.gguf", "gguf")
    reader = gguf.GGUFReader(str(file))
    fields = reader.fields
    assert not reader.tensors
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert len(tokens) == tokenizer.max_id_plus_one
    types = fields["tokenizer.ggml.token_type"].contents()
    for content, number in tokenizer.specials.items():
        assert tokens[number] == content
        assert types[number] in (gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN)
    for role in ("bos", "eos"):
        number = getattr(tokenizer.definition, f"{role}_id")
        if number is not None:
            assert fields[f"tokenizer.ggml.{role}_token_id"].contents() == number
    again = Tokenizer.load(file)
    for text in TEXTS:
        assert again.encode(text).tolist() == tokenizer.encode(text).tolist()


def test_what_the_gguf_package_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    definition = Tokenizer.load("gpt2").definition
    spelled = gguf_tokens(definition)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(spelled)
    writer.add_token_types([1] * 50256 + [3])
    merges = [
        f"{spelled[left]} {spelled[right]}"
        for left, right in definition.model.merges.tolist()  # type: ignore[union-attr]
    ]
    writer.add_token_merges(merges)
    writer.add_eos_token_id(50256)
    writer.add_tensor("t", np.zeros(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    read = Tokenizer.load(path)
    expected = Tokenizer.load("gpt2")
    assert read.specials == expected.specials
    for text in TEXTS:
        assert read.encode(text).tolist() == expected.encode(text).tolist()


def gguf_tokens(definition: Any) -> list[str]:
    from tokenworks.tokenizer.byte_map import to_characters

    spelled = {
        number: to_characters(piece)
        for piece, number in zip(
            definition.model.pieces, definition.model.ids.tolist(), strict=True
        )
    }
    spelled |= {token.id: token.content for token in definition.added}
    return [spelled[number] for number in range(len(spelled))]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_files_come_out_byte_for_byte(path: Path) -> None:
    assert render(gguf_metadata.read(path), "gguf")[""] == path.read_bytes()


def test_pre_is_named_and_can_be_overridden(tmp_path: Path) -> None:
    definition = Tokenizer.load("kl3m-004-char-4k-cased").definition
    plain = replace(definition, normalizer=())
    split = PRETOKENIZERS["starcoder"]
    plain = replace(
        plain, pretokenizer=split.pretokenizer(), origin=Tokenizer.load("gpt2").definition.origin
    )
    data = render(plain, "gguf")[""]
    assert b"starcoder" in data
    path = tmp_path / "x.gguf"
    path.write_bytes(data.replace(b"starcoder", b"starkoder"))
    with pytest.raises(
        UnsupportedError, match=r"'starkoder' is not known; give pre=NAME.*starcoder"
    ):
        gguf_metadata.read(path)
    assert gguf_metadata.read(path, pre="starcoder").pretokenizer == split.pretokenizer()
    with pytest.raises(OptionError, match="for files of kind 'gpt2'"):
        write(Tokenizer.load("mistral-v1").definition, tmp_path / "m.gguf", "gguf")
        gguf_metadata.read(tmp_path / "m.gguf", pre="gpt-2")


def test_what_has_no_name_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="no pre-tokenizer name"):
        render(Tokenizer.load("cl100k_base").definition, "gguf")


def test_not_a_gguf(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    for data, said in (
        (b"", "not a GGUF file"),
        (b"GGUF", "the version takes 4 bytes"),
        (b"GGUF\x09\0\0\0", "GGUF version 9"),
        (b"GGUF\3\0\0\0" + bytes(8) + b"\xff" * 8, "do not fit"),
        (b"GGUF\3\0\0\0" + bytes(16), "the file has no tokenizer"),
    ):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=said):
            gguf_metadata.read(path)
    with pytest.raises(FormatError, match="is a directory"):
        gguf_metadata.read(tmp_path)
    with pytest.raises(FormatError, match="no such file"):
        gguf_metadata.read(tmp_path / "none.gguf")


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_damaged_files_never_crash(path: Path, tmp_path: Path) -> None:
    good = path.read_bytes()
    chance = random.Random(4)
    refused = 0
    for _ in range(250):
        (tmp_path / "x.gguf").write_bytes(damaged(good, chance, head=2000))
        try:
            gguf_metadata.read(tmp_path / "x.gguf")
        except TokenworksError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 50
