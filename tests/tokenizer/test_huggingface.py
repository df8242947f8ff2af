"""Definitions read from tokenizer.json agree with the tokenizers library, which is the oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tests.assets import asset

from tokenworks.errors import FormatError, TokenworksError, TokenworksWarning, UnsupportedError
from tokenworks.tokenizer import huggingface
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram, WordPiece
from tokenworks.tokenizer.huggingface_steps import STEP_TYPES

FILES = [
    "tokenizers/gpt-2.json",
    "tokenizers/gpt-neox.json",
    "tokenizers/kl3m-001-32k.json",
    "tokenizers/kl3m-004-char-4k-cased.json",
    "tokenizers/kl3m-004-char-8k-cased.json",
    "tokenizers/kl3m-005-multi-word-example-32k.json",
    "tokenizers/qwen2_5.hf/tokenizer.json",
    "tokenizers/llama3.hf/tokenizer.json",
]

PLAIN: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": None,
    "post_processor": None,
    "decoder": None,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]},
}


def added(number: int, content: str) -> dict[str, Any]:
    return {
        "id": number,
        "content": content,
        "special": True,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
    }


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "changed.json"
    path.write_text(json.dumps({**PLAIN, **changes}))
    return path


def spellings(definition: Definition) -> dict[str, int]:
    """The vocabulary as tokenizer.json spells it, added tokens among them."""
    model = definition.model
    result = {}
    for piece, number in zip(model.pieces, model.ids.tolist(), strict=True):
        if isinstance(model, Bpe) and model.byte_level and number not in model.outside_map:
            result[to_characters(piece)] = number
        else:
            result[piece.decode()] = number
    return result | {token.content: token.id for token in definition.added}


@pytest.mark.parametrize("name", FILES)
def test_vocabulary_merges_and_added_tokens_equal_the_library(name: str) -> None:
    path = asset(name)
    definition = huggingface.read(path)
    library = tokenizers.Tokenizer.from_file(str(path))
    assert spellings(definition) == library.get_vocab()
    document = json.loads(library.to_str())
    model = definition.model
    assert isinstance(model, Bpe)
    texts = [
        piece.decode() if not model.byte_level else to_characters(piece) for piece in model.pieces
    ]
    merges = [[texts[left], texts[right]] for left, right in model.merges.tolist()]
    assert merges == document["model"]["merges"]
    assert sorted((token.id, token.content, token.special) for token in definition.added) == [
        (token["id"], token["content"], token["special"]) for token in document["added_tokens"]
    ]
    for section, steps in (
        ("normalizer", definition.normalizer),
        ("pre_tokenizer", definition.pretokenizer),
        ("post_processor", definition.postprocessor),
        ("decoder", definition.decoder),
    ):
        assert list(steps) == flattened(document[section])


def flattened(section: Any) -> list[Any]:
    if section is None:
        return []
    for key in ("normalizers", "pretokenizers", "processors", "decoders"):
        if key in section:
            return [step for member in section[key] for step in flattened(member)]
    return [section]


STEPS = [
    ("pre_tokenizer", {"type": "Metaspace", "replacement": "▁"}),
    (
        "pre_tokenizer",
        {"type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": True},
    ),
    (
        "pre_tokenizer",
        {
            "type": "Metaspace",
            "replacement": "▁",
            "add_prefix_space": True,
            "prepend_scheme": "never",
        },
    ),
    ("pre_tokenizer", {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False}),
    (
        "pre_tokenizer",
        {
            "type": "Metaspace",
            "replacement": "▁",
            "add_prefix_space": False,
            "prepend_scheme": "first",
        },
    ),
    ("pre_tokenizer", {"type": "Metaspace"}),
    ("pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}),
    ("pre_tokenizer", {"type": "ByteLevel"}),
    ("pre_tokenizer", {"type": "Digits"}),
    ("pre_tokenizer", {"type": "Punctuation"}),
    ("pre_tokenizer", {"type": "FixedLength"}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated"}),
    (
        "pre_tokenizer",
        {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed", "invert": True},
    ),
    (
        "pre_tokenizer",
        {"type": "Split", "pattern": {"String": "a"}, "behavior": "Nowhere", "invert": True},
    ),
    ("pre_tokenizer", {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}]}),
    ("pre_tokenizer", {"type": "Whitespac"}),
    ("normalizer", {"type": "BertNormalizer"}),
    ("normalizer", {"type": "Strip", "strip_left": True, "strip_right": False}),
    ("normalizer", {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}),
    ("normalizer", {"type": "Replace", "pattern": "a", "content": "b"}),
    ("normalizer", {"type": "Prepend", "prepend": "▁"}),
    ("decoder", {"type": "BPEDecoder"}),
    ("decoder", {"type": "BPEDecoder", "suffix": "</w>"}),
    ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}),
    ("decoder", {"type": "WordPiece", "prefix": "##"}),
    ("decoder", {"type": "CTC", "pad_token": "a", "word_delimiter_token": "|", "cleanup": True}),
    ("decoder", {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
    ("decoder", {"type": "Strip", "content": " ", "start": 1}),
    ("decoder", {"type": "Metaspace", "replacement": "▁"}),
    (
        "post_processor",
        {
            "type": "RobertaProcessing",
            "sep": ["a", 0],
            "cls": ["b", 1],
            "trim_offsets": True,
            "add_prefix_space": True,
        },
    ),
    ("post_processor", {"type": "BertProcessing", "sep": ["a", 0]}),
]


@pytest.mark.parametrize(("section", "step"), STEPS)
def test_steps_are_filled_in_or_refused_as_the_library_does(
    tmp_path: Path, section: str, step: dict[str, Any]
) -> None:
    path = written(tmp_path, **{section: step})
    try:
        library = json.loads(tokenizers.Tokenizer.from_file(str(path)).to_str())
    except Exception:
        with pytest.raises(FormatError) as caught:
            huggingface.read(path)
        assert "\n" not in str(caught.value)
        return
    definition = huggingface.read(path)
    steps = (
        definition.pretokenizer
        if section == "pre_tokenizer"
        else getattr(definition, section.replace("_", ""))
    )
    assert list(steps) == flattened(library[section])


def test_every_step_type_of_the_library_is_known() -> None:
    for section, module in (
        ("normalizer", tokenizers.normalizers),
        ("pre_tokenizer", tokenizers.pre_tokenizers),
        ("decoder", tokenizers.decoders),
    ):
        base = {"Normalizer", "PreTokenizer", "Decoder", "Sequence", "DecodeStream"}
        public = {name for name, value in vars(module).items() if isinstance(value, type)} - base
        assert public <= STEP_TYPES[section].keys()


def test_added_tokens_get_the_ids_of_the_library_not_those_of_the_file(tmp_path: Path) -> None:
    tokens = [added(9, "<x>"), added(2, "<y>"), added(7, "ab"), added(3, "<x>")]
    path = written(tmp_path, added_tokens=tokens)
    with pytest.warns(TokenworksWarning, match="claim ids"):
        definition = huggingface.read(path)
    library = tokenizers.Tokenizer.from_file(str(path))
    assert {token.content: token.id for token in definition.added} == {
        token.content: number for number, token in library.get_added_tokens_decoder().items()
    }
    assert definition.origin.extra["renumbered"] == {"<x>": (3, 3), "<y>": (2, 4), "ab": (7, 2)} | {
        "<x>": (9, 3)
    }


def test_model_types_without_a_name(tmp_path: Path) -> None:
    piece = {"vocab": [["<unk>", 0.0], ["a", -1.0]], "unk_id": 0}
    unigram = huggingface.read(written(tmp_path, model=piece)).model
    assert isinstance(unigram, Unigram)
    assert unigram.unk_id == 0
    word = {
        "vocab": {"[UNK]": 0, "a": 1},
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
    }
    assert isinstance(huggingface.read(written(tmp_path, model=word)).model, WordPiece)


MODELS: list[tuple[dict[str, Any], type[TokenworksError], str]] = [
    ({"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}, FormatError, "both have the id 0"),
    ({"type": "BPE", "vocab": {"a": 0}}, FormatError, 'no "merges"'),
    ({"type": "BPE", "vocab": {"a": -1}, "merges": []}, FormatError, "is -1"),
    ({"type": "BPE", "vocab": {"a": 1.5}, "merges": []}, FormatError, "1.5"),
    ({"type": "BPE", "vocab": {"a": True}, "merges": []}, FormatError, "True"),
    ({"type": "BPE", "vocab": {}, "merges": []}, FormatError, "model.vocab"),
    ({"type": "BPE", "vocab": {"a": 0}, "merges": ["a c"]}, FormatError, "'c' is not in"),
    ({"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}, FormatError, "to 'ab'"),
    ({"type": "BPE", "vocab": {"a": 0}, "merges": ["a b c"]}, FormatError, 'expected "left right"'),
    ({"type": "BPE", "vocab": {"a": 0}, "merges": [[1, 2]]}, FormatError, r"merges\[0\]"),
    ({"type": "BPE", "vocab": {"a": 0, "": 1}, "merges": [["", "a"]]}, FormatError, "cyclic"),
    (
        {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a", ["a", "a"]]},
        FormatError,
        r"merges\[1\] repeats model.merges\[0\]",
    ),
    ({"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}, UnsupportedError, "dropout"),
    ({"type": "BPE", "vocab": {"a": 0}, "merges": [], "fuse_unk": 1}, FormatError, "fuse_unk"),
    ({"type": "BPEE", "vocab": {"a": 0}, "merges": []}, FormatError, "did you mean 'BPE'"),
    ({"type": "Lattice"}, FormatError, "newer version"),
    ({"type": 7}, FormatError, "model.type"),
    ({"bogus": 1}, FormatError, 'no "type"'),
    ({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, UnsupportedError, "WordLevel"),
    ({"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 9}, FormatError, "unk_id is 9"),
    ({"type": "Unigram", "vocab": [["a", "b"]]}, FormatError, r"vocab\[0\]"),
    ({"type": "Unigram", "vocab": [["a", -1], ["a", -2]]}, FormatError, "repeats the piece 'a'"),
    ({"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "z"}, FormatError, "lacks"),
    ({"type": "BPE", "vocab": {"\ud800": 0}, "merges": []}, FormatError, "lone surrogate"),
]


@pytest.mark.parametrize(("model", "error", "says"), MODELS)
def test_a_damaged_model_is_refused_in_one_line(
    tmp_path: Path, model: dict[str, Any], error: type[TokenworksError], says: str
) -> None:
    path = written(tmp_path, model=model)
    with pytest.raises(error, match=says) as caught:
        huggingface.read(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


DOCUMENTS = [
    ({"version": "2.0"}, "newer version"),
    ({"sections": 1}, "unknown section 'sections'"),
    ({"added_tokens": [{"id": 3, "content": "x"}]}, "single_word"),
    ({"added_tokens": {"a": 1}}, "expected a list"),
    ({"added_tokens": [added(3, "\udfff")]}, "lone surrogate"),
    (
        {"model": {"type": "BPE", "vocab": {"a": 0, "b": 2}, "merges": []}}
        | {"added_tokens": [added(2, "<x>")]},
        "which 'b' already has",
    ),
    (
        {
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "x", "type_id": 0}}],
                "pair": [],
                "special_tokens": {},
            }
        },
        "uses 'x'",
    ),
    ({"pre_tokenizer": []}, 'expected an object with a "type"'),
]


@pytest.mark.parametrize(("changes", "says"), DOCUMENTS)
def test_a_damaged_document_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        huggingface.read(written(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_pieces_outside_the_byte_map_keep_their_text(tmp_path: Path) -> None:
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    model = {"type": "BPE", "vocab": {"Ġ": 0, " ": 1, "é": 2, "日": 3}, "merges": []}
    read = huggingface.read(written(tmp_path, model=model, pre_tokenizer=level)).model
    assert isinstance(read, Bpe)
    assert read.pieces == (b" ", b" ", b"\xe9", "日".encode())
    assert read.outside_map == {1, 3}
