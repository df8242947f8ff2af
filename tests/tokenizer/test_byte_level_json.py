"""The native text of a byte-level tokenizer.json is that of the general writer, byte for byte."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition
from tokenworks.tokenizer.json_layout import json_text
from tokenworks.tokenizer.writers import byte_level_json, huggingface
from tokenworks.training.bpe import bpe
from tokenworks.training.source import TextSource

TEXTS = ['a "quoted" \\ back\tslash, naïve 界界 🙂🙂 ' * 20]


def trained(**options: object) -> Definition:
    return bpe(TextSource.of_texts(TEXTS), 280, **options).definition  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"special": ("<|end|>",), "reserved": 3}])
def test_equal_to_the_general_writer(options: dict[str, object]) -> None:
    definition = trained(**options)
    model = definition.model
    assert isinstance(model, Bpe)
    assert byte_level_json.is_plain(model, definition.added)
    general = json_text(huggingface.document(definition)).encode()
    assert huggingface.render(definition)["tokenizer.json"] == general
    assert json.loads(general)["model"]["vocab"]['"'] >= 0


def test_exceptions_go_to_the_general_writer() -> None:
    definition = trained(special=("é",))  # spelled otherwise as a piece than as an added token
    model = definition.model
    assert isinstance(model, Bpe)
    assert not byte_level_json.is_plain(model, definition.added)
    assert not byte_level_json.is_plain(replace(model, unk_id=3), ())
    assert not byte_level_json.is_plain(replace(model, ids=model.ids[::-1]), ())
    assert not byte_level_json.is_plain(model, (AddedToken(len(model.pieces), "<|new|>"),))
    files = huggingface.render(definition)
    assert files["tokenizer.json"] == json_text(huggingface.document(definition)).encode()


def test_arrays_that_do_not_fit_together() -> None:
    tokenizer = Tokenizer(trained())
    model = tokenizer.definition.model
    assert isinstance(model, Bpe)
    spacing = {"item": ",", "colon": ":", "opening": "", "inner": ",", "closing": ""}
    with pytest.raises(ValueError, match="offsets run out"):
        _native.byte_level_items(b"ab", _offsets(0, 3), model.merges[:0], **spacing)
    with pytest.raises(ValueError, match="names a piece"):
        _native.byte_level_items(b"ab", _offsets(0, 1, 2), model.merges[-1:], **spacing)


def _offsets(*values: int) -> NDArray[np.uint64]:
    return np.array(values, dtype=np.uint64)
