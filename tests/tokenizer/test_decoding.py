"""Decoding equals the tokenizers library, step by step and on whole tokenizers."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import tiktoken
import tokenizers
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import OptionError, TextError
from tokenworks.tokenizer import huggingface, names, tiktoken_ranks
from tokenworks.tokenizer.known_encodings import ENCODINGS

FILES = [
    "tokenizers/gpt-2.json",
    "tokenizers/gpt-neox.json",
    "tokenizers/kl3m-001-32k.json",
    "tokenizers/kl3m-004-char-4k-cased.json",
    "tokenizers/kl3m-005-multi-word-example-32k.json",
    "tokenizers/qwen2_5.hf/tokenizer.json",
    "tokenizers/llama3.hf/tokenizer.json",
]


@pytest.mark.parametrize("name", FILES)
def test_random_ids_decode_as_the_library_does(name: str) -> None:
    path = asset(name)
    ours = Tokenizer(huggingface.read(path))
    library = tokenizers.Tokenizer.from_file(str(path))
    draw = random.Random(7)
    ids = sorted(library.get_vocab().values())
    for _ in range(400):
        chosen = draw.choices(ids, k=draw.randrange(12))
        for skip in (False, True):
            assert ours.decode(chosen, skip_special=skip) == library.decode(
                chosen, skip_special_tokens=skip
            )
    every = [ours.decode([number]) for number in ids]
    assert every == [library.decode([number], skip_special_tokens=False) for number in ids]


VOCABULARY = [
    *("▁", "▁a", "a", "▁▁", "b", "##c", "##.", ".", "?", "'", "'s", "n't", "do", "not", "d</w>"),
    *("e</w>", "</w>", "<pad>", "|", "f", "<0xE4>", "<0xBD>", "<0xA0>", "<0x41>", "<0xFF>"),
    *("<0x4g>", "<0X41>", "<0x+4>", "▁'m", "<unk>", "x▁y", "▁.", "do not", " ' "),
]
DECODERS: list[Any] = [
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True},
    {"type": "WordPiece", "prefix": "##", "cleanup": True},
    {"type": "WordPiece", "prefix": "##", "cleanup": False},
    {"type": "BPEDecoder", "suffix": "</w>"},
    {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
    {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": False},
    {"type": "ByteFallback"},
    {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    {"type": "Replace", "pattern": {"Regex": "[ab]"}, "content": "$0\\1"},
    {"type": "Strip", "content": "▁", "start": 2, "stop": 0},
    {"type": "Strip", "content": "a", "start": 0, "stop": 1},
    {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
    None,
]


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_decoder_step(tmp_path: Path, decoder: Any) -> None:
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(VOCABULARY))}
    document = {
        "version": "1.0",
        "decoder": decoder,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }
    path = tmp_path / "small.json"
    path.write_text(json.dumps(document))
    ours = Tokenizer(huggingface.read(path))
    library = tokenizers.Tokenizer.from_file(str(path))
    draw = random.Random(3)
    for _ in range(2000):
        chosen = draw.choices(range(len(vocabulary)), k=draw.randrange(7))
        assert ours.decode(chosen) == library.decode(chosen), chosen


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_tiktoken_decodes_to_the_same_text_and_bytes(name: str) -> None:
    definition = tiktoken_ranks.read(asset(f"tokenizers/{name}.tiktoken"))
    ours = Tokenizer(definition)
    library = tiktoken.Encoding(
        name,
        pat_str=ENCODINGS[name].pattern,
        mergeable_ranks=dict(
            zip(definition.model.pieces, definition.model.ids.tolist(), strict=True)
        ),
        special_tokens=dict(ENCODINGS[name].specials),
    )
    draw = random.Random(5)
    ids = sorted({*definition.model.ids.tolist(), *ENCODINGS[name].specials.values()})
    assert ours.n_tokens == len(ids)
    assert ours.max_id_plus_one == library.n_vocab
    for _ in range(400):
        chosen = draw.choices(ids, k=draw.randrange(12))
        assert ours.decode(chosen) == library.decode(chosen)
        assert ours.decode_bytes(chosen) == library.decode_bytes(chosen)
    for number in ids:
        assert ours.token_bytes(number) == library.decode_single_token_bytes(number)


WHOLE = [
    "tokenizers/gpt-2.json",
    "tokenizers/qwen2_5.hf/tokenizer.json",
    "tokenizers/llama3.hf/tokenizer.json",
    "tokenizers/o200k_base.tiktoken",
    "tokenizers/cl100k_base.tiktoken",
    "tokenizers/tekken-240718.json",
    "tokenizers/mistral-v1.model",
    "tokenizers/llama2.model",
]


@pytest.mark.parametrize("name", WHOLE)
def test_there_is_a_token_for_each_of_the_256_bytes(name: str) -> None:
    ours = Tokenizer(names.read_path(asset(name)))
    for byte in range(256):
        number = ours.id_of(bytes((byte,)))
        assert number is not None
        assert ours.token_bytes(number) == bytes((byte,))


def test_strict_decoding_names_the_byte() -> None:
    tokenizer = Tokenizer.load("gpt2")
    half = tokenizer.id_of(b"\xe4")
    assert half is not None
    assert tokenizer.decode([half]) == "\ufffd"
    assert tokenizer.decode([half], errors="ignore") == ""
    with pytest.raises(TextError, match="0xE4 at 0"):
        tokenizer.decode([half], errors="strict")
    with pytest.raises(OptionError, match="errors is 'loose'"):
        tokenizer.decode([half], errors="loose")  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [50257, -1, 2**40, "a", None])
def test_an_id_without_a_token_is_refused(number: Any) -> None:
    tokenizer = Tokenizer.load("gpt2")
    for function in (tokenizer.decode, tokenizer.decode_bytes, tokenizer.stream().put):
        with pytest.raises(OptionError, match="no token has the id"):
            function([number])
    with pytest.raises(OptionError, match="no token has the id"):
        tokenizer.token_bytes(number)


COMPOUND = "tokenizers/compoundpiece_spm_subset/tokenizers"


@pytest.mark.parametrize(
    "name",
    [
        "tokenizers/mistral-v1.model",
        "tokenizers/llama2.model",
        f"{COMPOUND}/baseline/monolingual/de.model",
        f"{COMPOUND}/compoundpiece/monolingual/hi.model",
    ],
)
def test_sentencepiece_decodes_to_the_same_text(name: str) -> None:
    path = asset(name)
    ours = Tokenizer.load(path)
    library = sentencepiece.SentencePieceProcessor(model_file=str(path))
    draw = random.Random(1)
    size = library.vocab_size()
    spaced = [n for n in range(size) if "▁" in library.id_to_piece(n)][:500]
    for _ in range(2000):
        chosen = [
            draw.choice([*range(300), *spaced]) if draw.random() < 0.7 else draw.randrange(size)
            for _ in range(draw.randrange(9))
        ]
        assert ours.decode(chosen) == library.decode(chosen), chosen
