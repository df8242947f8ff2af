"""A stream gives whole characters as early as they are certain, and in the end the decoded text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.tokenizer import huggingface

STEPS = {
    "fallback": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
    "metaspace": [
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    ],
    "wordpiece": [{"type": "WordPiece", "prefix": "##", "cleanup": True}],
    "suffix": [{"type": "BPEDecoder", "suffix": "</w>"}],
    "ctc": [{"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}],
}
TOKENS = ["▁", "▁a", "a", "##b", "b</w>", "c</w>", ".", "'s", "▁▁", "<pad>", "|", "你", "�"]


def small(folder: Path, decoder: str) -> Tokenizer:
    tokens = [*TOKENS, *(f"<0x{byte:02X}>" for byte in range(256))]
    document = {
        "version": "1.0",
        "decoder": {"type": "Sequence", "decoders": STEPS[decoder]},
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [],
        },
    }
    path = folder / "small.json"
    path.write_text(json.dumps(document))
    return Tokenizer(huggingface.read(path))


@pytest.mark.parametrize("decoder", STEPS)
def test_a_stream_adds_up_to_the_decoded_text(tmp_path: Path, decoder: str) -> None:
    tokenizer = small(tmp_path, decoder)
    draw = random.Random(11)
    first_byte = len(TOKENS)
    for _ in range(500):
        ids: list[int] = []
        for _ in range(draw.randrange(12)):
            if decoder == "fallback" and draw.random() < 0.4:
                character = draw.choice("é你😀a")
                ids += [first_byte + byte for byte in character.encode()]
            else:
                ids.append(draw.randrange(first_byte))
        stream = tokenizer.stream()
        parts = [stream.put(number) for number in ids]
        assert "".join(parts) + stream.finish() == tokenizer.decode(ids), ids


def test_half_characters_wait(tmp_path: Path) -> None:
    tokenizer = small(tmp_path, "fallback")
    stream = tokenizer.stream()
    first_byte = len(TOKENS)
    ids = [first_byte + byte for byte in "é😀".encode()]
    assert [stream.put(number) for number in ids] == ["", "é", "", "", "", "😀"]
    assert stream.put(ids[0]) == ""
    assert stream.finish() == "\ufffd"


def test_byte_level_streams_over_every_cut() -> None:
    tokenizer = Tokenizer.load("gpt2")
    text = "né 你好 😀\n"
    ids = [tokenizer.id_of(bytes((byte,))) for byte in text.encode()]
    stream = tokenizer.stream()
    parts = [stream.put(number) for number in ids if number is not None]
    assert "".join(parts) == text
    assert all("\ufffd" not in part for part in parts)
    assert [part for part in parts if part] == list(text)


def test_long_runs_of_damaged_bytes_take_linear_time(tmp_path: Path) -> None:
    tokenizer = small(tmp_path, "fallback")
    broken = len(TOKENS) + 0xE4
    stream = tokenizer.stream()
    text = "".join(stream.put(broken) for _ in range(20_000)) + stream.finish()
    assert set(text) == {"\ufffd"}


def test_real_tokenizers_stream_what_they_decode() -> None:
    tokenizer = Tokenizer(
        huggingface.read(asset("tokenizers/kl3m-005-multi-word-example-32k.json"))
    )
    draw = random.Random(2)
    for _ in range(50):
        ids = [draw.randrange(4000) for _ in range(20)]
        stream = tokenizer.stream()
        assert "".join(stream.put(number) for number in ids) + stream.finish() == tokenizer.decode(
            ids
        )
